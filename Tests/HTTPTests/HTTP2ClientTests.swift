import Core
import HTTP
import Reactor
import Synchronization
import TLS
import TestSupport
import Testing

private let mirror: @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void = { request, response in
    if request.head.target == "/never" { try await Reactor.sleep(for: .seconds(50)) }
    try response.start(.ok, headers: ["x-version": "\(request.head.version)"], length: request.body.length)
    while let piece = try await request.body.next() { try await response.write(piece) }
    try await response.finish()
}

@Suite(.timeLimit(.minutes(3))) struct HTTP2ClientTests {
    private func client(
        _ group: ReactorGroup, _ adjust: (inout HTTPClientConfiguration) -> Void = { _ in }
    ) -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        configuration.assumesVersion2 = true
        adjust(&configuration)
        return HTTPClient(configuration, group: group)
    }

    private func get(
        _ client: HTTPClient, _ fixture: ServerFixture, _ path: String = "/", isSecure: Bool = false,
        within time: Duration = .seconds(20)
    ) async throws -> (HTTPStatus, String?, Int) {
        let endpoint = HTTPEndpoint(fixture.address, isSecure: isSecure)
        let response = try await client.send(
            HTTPClientRequest(.get, path), to: endpoint, deadline: .after(time))
        let body = try await response.body.collect(upTo: 1 << 24, deadline: .after(time))
        return (response.status, response.head.headers["x-version"], body.count)
    }

    @Test func `RFC 9113 §5: fifty exchanges share one connection`() async throws {
        let waiting = Atomic<Int>(0)
        let gate = Promise<Void>()
        let fixture = try await ServerFixture.version2 { request, response in
            if waiting.add(1, ordering: .relaxed).newValue == 50 { gate.fulfil(()) }
            try await gate.value(deadline: .after(.seconds(20)))
            try await response.respond(.ok, headers: ["x-version": "\(request.head.version)"])
        }
        let client = client(fixture.group)
        let answers = try await withThrowingTaskGroup(of: String?.self) { tasks in
            for _ in 0..<50 { tasks.addTask { try await get(client, fixture).1 } }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 50 && answers.allSatisfy { $0 == "HTTP/2" })
        #expect(fixture.server.connectionCount == 1)
        await client.stop()
        try await eventually("the connection ends") { fixture.server.connectionCount == 0 }
    }

    /// The first go out before the peer has announced its number: it refuses them, and they are sent again (§8.7).
    @Test func `RFC 9113 §5.1.2: the peer's number of streams is kept, more wait or take another connection`()
        async throws
    {
        let fixture = try await ServerFixture.version2({ $0.version2.maximumConcurrentStreams = 2 }, handler: mirror)
        let client = client(fixture.group) { $0.maximumConnectionsPerEndpoint = 2 }
        let answers = try await withThrowingTaskGroup(of: HTTPStatus.self) { tasks in
            for _ in 0..<40 { tasks.addTask { try await get(client, fixture).0 } }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 40 && answers.allSatisfy { $0 == .ok })
        #expect(fixture.server.connectionCount <= 2)
    }

    @Test func `RFC 9113 §5.2: large bodies go both ways at once`() async throws {
        let fixture = try await ServerFixture.version2(handler: mirror)
        let client = client(fixture.group)
        let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let response = try await client.send(
            HTTPClientRequest(.post, "/", body: .bytes(content)), to: HTTPEndpoint(fixture.address),
            deadline: .after(.seconds(30)))
        #expect(try await response.body.collect(upTo: 1 << 24) == content)
    }

    @Test func `RFC 9113 §3.2: the version is agreed by ALPN`() async throws {
        let certificate = try TemporaryCertificate()
        defer { certificate.remove() }
        for (offered, version) in [(["h2", "http/1.1"], "HTTP/2"), (["http/1.1"], "HTTP/1.1")] {
            let tls = try TLSServerContext(
                TLSServerConfiguration(certificates: [certificate.files], applicationProtocols: offered))
            let fixture = try await ServerFixture({ $0.tls = tls }, handler: mirror)
            let context = try TLSClientContext(
                TLSClientConfiguration(verification: .none, applicationProtocols: ["h2", "http/1.1"]))
            let client = client(fixture.group) { $0.tls = context }
            #expect(try await get(client, fixture, isSecure: true).1 == version)
            #expect(try await get(client, fixture, isSecure: true).1 == version)
        }
    }

    @Test func `A late answer costs its own stream, not the connection`() async throws {
        let fixture = try await ServerFixture.version2(handler: mirror)
        let client = client(fixture.group)
        #expect(try await get(client, fixture).0 == .ok)
        await #expect(throws: HTTPFailure.stream(.deadlineExceeded)) {
            _ = try await get(client, fixture, "/never", within: .milliseconds(300))
        }
        #expect(try await get(client, fixture).0 == .ok)
    }

    @Test func `Whoever drops a body unread, or abandons it, frees its stream`() async throws {
        let ended = Atomic<Int>(0)
        let fixture = try await ServerFixture.version2 { _, response in
            defer { ended.add(1, ordering: .relaxed) }
            try response.start(.ok)
            for _ in 0..<10_000 { try await response.write([UInt8](repeating: 7, count: 10_000)) }
        }
        let client = client(fixture.group)
        let endpoint = HTTPEndpoint(fixture.address)
        do {
            let response = try await client.send(
                HTTPClientRequest(.get, "/"), to: endpoint, deadline: .after(.seconds(20)))
            _ = try await response.body.next()
        }
        try await eventually("the first stream ends") { ended.load(ordering: .relaxed) == 1 }
        let response = try await client.send(
            HTTPClientRequest(.get, "/"), to: endpoint, deadline: .after(.seconds(20)))
        await response.body.abandon()
        try await eventually("the second stream ends") { ended.load(ordering: .relaxed) == 2 }
        #expect(fixture.server.connectionCount == 1)
    }

    @Test func `RFC 9113 §6.8: after GOAWAY what is in flight ends, and new requests go over a new connection`()
        async throws
    {
        let gate = Promise<Void>()
        let arrived = Promise<Void>()
        let fixture = try await ServerFixture.version2 { request, response in
            if request.head.target == "/slow" {
                arrived.fulfil(())
                try await gate.value(deadline: .after(.seconds(20)))
            }
            try await response.respond(.ok)
        }
        let client = client(fixture.group)
        async let slow = get(client, fixture, "/slow")
        try await arrived.value(deadline: .after(.seconds(20)))
        async let stopped: Void = fixture.server.stop(deadline: .after(.seconds(20)))
        try await eventually("the server listens no more") { (try? await get(client, fixture)) == nil }
        gate.fulfil(())
        #expect(try await slow.0 == .ok)
        await stopped
    }
}
