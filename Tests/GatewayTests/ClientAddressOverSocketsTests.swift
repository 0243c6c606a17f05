import Contracts
import Core
import HTTP
import Reactor
import Testing

@testable import gateway

/// Who a request counts for, when what says so arrives over a real connection and somebody lies.
@Suite(.timeLimit(.minutes(2))) struct ClientAddressOverSocketsTests {
    private func gateway(hops: Int = 0) async throws -> GatewayFixture {
        let network = try #require(IPNetwork("127.0.0.0/8"))
        return try await GatewayFixture(trustedHops: hops, proxies: TrustedProxies(networks: [network]))
    }

    private func ask(_ gateway: GatewayFixture, _ header: String, forwardedFor: String? = nil) async throws -> String {
        guard case .address(let address) = gateway.endpoint.location else { return "no address" }
        let reactor = gateway.group.reactors[0]
        return try await reactor.perform {
            let deadline = Deadline.after(.seconds(20))
            let socket = try await StreamSocket.connect(to: address, on: reactor, deadline: deadline)
            defer { socket.close() }
            let field = forwardedFor.map { "X-Forwarded-For: \($0)\r\n" } ?? ""
            let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(field)\r\n"
            try await socket.write(header + request, deadline: deadline)
            var answer: [UInt8] = []
            while case let piece = try await socket.read(upTo: 65_536, deadline: deadline), !piece.isEmpty {
                answer += piece
            }
            return String(decoding: answer, as: UTF8.self)
        }
    }

    @Test func `A ban meets the client that the balancer names, not the balancer`() async throws {
        let gateway = try await gateway()
        try gateway.enforce(.ban, "192.0.2.1")
        #expect(try await ask(gateway, "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n").hasPrefix("HTTP/1.1 403"))
        #expect(try await ask(gateway, "PROXY TCP4 192.0.2.2 198.51.100.1 4711 443\r\n").hasPrefix("HTTP/1.1 200"))
        #expect(gateway.seen.value.observed.map(\.clientAddress.description) == ["192.0.2.1", "192.0.2.2"])
        #expect(gateway.seen.value.observed.map(\.clientPort) == [4711, 4711])
        #expect(gateway.seen.value.upstream.last?.headers.values(of: "x-forwarded-for") == ["192.0.2.2"])
    }

    @Test func `Without trusted hops a forwarded address behind the PROXY header is a lie`() async throws {
        let gateway = try await gateway()
        try gateway.enforce(.ban, "192.0.2.1")
        let header = "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n"
        #expect(try await ask(gateway, header, forwardedFor: "203.0.113.9").hasPrefix("HTTP/1.1 403"))
    }

    @Test func `With a trusted hop behind the balancer the last entry counts, and what the client added does not`()
        async throws
    {
        let gateway = try await gateway(hops: 1)
        try gateway.enforce(.ban, "203.0.113.9")
        let header = "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n"
        #expect(try await ask(gateway, header, forwardedFor: "8.8.8.8, 203.0.113.9").hasPrefix("HTTP/1.1 403"))
        #expect(try await ask(gateway, header, forwardedFor: "203.0.113.9, 8.8.8.8").hasPrefix("HTTP/1.1 200"))
    }
}
