import Core
import HTTP
import Reactor
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct HTTPClientTests {
    private func client(
        _ fixture: ServerFixture, _ adjust: (inout HTTPClientConfiguration) -> Void = { _ in }
    ) -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        adjust(&configuration)
        return HTTPClient(configuration, group: fixture.group)
    }

    private static func text(_ response: HTTPClientResponse) async throws -> String {
        String(decoding: try await response.body.collect(upTo: 1 << 20), as: UTF8.self)
    }

    @Test func `A connection whose response was read to its end serves the next request`() async throws {
        let fixture = try await ServerFixture { request, response in
            try await response.respond(.ok, text: "\(request.peer.port ?? 0) \(request.head.host ?? "")")
        }
        let client = client(fixture)
        var answers: Set<String> = []
        for _ in 0..<5 {
            let response = try await client.send(
                HTTPClientRequest(.get, "/"), to: HTTPEndpoint(fixture.address), deadline: .after(.seconds(5)))
            answers.insert(try await Self.text(response))
        }
        #expect(answers.count == 1)
        #expect(answers.first?.hasSuffix(" \(fixture.address)") == true)
    }

    @Test(arguments: [0, 1, 100, 1_000_000]) func `A body of any size goes there and back, with length and in chunks`(
        size: Int
    ) async throws {
        let fixture = try await ServerFixture { request, response in
            let chunked = request.head.target == "/chunked"
            try response.start(.ok, length: chunked ? nil : request.body.length)
            while let piece = try await request.body.next() { try await response.write(piece) }
        }
        let client = client(fixture)
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for target in ["/chunked", "/length"] {
            let response = try await client.send(
                HTTPClientRequest(.post, target, body: .bytes(bytes)), to: HTTPEndpoint(fixture.address),
                deadline: .after(.seconds(5)))
            #expect(try await response.body.collect(upTo: size) == bytes)
        }
    }

    @Test func `A body streams through a proxy made of both halves`() async throws {
        let origin = try await ServerFixture { request, response in
            try await response.respond(.ok, body: try await request.body.collect(upTo: 1 << 20))
        }
        let originAddress = origin.address
        let upstream = Mutex<HTTPClient?>(nil)
        let proxy = try await ServerFixture { request, response in
            guard let client = upstream.withLock({ $0 }) else { return }
            let answer = try await client.send(
                HTTPClientRequest(.post, "/", body: .stream(request.body)), to: HTTPEndpoint(originAddress),
                deadline: .after(.seconds(5)))
            try response.start(answer.status, length: answer.body.length)
            while let piece = try await answer.body.next() { try await response.write(piece) }
        }
        let throughProxy = client(proxy)
        upstream.withLock { $0 = throughProxy }
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let answer = try await client(origin).send(
            HTTPClientRequest(.post, "/", body: .bytes(bytes)), to: HTTPEndpoint(proxy.address),
            deadline: .after(.seconds(10)))
        #expect(try await answer.body.collect(upTo: 1 << 20) == bytes)
    }

    @Test func `An answer that comes before the body was sent is read, and the connection not used again`() async throws
    {
        let fixture = try await ServerFixture { request, response in
            try await response.respond(.contentTooLarge, text: "\(request.peer.port ?? 0)")
        }
        let client = client(fixture)
        let first = try await client.send(
            HTTPClientRequest(.post, "/", body: .bytes([UInt8](repeating: 1, count: 100_000))),
            to: HTTPEndpoint(fixture.address), deadline: .after(.seconds(5)))
        #expect(first.status == .contentTooLarge)
        let second = try await client.send(
            HTTPClientRequest(.get, "/"), to: HTTPEndpoint(fixture.address), deadline: .after(.seconds(5)))
        #expect(try await Self.text(first) != Self.text(second))
    }

    @Test func `A kept connection that the server ended is replaced without the caller noticing`() async throws {
        let fixture = try await ServerFixture({ $0.timeouts.idle = .milliseconds(20) }) { request, response in
            try await response.respond(.ok, text: "\(request.peer.port ?? 0)")
        }
        let client = client(fixture)
        let endpoint = HTTPEndpoint(fixture.address)
        let first = try await Self.text(
            try await client.send(HTTPClientRequest(.get, "/"), to: endpoint, deadline: .after(.seconds(5))))
        try await eventually("the server has ended the idle connection", within: .seconds(5)) {
            fixture.server.connectionCount == 0
        }
        let second = try await Self.text(
            try await client.send(HTTPClientRequest(.get, "/"), to: endpoint, deadline: .after(.seconds(5))))
        #expect(first != second)
    }

    @Test func `A request that took effect is never sent twice`() async throws {
        let calls = Mutex(0)
        let fixture = try await ServerFixture { request, response in
            let call = calls.withLock {
                $0 += 1; return $0
            }
            guard call > 1 else { return try await response.respond(.ok, text: "first") }
            // The connection ends after the request was read and before any answer.
            throw HTTPFailure.truncated
        }
        let client = client(fixture)
        let endpoint = HTTPEndpoint(fixture.address)
        _ = try await Self.text(
            try await client.send(HTTPClientRequest(.get, "/"), to: endpoint, deadline: .after(.seconds(5))))
        await #expect(throws: HTTPFailure.self) {
            try await client.send(
                HTTPClientRequest(.post, "/", body: .bytes([1])), to: endpoint, deadline: .after(.seconds(5)))
        }
        #expect(calls.withLock { $0 } == 2)
    }

    @Test func `The deadline ends the wait for an answer`() async throws {
        let fixture = try await ServerFixture { _, response in
            try await Reactor.sleep(for: .seconds(30))
            try await response.respond(.ok)
        }
        let client = client(fixture)
        await #expect(throws: HTTPFailure.stream(.deadlineExceeded)) {
            try await client.send(
                HTTPClientRequest(.get, "/"), to: HTTPEndpoint(fixture.address), deadline: .after(.milliseconds(50)))
        }
    }

    @Test func `Beyond the connections of an endpoint requests wait in turn, beyond the queue they fail`() async throws
    {
        let (gate, bothInUse) = (Promise<Void>(), Promise<Void>())
        let inFlight = Mutex((now: 0, most: 0))
        let fixture = try await ServerFixture { _, response in
            inFlight.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            if inFlight.withLock({ $0.now }) == 2 { bothInUse.fulfil(()) }
            try await gate.value()
            inFlight.withLock { $0.now -= 1 }
            try await response.respond(.ok, text: "x")
        }
        let client = client(fixture) {
            $0.maximumConnectionsPerEndpoint = 2
            $0.maximumWaiting = 3
        }
        let endpoint = HTTPEndpoint(fixture.address)
        let failures = Tally()
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<8 {
                tasks.addTask {
                    do {
                        let response = try await client.send(
                            HTTPClientRequest(.get, "/"), to: endpoint, deadline: .after(.seconds(60)))
                        _ = try await Self.text(response)
                    } catch {
                        #expect(error as? HTTPFailure == .exhausted)
                        guard failures.increment() == 3 else { return }
                        try? await bothInUse.value()
                        gate.fulfil(())
                    }
                }
            }
        }
        #expect(failures.count == 3)
        #expect(inFlight.withLock { $0.most } == 2)
    }

    @Test func `A response that nobody reads gives its place in the pool back`() async throws {
        let fixture = try await ServerFixture { _, response in
            try await response.respond(.ok, body: [UInt8](repeating: 0, count: 1 << 20))
        }
        let client = client(fixture) { $0.maximumConnectionsPerEndpoint = 1 }
        for _ in 0..<3 {
            let response = try await client.send(
                HTTPClientRequest(.get, "/"), to: HTTPEndpoint(fixture.address), deadline: .after(.seconds(5)))
            #expect(response.status == .ok)
        }
    }

    @Test func `Nobody listening is an error that says so`() async throws {
        let fixture = try await ServerFixture { _, _ in }
        await fixture.server.stop(deadline: .after(.seconds(1)))
        await #expect(throws: HTTPFailure.stream(.refused)) {
            try await client(fixture).send(
                HTTPClientRequest(.get, "/"), to: HTTPEndpoint(fixture.address), deadline: .after(.seconds(5)))
        }
    }

    @Test(arguments: [
        ("http://a.example", "a.example", false), ("http://a:8080/", "a:8080", false), ("https://b", "b", true),
        ("https://[::1]:8443", "[::1]:8443", true),
    ]) func `An endpoint is read from its address`(text: String, authority: String, isSecure: Bool) throws {
        let endpoint = try #require(HTTPEndpoint(text))
        #expect(endpoint.authority == authority)
        #expect(endpoint.isSecure == isSecure)
    }

    @Test(arguments: ["", "a", "ftp://a", "http://", "http://a/b", "http://a:99999", "http://u@a", "http://a b"])
    func `What is no endpoint is none`(text: String) {
        #expect(HTTPEndpoint(text) == nil)
    }
}

