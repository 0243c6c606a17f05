package import Core
package import Reactor

/// A request to be sent. Host and framing fields are the client's business and ignored among `headers`.
///
/// A value in a box that its copies share until one of them is changed: it goes through many hands, and each would count
/// a reference for every part of it.
package struct HTTPClientRequest: Sendable {
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Forwarded piece by piece; chunked unless its length is known.
        case stream(HTTPBody)
    }

    private struct Content {
        var method: HTTPMethod
        var target: ArraySlice<UInt8>
        var authority: ArraySlice<UInt8>?
        var headers: HTTPHeaders
        var added = HTTPHeaders()
        var body: Body
        var upgrade: String?
        var timeoutField: HTTPFieldName?
    }

    /// Sendable: changed only by who holds the one reference to it.
    private final class Box: @unchecked Sendable {
        var content: Content
        init(_ content: Content) { self.content = content }
    }

    private var box: Box

    /// For changing: a copy when others hold the box too.
    private var own: Box {
        mutating get {
            if !isKnownUniquelyReferenced(&box) { box = Box(box.content) }
            return box
        }
    }

    package var method: HTTPMethod {
        get { box.content.method }
        set { own.content.method = newValue }
    }
    /// Origin form: `/path?query`.
    package var target: ArraySlice<UInt8> {
        _read { yield box.content.target }
        set { own.content.target = newValue }
    }
    /// What goes into Host; the endpoint's own authority when nil.
    package var authority: ArraySlice<UInt8>? {
        _read { yield box.content.authority }
        set { own.content.authority = newValue }
    }
    package var headers: HTTPHeaders {
        _read { yield box.content.headers }
        _modify { yield &own.content.headers }
    }
    /// Sent behind `headers`: what a proxy adds to the fields of its client, which then need no copy.
    package var added: HTTPHeaders {
        _read { yield box.content.added }
        _modify { yield &own.content.added }
    }
    package var body: Body {
        get { box.content.body }
        set { own.content.body = newValue }
    }
    /// The protocol this connection shall be handed over to, `websocket` for example.
    package var upgrade: String? {
        get { box.content.upgrade }
        set { own.content.upgrade = newValue }
    }
    /// Under this name the peer is told how many milliseconds it has.
    package var timeoutField: HTTPFieldName? {
        get { box.content.timeoutField }
        set { own.content.timeoutField = newValue }
    }

    package init(
        _ method: HTTPMethod, _ target: String, host: String? = nil, headers: HTTPHeaders = HTTPHeaders(),
        body: Body = .none
    ) {
        box = Box(
            Content(
                method: method, target: Array(target.utf8)[...], authority: host.map { Array($0.utf8)[...] },
                headers: headers, body: body))
    }

    /// As a server received it, on to another one: same method, target and host. `headers` and `added` are its fields.
    package init(forwarding head: HTTPRequestHead, headers: HTTPHeaders, adding added: HTTPHeaders) {
        box = Box(
            Content(
                method: head.method, target: head.targetBytes, authority: head.hostBytes, headers: headers,
                added: added, body: .none))
    }
}

package struct HTTPClientResponse: Sendable {
    package let head: HTTPResponseHead
    /// Read it to its end, or the connection cannot serve another request. Whoever sent a streamed body and leaves
    /// before the end of this one calls `body.abandon()`.
    package let body: HTTPBody
    /// After a 101 that was asked for: the connection, which is the caller's to close.
    package let upgraded: (any ByteStream)?

    package var status: HTTPStatus { head.status }
}

/// An exchange without an answer, and whether the server may have noticed it.
package struct HTTPAttemptFailure: Error, Sendable, Equatable {
    package let failure: HTTPFailure
    /// False: not one byte of the request left, so sending it elsewhere repeats nothing.
    package let hasSentAny: Bool

    package init(_ failure: HTTPFailure, hasSentAny: Bool) {
        self.failure = failure
        self.hasSentAny = hasSentAny
    }
}

/// A client with keep-alive pools, one per endpoint and reactor, in HTTP/1.1 and where configured in HTTP/2.
///
/// A request is sent a second time only when the first certainly had no effect: nothing of it was sent, the peer refused
/// its stream (RFC 9113 §8.7), or it is idempotent, has no streamed body, and a kept connection ended before a single
/// byte of the answer (RFC 9110 §9.2.2).
package final class HTTPClient: Sendable {
    private let group: ReactorGroup
    private let workers: [HTTPClientWorker]

    package init(_ configuration: HTTPClientConfiguration = HTTPClientConfiguration(), group: ReactorGroup) {
        self.group = group
        workers = group.reactors.map {
            HTTPClientWorker(configuration, on: $0, reactors: group.reactors.count)
        }
    }

    /// Returns once the response's head is there, at the latest at the deadline; the body has the client's stall timeout.
    package func send(
        _ request: HTTPClientRequest, to endpoint: HTTPEndpoint, deadline: Deadline
    ) async throws(HTTPFailure) -> HTTPClientResponse {
        do throws(HTTPAttemptFailure) {
            return try await attempt(request, to: endpoint, deadline: deadline)
        } catch {
            throw error.failure
        }
    }

    /// `send` for who may try elsewhere after a failure.
    package func attempt(
        _ request: HTTPClientRequest, to endpoint: HTTPEndpoint, deadline: Deadline
    ) async throws(HTTPAttemptFailure) -> HTTPClientResponse {
        let worker = worker()
        guard worker.reactor.isCurrent else { return try await attempt(request, to: endpoint, deadline, by: worker) }
        return try await worker.send(request, to: endpoint, deadline: deadline)
    }

    /// On another thread's reactor.
    @inline(never)
    private func attempt(
        _ request: HTTPClientRequest, to endpoint: HTTPEndpoint, _ deadline: Deadline, by worker: HTTPClientWorker
    ) async throws(HTTPAttemptFailure) -> HTTPClientResponse {
        try await worker.reactor.perform { () async throws(HTTPAttemptFailure) in
            try await worker.send(request, to: endpoint, deadline: deadline)
        }
    }

    /// Ends every unused connection; those in use end with their exchange.
    package func stop() async {
        for worker in workers { await worker.reactor.perform { worker.stop() } }
    }

    /// The caller's own reactor where it is one of ours: then nothing crosses threads.
    private func worker() -> HTTPClientWorker {
        if let current = Reactor.current, let own = workers.first(where: { $0.reactor === current }) { return own }
        let next = group.next()
        return workers.first { $0.reactor === next } ?? workers[0]
    }
}
