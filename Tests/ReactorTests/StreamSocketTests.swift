import Core
import Glibc
import Reactor
import Testing

/// Two ends of a TCP connection on one reactor.
func connectedPair(on reactor: Reactor) async throws -> (client: StreamSocket, server: StreamSocket) {
    let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
    let client = try await StreamSocket.connect(to: listener.address, on: reactor, deadline: .after(soon))
    let server = try await listener.accept()
    return (client, server)
}

@Suite struct StreamSocketTests {
    @Test(arguments: [false, true]) func bytesComeBackFromAnEcho(overUnixSocket: Bool) async throws {
        try await withReactor { reactor async throws in
            let address =
                overUnixSocket ? SocketAddress.unix(path: "/tmp/infinite-\(getpid())-echo") : .loopback(port: 0)
            defer { if case .unix(let path) = address { unsafe unlink(path) } }
            let listener = try await Listener.bind(address, on: reactor)
            let server = reactor.run {
                guard let socket = try? await listener.accept() else { return }
                while let bytes = try? await socket.read(upTo: 4_096, deadline: .after(soon)), !bytes.isEmpty {
                    try? await socket.write(bytes, deadline: .after(soon))
                }
                socket.close()
            }
            let client = try await StreamSocket.connect(to: listener.address, on: reactor, deadline: .after(soon))
            for length in [1, 100, 4_096, 50_000] {
                let sent = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                try await client.write(sent, deadline: .after(soon))
                #expect(try await readExactly(length, from: client) == sent)
            }
            client.shutdownWrite()
            #expect(try await client.read(upTo: 10, deadline: .after(soon)).isEmpty)
            await server.value()
        }
    }

    @Test func aReadEndsAtItsDeadline() async throws {
        try await withReactor { reactor async throws in
            let (client, server) = try await connectedPair(on: reactor)
            let start = Deadline.now
            await #expect(throws: StreamFailure.deadlineExceeded) {
                try await client.read(upTo: 10, deadline: start + .milliseconds(30))
            }
            #expect(Deadline.now - start >= .milliseconds(30))
            try await server.write("still usable", deadline: .after(soon))
            #expect(try await client.read(upTo: 100, deadline: .after(soon)) == Array("still usable".utf8))
        }
    }

    @Test func aLaterShorterDeadlineIsNotHiddenByAnEarlierLongerOne() async throws {
        try await withReactor { reactor async throws in
            let (client, server) = try await connectedPair(on: reactor)
            try await server.write("x", deadline: .after(soon))
            _ = try await client.read(upTo: 10, deadline: .after(.seconds(3_600)))
            for _ in 0..<3 {
                await #expect(throws: StreamFailure.deadlineExceeded) {
                    try await client.read(upTo: 10, deadline: .after(.milliseconds(5)))
                }
            }
        }
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