@Suite(.timeLimit(.minutes(3))) struct HTTPRouterTests {
    @Test(arguments: [
        ("GET /a/b%2Fc", "200 b/c"), ("GET /a/fixed", "200 literal"), ("HEAD /a/fixed", "200 "),
        ("GET /missing", "404"),
        ("DELETE /a/fixed", "405"), ("GET /a/%zz", "404"), ("GET /a/%00", "404"),
    ]) func `Routes are found by method and template`(line: String, expected: String) async throws {
        let router = HTTPRouter()
        router.add(.get, "/a/{name}") { routed, response in
            try await response.respond(.ok, text: routed.parameters["name"] ?? "")
        }
        router.add(.get, "/a/fixed") { _, response in try await response.respond(.ok, text: "literal") }
        let fixture = try await ServerFixture { request, response in try await router.handle(request, response) }
        let answer = try await fixture.talk(["\(line) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
        let words = expected.split(separator: " ", omittingEmptySubsequences: false)
        #expect(answer.hasPrefix("HTTP/1.1 \(words[0]) "))
        if words.count > 1 { #expect(answer.hasSuffix("\r\n\r\n\(words[1])")) }
        if words[0] == "405" { #expect(answer.contains("Allow: GET")) }
    }
}

final class Tally: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    @discardableResult func increment() -> Int {
        value.withLock {
            $0 += 1
            return $0
        }
    }
}

@Suite(.timeLimit(.minutes(3))) struct HTTPClientBodyTests {
    /// A server that answers as `answer` says, whatever it was sent.
    private func rawServer(
        on group: ReactorGroup, _ serve: @escaping @Sendable (StreamSocket) async throws -> Void
    ) async throws -> SocketAddress {
        let reactor = group.reactors[0]
        return try await reactor.perform { () async throws(ReactorFailure) -> SocketAddress in
            let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
            reactor.run {
                while let socket = try? await listener.accept() {
                    reactor.run {
                        try? await serve(socket)
                        socket.close()
                    }
                }
            }
            return listener.address
        }
    }

    /// Never ends: each piece comes only when somebody waits for it, and after the first none comes at all.
    private final class Endless: HTTPBodySource {
        let isAsked = Promise<Void>()
        let wasCancelled = Promise<Void>()
        private let hasGiven = Mutex(false)

        func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
            if !hasGiven.withLock({ given in
                defer { given = true }; return given
            }) {
                return [1, 2, 3]
            }
            isAsked.fulfil(())
            do {
                try await Reactor.sleep(for: .seconds(60))
            } catch {
                wasCancelled.fulfil(())
                throw .stream(.cancelled)
            }
            return nil
        }
    }

    @Test func `An answer is read while the body still waits for its next piece`() async throws {
        let group = try ReactorGroup(count: 1)
        let address = try await rawServer(on: group) { socket in
            _ = try await socket.read(upTo: 1_024, deadline: .after(.seconds(5)))
            try await socket.write(
                "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig", deadline: .after(.seconds(5)))
            _ = try await socket.read(upTo: 1_024, deadline: .after(.seconds(30)))
            _ = try await socket.read(upTo: 1_024, deadline: .after(.seconds(30)))
        }
        let source = Endless()
        let client = HTTPClient(group: group)
        let answer = try await client.send(
            HTTPClientRequest(.post, "/", body: .stream(HTTPBody(length: nil, source: source, exchange: 0))),
            to: HTTPEndpoint(address), deadline: .after(.seconds(10)))
        #expect(answer.status == .contentTooLarge)
        #expect(try await answer.body.collect(upTo: 10) == Array("big".utf8))
        #expect(source.wasCancelled.current != nil, "the body is let go of before its exchange has ended")
    }

    @Test func `A body that fails ends the exchange with its own failure`() async throws {
        let group = try ReactorGroup(count: 1)
        let address = try await rawServer(on: group) { socket in
            while try await !socket.read(upTo: 1_024, deadline: .after(.seconds(30))).isEmpty {}
        }
        final class Broken: HTTPBodySource {
            func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
                throw .tooLarge(limit: 7)
            }
        }
        await #expect(throws: HTTPFailure.tooLarge(limit: 7)) {
            try await HTTPClient(group: group).send(
                HTTPClientRequest(.post, "/", body: .stream(HTTPBody(length: nil, source: Broken(), exchange: 0))),
                to: HTTPEndpoint(address), deadline: .after(.seconds(10)))
        }
    }

    @Test func `A failure says whether anything of the request left`() async throws {
        let group = try ReactorGroup(count: 1)
        let client = HTTPClient(group: group)
        await #expect(throws: HTTPAttemptFailure(.stream(.refused), hasSentAny: false)) {
            try await client.attempt(
                HTTPClientRequest(.post, "/"), to: HTTPEndpoint(.loopback(port: 1)), deadline: .after(.seconds(5)))
        }
        let address = try await rawServer(on: group) { socket in
            _ = try await socket.read(upTo: 1_024, deadline: .after(.seconds(5)))
        }
        await #expect(throws: HTTPAttemptFailure(.truncated, hasSentAny: true)) {
            try await client.attempt(
                HTTPClientRequest(.post, "/"), to: HTTPEndpoint(address), deadline: .after(.seconds(5)))
        }
    }

    @Test func `A handler whose client has left is cancelled, one whose client only finished sending is not`()
        async throws
    {
        let (leftWasCancelled, started) = (Promise<Bool>(), Promise<Void>())
        let fixture = try await ServerFixture({ $0.abandonAfter = .milliseconds(200) }) { request, response in
            guard request.head.target == "/slow" else { return try await response.respond(.ok, text: "quick") }
            started.fulfil(())
            do {
                try await Reactor.sleep(for: .seconds(30))
                leftWasCancelled.fulfil(false)
            } catch {
                leftWasCancelled.fulfil(true)
            }
            try await response.respond(.ok)
        }
        let reactor = fixture.group.reactors[0]
        let half = try await reactor.perform { () async throws -> [UInt8] in
            let socket = try await StreamSocket.connect(to: fixture.address, on: reactor, deadline: .after(.seconds(5)))
            try await socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n", deadline: .after(.seconds(5)))
            socket.shutdownWrite()
            return try await socket.read(upTo: 1_024, deadline: .after(.seconds(5)))
        }
        #expect(String(decoding: half, as: UTF8.self).hasPrefix("HTTP/1.1 200"))
        try await reactor.perform { () async throws in
            let socket = try await StreamSocket.connect(to: fixture.address, on: reactor, deadline: .after(.seconds(5)))
            try await socket.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n", deadline: .after(.seconds(5)))
            try await started.value(deadline: .after(.seconds(5)))
            socket.close()
        }
        #expect(try await leftWasCancelled.value(deadline: .after(.seconds(10))))
    }
}
