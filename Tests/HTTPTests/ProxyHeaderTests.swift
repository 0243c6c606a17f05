import Core
import HTTP
import Reactor
import Synchronization
import TLS
import TestSupport
import Testing

/// Bytes of PROXY headers, version 2 as the specification's figure has it.
private enum Headers {
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10] + Array("QUIT\n".utf8)

    static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
    }

    /// 192.0.2.1:4711 to 198.51.100.1:443.
    static let v4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x67, 1, 0xbb]
    /// [2001:db8::1]:4711 to [2001:db8::2]:443.
    static let v6: [UInt8] = {
        var bytes: [UInt8] = []
        for last in [1, 2] as [UInt8] {
            bytes += [0x20, 1, 0xd, 0xb8]
            bytes += [UInt8](repeating: 0, count: 11)
            bytes.append(last)
        }
        bytes += [0x12, 0x67, 1, 0xbb]
        return bytes
    }()
}

private struct HeaderCase: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    /// The client; "none"; or why it is refused.
    var expected: Result<String?, ProxyHeaderRefusal>
    var testDescription: String { name }

    init(_ line: String, _ expected: Result<String?, ProxyHeaderRefusal>) {
        (name, bytes, self.expected) = (line, Array(line.utf8), expected)
    }

    init(_ name: String, _ bytes: [UInt8], _ expected: Result<String?, ProxyHeaderRefusal>) {
        (self.name, self.bytes, self.expected) = (name, bytes, expected)
    }

    static let all: [HeaderCase] = [
        .init("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", .success("192.0.2.1:4711")),
        .init("PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", .success("[2001:db8::1]:4711")),
        .init("PROXY TCP4 255.255.255.255 255.255.255.255 65535 0\r\n", .success("255.255.255.255:65535")),
        .init("PROXY UNKNOWN\r\n", .success(nil)),
        .init("PROXY UNKNOWN ffff:f...f:ffff what ever 65535 65535\r\n", .success(nil)),
        .init("PROXY UNKNOWNS\r\n", .failure(.malformedLine)),
        .init("PROXY TCP4  192.0.2.1 198.51.100.1 4711 443\r\n", .failure(.malformedLine)),
        .init("PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n", .failure(.malformedLine)),
        .init("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443 \r\n", .failure(.malformedLine)),
        .init("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\n", .failure(.malformedLine)),
        .init("PROXY TCP4 192.0.2.01 198.51.100.1 4711 443\r\n", .failure(.wrongAddresses)),
        .init("PROXY TCP4 192.0.2.1 nobody 4711 443\r\n", .failure(.wrongAddresses)),
        .init("PROXY TCP4 2001:db8::1 2001:db8::2 4711 443\r\n", .failure(.wrongAddresses)),
        .init("PROXY TCP6 192.0.2.1 198.51.100.1 4711 443\r\n", .failure(.wrongAddresses)),
        .init("PROXY TCP4 192.0.2.1 198.51.100.1 04711 443\r\n", .failure(.wrongAddresses)),
        .init("PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n", .failure(.wrongAddresses)),
        .init("PROXY TCP4 192.0.2.1 198.51.100.1 +1 443\r\n", .failure(.wrongAddresses)),
        .init("PROXY UDP4 192.0.2.1 198.51.100.1 4711 443\r\n", .failure(.malformedLine)),
        .init("PROXY " + String(repeating: "a", count: 101), .failure(.malformedLine)),
        .init("PROXY UNKNOWN " + String(repeating: "a", count: 91) + "\r\n", .success(nil)),
        .init("PROXY UNKNOWN " + String(repeating: "a", count: 92) + "\r\n", .failure(.malformedLine)),
        .init("GET / HTTP/1.1\r\n", .failure(.notAHeader)),
        .init("proxy TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", .failure(.notAHeader)),
        .init("v2, TCP over IPv4", Headers.binary(0x21, 0x11, Headers.v4), .success("192.0.2.1:4711")),
        .init("v2, TCP over IPv6", Headers.binary(0x21, 0x21, Headers.v6), .success("[2001:db8::1]:4711")),
        .init(
            "v2, extensions are skipped", Headers.binary(0x21, 0x11, Headers.v4 + [1, 0, 2, 104, 50, 4, 0, 0]),
            .success("192.0.2.1:4711")),
        .init("v2, LOCAL with nothing", Headers.binary(0x20, 0x00, []), .success(nil)),
        .init("v2, LOCAL with addresses nobody believes", Headers.binary(0x20, 0x11, Headers.v4), .success(nil)),
        .init("v2, no family", Headers.binary(0x21, 0x00, [1, 2, 3]), .success(nil)),
        .init("v2, unix sockets", Headers.binary(0x21, 0x31, [UInt8](repeating: 97, count: 216)), .success(nil)),
        .init("v2, half a unix socket", Headers.binary(0x21, 0x31, [97]), .failure(.wrongAddresses)),
        .init("v2, datagrams", Headers.binary(0x21, 0x12, Headers.v4), .failure(.wrongAddresses)),
        .init("v2, an unknown family", Headers.binary(0x21, 0x41, Headers.v4), .failure(.wrongAddresses)),
        .init("v2, addresses cut short", Headers.binary(0x21, 0x21, Headers.v4), .failure(.wrongAddresses)),
        .init("v2, an unknown command", Headers.binary(0x22, 0x11, Headers.v4), .failure(.unknownCommand)),
        .init("version 3", Headers.binary(0x31, 0x11, Headers.v4), .failure(.unknownVersion)),
        .init(
            "v2, an extension beyond the end", Headers.binary(0x21, 0x11, Headers.v4 + [1, 0, 9, 1]),
            .failure(.malformedExtension)),
        .init(
            "v2, half the head of an extension", Headers.binary(0x21, 0x11, Headers.v4 + [1, 0]),
            .failure(.malformedExtension)),
        .init("v2, longer than is read", Headers.signature + [0x21, 0x11, 0x10, 0x01], .failure(.tooLong)),
        .init("v2, a wrong signature", Array(Headers.signature.dropLast()) + [0x0b, 0x21], .failure(.notAHeader)),
    ]
}

