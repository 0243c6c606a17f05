package import Reactor

/// How a handler answers one request. Valid until the handler returns; used later it throws `misused`.
///
/// Either `respond` once, or `start`, any number of `write`, and `finish`. A `start` is held back until there is something
/// to send with it, unless `flush` is called.
package struct HTTPResponseWriter: Sendable {
    /// An enum of two and no existential: a call costs a look at which it is.
    private enum Exchange {
        case version1(HTTPServerConnection)
        case version2(HTTP2ServerStream)
    }

    private let target: Exchange
    private let exchange: UInt64

    init(_ connection: HTTPServerConnection, exchange: UInt64) {
        target = .version1(connection)
        self.exchange = exchange
    }

    init(_ stream: HTTP2ServerStream) {
        target = .version2(stream)
        exchange = 0
    }

    /// The status sent or about to be sent; nil before there is one.
    package var status: HTTPStatus? {
        switch target {
        case .version1(let connection): connection.responseStatus(of: exchange)
        case .version2(let stream): stream.status
        }
    }
    package var hasStarted: Bool { status != nil }
    /// Bytes of content handed over so far.
    package var bytesWritten: Int {
        switch target {
        case .version1(let connection): connection.responseBytes(of: exchange)
        case .version2(let stream): stream.contentBytes
        }
    }

    /// Part of the caller's frame, because nearly every response leaves at once: what is left of the others is waited for
    /// in `finish(_:)`. `added` is sent behind `headers`: what a proxy adds to the fields of its upstream, which then need
    /// no copy.
    @inlinable @inline(__always)
    package func respond(
        _ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), adding added: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = []
    ) async throws(HTTPFailure) {
        if let rest = try tryRespond(status, headers, added, body) { try await finish(rest) }
    }

    @usableFromInline
    func tryRespond(
        _ status: HTTPStatus, _ headers: HTTPHeaders, _ added: HTTPHeaders, _ body: [UInt8]
    ) throws(HTTPFailure) -> HTTPUnsentResponse? {
        switch target {
        case .version1(let connection):
            return try connection.respond(exchange, status, headers, added, body)
        case .version2(let stream):
            try stream.respond(status, headers, added, body)
            return stream.hasRoom ? nil : HTTPUnsentResponse(head: [], body: [], sent: 0)
        }
    }

    @usableFromInline
    func finish(_ rest: HTTPUnsentResponse) async throws(HTTPFailure) {
        switch target {
        case .version1(let connection): try await connection.finish(rest)
        case .version2(let stream): try await stream.settle()
        }
    }

    package func respond(
        _ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), text: String
    ) async throws(HTTPFailure) {
        var headers = headers
        if !headers.contains("content-type") { headers.add("Content-Type", "text/plain; charset=utf-8") }
        try await respond(status, headers: headers, body: Array(text.utf8))
    }

    @inlinable @inline(__always)
    package func respond(_ response: HTTPStaticResponse) async throws(HTTPFailure) {
        if let rest = try tryRespond(response) { try await finish(rest) }
    }

    @usableFromInline
    func tryRespond(_ response: HTTPStaticResponse) throws(HTTPFailure) -> HTTPUnsentResponse? {
        switch target {
        case .version1(let connection): try connection.respond(exchange, response)
        case .version2: try tryRespond(response.status, response.headers, HTTPHeaders(), response.body)
        }
    }

    package func respond(_ problem: Problem, headers: HTTPHeaders = HTTPHeaders()) async throws(HTTPFailure) {
        var headers = headers
        headers.set("Content-Type", Problem.contentType)
        if let seconds = problem.retryAfterSeconds { headers.set("Retry-After", "\(seconds)") }
        try await respond(problem.status, headers: headers, body: problem.json)
    }

    /// Announces a body to be written: of `length` bytes when that is known, else in chunks.
    package func start(
        _ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), adding added: HTTPHeaders = HTTPHeaders(),
        length: Int? = nil
    ) throws(HTTPFailure) {
        switch target {
        case .version1(let connection): try connection.start(exchange, status, headers, added, length)
        case .version2(let stream): try stream.start(status, headers, added, length)
        }
    }

    package func write(_ piece: consuming [UInt8]) async throws(HTTPFailure) {
        switch target {
        case .version1(let connection): try await connection.write(exchange, piece)
        case .version2(let stream): try await stream.write(piece)
        }
    }

    /// Sends what is held back.
    package func flush() async throws(HTTPFailure) {
        switch target {
        case .version1(let connection): try await connection.flush(exchange)
        case .version2(let stream): stream.flush()
        }
    }

    package func finish() async throws(HTTPFailure) {
        switch target {
        case .version1(let connection): try await connection.finish(exchange)
        case .version2(let stream): try await stream.finish()
        }
    }

    /// Answers 101 (in HTTP/2: 200 to an extended CONNECT) and hands the connection over, with what the client already
    /// sent. The handler owns it until it returns; then it is closed.
    package func upgrade(to name: String, headers: HTTPHeaders = HTTPHeaders()) async throws(HTTPFailure)
        -> any ByteStream
    {
        switch target {
        case .version1(let connection): try await connection.upgrade(exchange, name, headers)
        case .version2(let stream): try stream.upgrade(name, headers)
        }
    }
}
