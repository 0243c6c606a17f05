internal import Core
internal import Glibc
internal import HTTP
internal import Reactor
internal import TLS

/// The other end of the runtime benchmark, in a process of its own so that its processor time is its own: one reactor,
/// and an answer of the same bytes that nginx gives.
enum HelloServer {
    static let role = "hello-server"
    static let body = "Hello, world!\n"

    /// `arguments`: what serves, the port, and for TLS a certificate and its key. Never returns.
    static func serve(_ arguments: [String]) async -> Never {
        guard arguments.count == 2 || arguments.count == 4, let port = UInt16(arguments[1]) else { exit(2) }
        do {
            let group = try ReactorGroup(count: 1)
            switch arguments[0] {
            case "raw": try await serveRaw(.loopback(port: port), on: group.next())
            case "http": try await serveHTTP(.loopback(port: port), on: group, tls: tls(arguments.dropFirst(2)))
            default: exit(2)
            }
            // Until the benchmark kills this process.
            while true { try await Reactor.sleep(for: .seconds(3_600)) }
        } catch {
            print("hello-server: \(error)")
            exit(1)
        }
    }

    private static func tls(_ files: ArraySlice<String>) throws -> TLSServerContext? {
        guard let chain = files.first, let key = files.last else { return nil }
        return try TLSServerContext(
            TLSServerConfiguration(certificates: [TLSCertificateFiles(chain: chain, key: key)]))
    }

    /// The server of the product, with an answer prepared beforehand, as nginx's `return` has it.
    private static func serveHTTP(
        _ address: SocketAddress, on group: ReactorGroup, tls: TLSServerContext?
    ) async throws {
        var configuration = HTTPServerConfiguration(address: address, tls: tls)
        configuration.maximumConnections = 19_000
        configuration.timeouts.idle = .seconds(3_600)
        var headers = HTTPHeaders()
        headers.add("Server", "infinite/0.1.0")
        headers.add("Content-Type", "text/plain")
        let answer = HTTPStaticResponse(.ok, headers: headers, body: Array(body.utf8))
        _ = try await HTTPServer(configuration, group: group, handler: Hello(answer: answer)).start()
    }

    private struct Hello: HTTPHandler {
        let answer: HTTPStaticResponse

        func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
            try await response.respond(answer)
        }
    }

    /// The reactor alone: it looks for the end of a request's head and understands nothing else of HTTP.
    private static func serveRaw(_ address: SocketAddress, on reactor: Reactor) async throws {
        let listener = try await reactor.perform { () throws(ReactorFailure) -> Listener in
            try await Listener.bind(address, on: reactor)
        }
        let answer = Array(
            ("HTTP/1.1 200 OK\r\nServer: infinite/0.1.0\r\nDate: Sat, 21 Nov 2026 11:11:11 GMT\r\n"
                + "Content-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\nConnection: keep-alive\r\n\r\n\(body)")
                .utf8)
        reactor.run {
            while let socket = try? await listener.accept() {
                reactor.run { await answerRequests(on: socket, with: answer) }
            }
        }
    }

    private static func answerRequests(on socket: StreamSocket, with answer: [UInt8]) async {
        defer { socket.close() }
        try? await socket.reactor.withCancellationCovered { () async throws(StreamFailure) in
            while true {
                let count = unsafe try await socket.read(
                    into: socket.reactor.scratch, deadline: socket.reactor.turn + .seconds(60))
                guard count >= 4, unsafe socket.reactor.scratch[count - 1] == UInt8(ascii: "\n") else { return }
                try await socket.write(answer, deadline: socket.reactor.turn + .seconds(60))
            }
        }
    }
}
