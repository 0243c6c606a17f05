import Core
import Reactor
import TLS
import TestSupport
import Testing

let soon = Duration.seconds(20)

func withReactor<Value: Sendable>(
    _ work: @Sendable (Reactor) async throws -> Value
) async throws -> Value {
    let group = try ReactorGroup(count: 1)
    defer { group.shutdown() }
    let reactor = group.next()
    return try await reactor.perform { () async throws -> Value in try await work(reactor) }
}

/// A TLS connection between two of our own streams.
func connectedPair(
    on reactor: Reactor, _ server: TLSServerContext, _ client: TLSClientContext, host: String
) async throws -> (client: TLSStream, server: TLSStream) {
    let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
    let accepted = Promise<Result<TLSStream, StreamFailure>>()
    reactor.run {
        do throws(StreamFailure) {
            let socket = try await listener.accept()
            accepted.fulfil(.success(try await TLSStream.accept(socket, server, deadline: .after(soon))))
        } catch { accepted.fulfil(.failure(error)) }
    }
    let socket = try await StreamSocket.connect(to: listener.address, on: reactor, deadline: .after(soon))
    do {
        let stream = try await TLSStream.connect(socket, client, host: host, deadline: .after(soon))
        return (stream, try await accepted.value(deadline: .after(soon)).get())
    } catch {
        socket.close()
        _ = try await accepted.value(deadline: .after(soon))
        throw error
    }
}

func readExactly(_ count: Int, from stream: any ByteStream) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
        let more = try await stream.read(upTo: count - bytes.count, deadline: .after(soon))
        guard !more.isEmpty else { break }
        bytes += more
    }
    return bytes
}

@Suite struct TLSStreamTests {
    @Test func `RFC 8446 §6.1: writing to a peer that said farewell and vanished fails at once`() async throws {
        let authority = try CertificateAuthority()
        let files = try authority.files("server", names: "DNS:server.test")
        let server = try TLSServerContext(.init(certificates: [files]))
        let client = try TLSClientContext(.init(caFile: authority.file))
        try await withReactor { reactor async throws in
            let (near, far) = try await connectedPair(on: reactor, server, client, host: "server.test")
            await near.shutdownWrite()
            #expect(try await far.read(upTo: 1, deadline: .after(soon)).isEmpty)
            near.socket.abort()
            let piece = [UInt8](repeating: 1, count: 100_000)
            await #expect(throws: StreamFailure.self) {
                for _ in 0..<100 { try await far.write(piece, deadline: .after(soon)) }
            }
        }
    }

    @Test(arguments: [1, 16 << 10, 100_000])
    func `RFC 8446 §6.1: last bytes are followed by a farewell, together where they are few`(count: Int) async throws {
        let authority = try CertificateAuthority()
        let files = try authority.files("server", names: "DNS:server.test")
        let server = try TLSServerContext(.init(certificates: [files]))
        let client = try TLSClientContext(.init(caFile: authority.file))
        try await withReactor { reactor async throws in
            let (near, far) = try await connectedPair(on: reactor, server, client, host: "server.test")
            let bytes = [UInt8](repeating: 7, count: count)
            let taken = try unsafe bytes.withUnsafeBytes { bytes in
                try unsafe far.tryWriteLast(bytes, UnsafeRawBufferPointer(start: nil, count: 0))
            }
            #expect(taken == min(count, 16 << 10))
            if count > 16 << 10 {
                try await far.write(Array(bytes.dropFirst(16 << 10)), deadline: .after(soon))
                await far.shutdownWrite()
            }
            #expect(try await readExactly(count, from: near) == bytes)
            #expect(try await near.read(upTo: 1, deadline: .after(soon)).isEmpty)
        }
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func bytesOfEverySizePassBothWays(version: TLSVersion) async throws {
        let authority = try CertificateAuthority()
        let files = try authority.files("server", names: "DNS:server.test")
        let server = try TLSServerContext(.init(certificates: [files], minimumVersion: version))
        let client = try TLSClientContext(.init(caFile: authority.file))
        try await withReactor { reactor async throws in
            let (near, far) = try await connectedPair(on: reactor, server, client, host: "server.test")
            #expect(near.version == .tls13)
            for length in [1, 1_000, 16_384, 16_385, 200_000, 3_000_000] {
                let sent = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
                let writer = reactor.run { try? await near.write(sent, deadline: .after(soon)) }
                #expect(try await readExactly(length, from: far) == sent)
                await writer.value()
                let back = reactor.run { try? await far.write([1, 2, 3], sent, deadline: .after(soon)) }
                #expect(try await readExactly(length + 3, from: near) == [1, 2, 3] + sent)
                await back.value()
            }
            near.close()
            #expect(try await far.read(upTo: 1, deadline: .after(soon)).isEmpty)
        }
    }
}
