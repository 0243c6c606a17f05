internal import Core
internal import Foundation
internal import Glibc
internal import LocalServers
internal import Reactor

/// Connections that have been served once and then rest, in this process or, where one process may not hold that many,
/// in another one.
enum HeldConnections {
    static let role = "hold-connections"
    private static let patience = Duration.seconds(60)

    static func open(_ count: Int, to port: Int, path: String, on reactor: Reactor) async throws -> [StreamSocket] {
        guard let port = UInt16(exactly: port) else { throw BenchmarkFailure("\(port) is no port") }
        return try await reactor.perform { () async throws -> [StreamSocket] in
            var sockets: [StreamSocket] = []
            let deadline = Deadline.after(patience)
            for _ in 0..<count {
                let socket = try await StreamSocket.connect(
                    to: .loopback(port: port), on: reactor, deadline: deadline)
                try await socket.write("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n", deadline: deadline)
                guard try await !socket.read(upTo: 4_096, deadline: deadline).isEmpty else {
                    throw BenchmarkFailure("the server at \(port) closed an idle connection")
                }
                sockets.append(socket)
            }
            return sockets
        }
    }

    // MARK: In another process

    /// Returns when all of them are there.
    static func start(_ count: Int, to port: Int, path: String, folder: String) async throws -> ChildProcess {
        let log = "\(folder)/\(role)-\(port).log"
        let child = try ChildProcess.start(
            ProcessLaunch(
                name: role, program: CommandLine.arguments[0], arguments: [role, String(port), path, String(count)],
                output: .file(log)))
        let limit = Deadline.after(patience)
        while try !String(contentsOfFile: log, encoding: .utf8).contains(heldMark) {
            guard !limit.hasPassed, child.isRunning else {
                throw BenchmarkFailure("\(count) connections could not be opened: see \(log)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return child
    }

    private static let heldMark = "held"

    /// `arguments`: port, path, how many. Never returns.
    static func hold(_ arguments: [String]) async -> Never {
        guard arguments.count == 3, let port = Int(arguments[0]), let count = Int(arguments[2]) else { exit(2) }
        do {
            let group = try ReactorGroup(count: 1)
            let held = try await open(count, to: port, path: arguments[1], on: group.next())
            print("\(heldMark) \(held.count)")
            fflush(nil)
            // Until the benchmark kills this process.
            while true { try await Reactor.sleep(for: .seconds(3_600)) }
        } catch {
            print("\(role): \(error)")
            exit(1)
        }
    }
}