@Suite struct ProxyHeaderTests {
    @Test(arguments: HeaderCase.all)
    private func `A header says who the client is, or is refused with its reason`(_ row: HeaderCase) {
        let bytes = row.bytes + Array("GET".utf8)
        let read = Result { () throws(ProxyHeaderRefusal) in try ProxyHeader.parse(bytes.span) }
        switch row.expected {
        case .success(let source):
            let expected = ProxyHeader(source: source.flatMap { SocketAddress($0) }, length: row.bytes.count)
            #expect(read == .success(expected))
        case .failure(let refusal):
            #expect(read == .failure(refusal))
        }
    }

    /// Bytes arrive in any pieces: no beginning of a good header is refused, and none is taken for a whole one.
    @Test(arguments: HeaderCase.all)
    private func `A header is known with its last byte and not before`(_ row: HeaderCase) throws {
        guard case .success = row.expected else { return }
        for length in 0..<row.bytes.count {
            let early = Array(row.bytes[..<length])
            #expect(try ProxyHeader.parse(early.span) == nil, "after \(length) bytes")
        }
    }

    @Test func `Random damage never makes it read beyond the header`() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<20_000 {
            var bytes = HeaderCase.all[random.below(HeaderCase.all.count)].bytes
            for _ in 0..<random.below(4) where !bytes.isEmpty { bytes[random.below(bytes.count)] = random.bytes(1)[0] }
            guard let header = try? ProxyHeader.parse(bytes.span) else { continue }
            #expect(header.length <= bytes.count)
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct ProxyProtocolServerTests {
    private static let line = "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n"
    private static let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    private func server(
        trusting networks: [String] = ["127.0.0.0/8"], _ adjust: (inout HTTPServerConfiguration) -> Void = { _ in }
    ) async throws -> ServerFixture {
        try await ServerFixture { configuration in
            configuration.proxyProtocol = TrustedProxies(networks: networks.compactMap { IPNetwork($0) })
            adjust(&configuration)
        } handler: { request, response in
            try await response.respond(.ok, text: "from \(request.peer)")
        }
    }

    @Test func `The client is whom a trusted proxy names, in however many pieces it says so`() async throws {
        let server = try await server()
        #expect(try await server.talk([Self.line + Self.request]).hasSuffix("from 192.0.2.1:4711"))
        #expect(
            try await server.talk(["PRO", "XY TCP4 192.0.2.1 198.51.", "100.1 4711 443\r", "\n", Self.request])
                .hasSuffix("from 192.0.2.1:4711"))
        #expect(try await server.talk(["PROXY UNKNOWN\r\n" + Self.request]).contains("from 127.0.0.1:"))
    }

    @Test func `Every request of the connection is the named client's`() async throws {
        let answer = try await server().talk([
            Self.line, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", Self.request,
        ])
        #expect(answer.components(of: "from 192.0.2.1:4711") == 2)
    }

    @Test func `Who is not trusted cannot name anybody`() async throws {
        let server = try await server(trusting: ["10.0.0.0/8"])
        #expect(try await server.talk([Self.line + Self.request]).hasPrefix("HTTP/1.1 400"))
        #expect(try await server.talk([Self.request]).contains("from 127.0.0.1:"))
    }

    @Test func `A trusted proxy without a header, or with a second one, is refused`() async throws {
        let refused = Mutex<[ProxyHeaderRefusal]>([])
        let server = try await server { configuration in
            configuration.onProxyRefusal = { refusal, _ in refused.withLock { $0.append(refusal) } }
        }
        // Closed with bytes unread: the client sees a reset.
        #expect((try? await server.talk([Self.request])) ?? "" == "")
        #expect(refused.withLock { $0 } == [.notAHeader])
        #expect(try await server.talk([Self.line + Self.line + Self.request]).hasPrefix("HTTP/1.1 400"))
    }

    @Test func `A header that does not come closes the connection`() async throws {
        let refused = Mutex<[ProxyHeaderRefusal]>([])
        let server = try await server { configuration in
            configuration.timeouts.proxyHeader = .milliseconds(50)
            configuration.onProxyRefusal = { refusal, _ in refused.withLock { $0.append(refusal) } }
        }
        #expect((try? await server.talk(["PROXY TCP4 192"])) ?? "" == "")
        #expect(refused.withLock { $0 } == [.late])
    }

    @Test func `Behind the header comes TLS, and HTTP/2 by its preface`() async throws {
        let certificate = try TemporaryCertificate()
        defer { certificate.remove() }
        let secure = try await server { configuration in
            configuration.tls = try? TLSServerContext(.init(certificates: [certificate.files]))
        }
        let client = try TLSClientContext(.init(caFile: certificate.files.chain))
        let (reactor, address) = (secure.group.reactors[0], secure.address)
        let answer = try await reactor.perform {
            let deadline = Deadline.after(.seconds(20))
            let socket = try await StreamSocket.connect(to: address, on: reactor, deadline: deadline)
            try await socket.write(Self.line, deadline: deadline)
            let stream = try await TLSStream.connect(socket, client, host: "localhost", deadline: deadline)
            defer { stream.close() }
            try await stream.write(Self.request, deadline: deadline)
            var answer: [UInt8] = []
            while !String(decoding: answer, as: UTF8.self).contains("from ") {
                let piece = try await stream.read(upTo: 65_536, deadline: deadline)
                if piece.isEmpty { break }
                answer += piece
            }
            return String(decoding: answer, as: UTF8.self)
        }
        #expect(answer.hasSuffix("from 192.0.2.1:4711"))
        let plain = try await server { $0.version2.allowsPriorKnowledge = true }
        #expect(try await plain.talk([Self.line + Self.request]).hasSuffix("from 192.0.2.1:4711"))
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
