import Core
import Reactor
import TLS
import TestSupport
import Testing

/// Against OpenSSL's own command, and against peers that break off, dawdle or talk nonsense.
@Suite struct TLSPeerTests {
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func opensslIsServed(version: String) async throws {
        let authority = try CertificateAuthority()
        let context = try TLSServerContext(
            .init(certificates: [authority.files("server", names: "DNS:server.test")]))
        try await withReactor { reactor async throws in
            let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
            let client = try OpenSSLPeer([
                "s_client", "-connect", listener.address.description, "-servername", "server.test", "-CAfile",
                authority.file, "-verify_return_error", "-verify_hostname", "server.test", version, "-quiet",
            ])
            defer { client.kill() }
            let stream = try await TLSStream.accept(
                await listener.accept(), context, deadline: .after(soon))
            #expect(stream.version == (version == "-tls1_2" ? .tls12 : .tls13))
            client.send("from openssl\n")
            #expect(try await readExactly(13, from: stream) == Array("from openssl\n".utf8))
            try await stream.write("to openssl\n", deadline: .after(soon))
            stream.close()
            #expect(client.finish().contains("to openssl"))
        }
    }

    @Test(arguments: ["-tls1", "-tls1_1"]) func oldVersionsAreRefused(version: String) async throws {
        let authority = try CertificateAuthority()
        let context = try TLSServerContext(
            .init(certificates: [authority.files("server", names: "DNS:server.test")]))
        try await withReactor { reactor async throws in
            let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
            let client = try OpenSSLPeer([
                "s_client", "-connect", listener.address.description, version, "-cipher", "ALL:@SECLEVEL=0",
            ])
            defer { client.kill() }
            let failure = await failure {
                _ = try await TLSStream.accept(try await listener.accept(), context, deadline: .after(soon))
            }
            #expect(failure == .insecure("unsupported protocol"))
        }
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func opensslIsAskedAndBelieved(version: String) async throws {
        let authority = try CertificateAuthority()
        let files = try authority.files("server", names: "DNS:server.test")
        let context = try TLSClientContext(.init(caFile: authority.file))
        try await withReactor { reactor async throws in
            let port = try await freePort(on: reactor)
            let server = try OpenSSLPeer([
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", files.chain, "-key", files.key, version, "-www",
            ])
            defer { server.kill() }
            let socket = try await connectWhenReady(.loopback(port: port), on: reactor)
            let stream = try await TLSStream.connect(socket, context, host: "server.test", deadline: .after(soon))
            try await stream.write("GET / HTTP/1.0\r\n\r\n", deadline: .after(soon))
            var page: [UInt8] = []
            while true {
                let more = try await stream.read(upTo: 65_536, deadline: .after(soon))
                if more.isEmpty { break }
                page += more
            }
            #expect(String(decoding: page, as: UTF8.self).contains("s_server"))
        }
    }

    @Test func nonsenseSilenceAndSuddenEndsAreAnswered() async throws {
        let authority = try CertificateAuthority()
        let context = try TLSServerContext(
            .init(certificates: [authority.files("server", names: "DNS:server.test")]))
        try await withReactor { reactor async throws in
            let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
            func shake(_ say: (StreamSocket) async throws -> Void, deadline: Duration) async throws -> StreamFailure? {
                let client = try await StreamSocket.connect(to: listener.address, on: reactor, deadline: .after(soon))
                let server = try await listener.accept()
                try await say(client)
                let failure = await failure {
                    _ = try await TLSStream.accept(server, context, deadline: .after(deadline))
                }
                client.close()
                return failure
            }
            let plainHTTP = try await shake(
                { try await $0.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n", deadline: .after(soon)) }, deadline: soon)
            #expect(plainHTTP == .insecure("http request"))
            #expect(try await shake({ $0.close() }, deadline: soon) == .reset)
            #expect(try await shake({ _ in }, deadline: .milliseconds(20)) == .deadlineExceeded)
            var random = SystemRandomNumberGenerator()
            for length in [1, 5, 6, 100, 5_000] {
                let noise = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
                let failure = try await shake(
                    {
                        try await $0.write(noise, deadline: .after(soon))
                        $0.shutdownWrite()
                    }, deadline: soon)
                #expect(failure != nil, "\(noise) was taken for a handshake")
            }
        }
    }

    @Test func anEndWithoutFarewellIsNotAnEnd() async throws {
        let authority = try CertificateAuthority()
        let server = try TLSServerContext(.init(certificates: [authority.files("server", names: "DNS:server.test")]))
        let client = try TLSClientContext(.init(caFile: authority.file))
        try await withReactor { reactor async throws in
            let cut = try await connectedPair(on: reactor, server, client, host: "server.test")
            try await cut.client.write("half a sent", deadline: .after(soon))
            cut.client.socket.close()
            #expect(try await readExactly(11, from: cut.server) == Array("half a sent".utf8))
            #expect(await failure { _ = try await cut.server.read(upTo: 1, deadline: .after(soon)) } == .reset)

            let polite = try await connectedPair(on: reactor, server, client, host: "server.test")
            await polite.client.shutdownWrite()
            #expect(try await polite.server.read(upTo: 1, deadline: .after(soon)).isEmpty)
            try await polite.server.write("bye", deadline: .after(soon))
            #expect(try await readExactly(3, from: polite.client) == Array("bye".utf8))
        }
    }

    @Test func readersAndWritersObeyDeadlinesAndCancellation() async throws {
        let authority = try CertificateAuthority()
        let server = try TLSServerContext(.init(certificates: [authority.files("server", names: "DNS:server.test")]))
        let client = try TLSClientContext(.init(caFile: authority.file))
        try await withReactor { reactor async throws in
            let (near, far) = try await connectedPair(on: reactor, server, client, host: "server.test")
            #expect(
                await failure { _ = try await near.read(upTo: 1, deadline: .after(.milliseconds(5))) }
                    == .deadlineExceeded)
            try await expectEcho(near, far)
            let outcome = Promise<StreamFailure?>()
            let reading = reactor.run {
                outcome.fulfil(await failure { _ = try await near.read(upTo: 1, deadline: .never) })
            }
            await Reactor.yield()
            reading.cancel()
            #expect(try await outcome.value(deadline: .after(soon)) == .cancelled)
            try await expectEcho(near, far)
            let huge = [UInt8](repeating: 1, count: 64 << 20)
            #expect(
                await failure { try await near.write(huge, deadline: .after(.milliseconds(50))) } == .deadlineExceeded)
        }
    }

    private func freePort(on reactor: Reactor) async throws -> UInt16 {
        let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
        defer { listener.close() }
        return try #require(listener.address.port)
    }

    private func connectWhenReady(_ address: SocketAddress, on reactor: Reactor) async throws -> StreamSocket {
        let end = Deadline.after(soon)
        while true {
            do throws(StreamFailure) {
                return try await StreamSocket.connect(to: address, on: reactor, deadline: end)
            } catch {
                guard error == .refused, !end.hasPassed else { throw error }
            }
            try await Reactor.sleep(for: .milliseconds(5))
        }
    }
}
