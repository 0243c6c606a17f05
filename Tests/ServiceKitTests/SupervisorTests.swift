import Core
import Foundation
import LocalServers
import Synchronization
import TestSupport
import Testing

/// `supervise` on real processes and sockets: who connects is never refused.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SupervisorTests {
    private func supervised(_ environment: [String: String] = [:]) throws -> (probe: Probe, port: UInt16) {
        let port = UInt16(try FreePort.choose())
        let listen = ["INFINITE_METRICS_ADMIN_LISTEN": "127.0.0.1:\(port)"]
        return (try Probe(["supervise"], environment: listen.merging(environment) { $1 }), port)
    }

    /// The processes of which the log says that they were started.
    private func processes(_ probe: Probe) -> [Int32] {
        probe.log.filter { $0.contains("a process was started") }.compactMap { line in
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return (object?["process"] as? Int).map { Int32($0) }
        }
    }

    private func count(_ probe: Probe, _ part: String) -> Int { probe.log.count { $0.contains(part) } }

    /// Asks for `/livez` again and again on new connections until told to end; what went wrong.
    private final class Client: Sendable {
        private let isDone = Atomic(false)
        private let thread: Mutex<[String]?> = Mutex(nil)
        let answered = Atomic(0)

        init(port: UInt16) {
            Thread.detachNewThread { [self] in
                var failures: [String] = []
                while !isDone.load(ordering: .acquiring) {
                    if let failure = PlainHTTP.failure(of: "/livez", port: port) { failures.append(failure) }
                    answered.wrappingAdd(1, ordering: .relaxed)
                }
                thread.withLock { $0 = failures }
            }
        }

        func end() async throws -> [String] {
            isDone.store(true, ordering: .releasing)
            return try await eventually("the client's end") { self.thread.withLock { $0 } }
        }
    }

    @Test func `A process is replaced under load without a failed request`() async throws {
        let (probe, port) = try supervised()
        _ = try await probe.line("\"serving\"")
        let client = Client(port: port)
        for round in 1...3 {
            let before = client.answered.load(ordering: .relaxed)
            try await eventually("requests are answered") { client.answered.load(ordering: .relaxed) > before + 20 }
            probe.send(SIGUSR2)
            try await eventually("the old process has left") { count(probe, "a process has ended") == round }
        }
        #expect(try await client.end() == [])
        #expect(processes(probe).count == 4)
        probe.send(SIGTERM)
        #expect(try await probe.status() == 0)
    }

    @Test func `Who connects while a killed process is started anew waits and is answered`() async throws {
        let (probe, port) = try supervised()
        _ = try await probe.line("\"serving\"")
        let first = try #require(processes(probe).first)
        kill(first, SIGKILL)
        // At once: nobody accepts yet, and nobody refuses.
        #expect(PlainHTTP.failure(of: "/livez", port: port) == nil)
        try await eventually("another process") { processes(probe).count == 2 }
        #expect(try await probe.line("has died").contains("another one is started"))
        probe.send(SIGTERM)
        #expect(try await probe.status() == 0)
    }

    @Test func `A process that cannot start ends the supervisor with its status`() async throws {
        let (probe, _) = try supervised(["INFINITE_METRICS_FAILURE": "no luck"])
        #expect(try await probe.status() == 1)
    }

    @Test func `When the supervisor is killed its process ends too`() async throws {
        let (probe, port) = try supervised()
        _ = try await probe.line("\"serving\"")
        let worker = try #require(processes(probe).first)
        probe.send(SIGKILL)
        try await eventually("the process is gone") { kill(worker, 0) != 0 }
        #expect(PlainHTTP.failure(of: "/livez", port: port) != nil)
    }
}

/// One request on a connection of its own, by the system calls alone.
private enum PlainHTTP {
    /// Nil when it was answered with 200.
    static func failure(of path: String, port: UInt16) -> String? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return "socket: \(errno)" }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return "connect: \(errno)" }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)
        guard unsafe send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return "send: \(errno)"
        }
        var answer = [UInt8](repeating: 0, count: 64)
        let count = unsafe recv(descriptor, &answer, answer.count, 0)
        guard count > 0 else { return "recv: \(count) \(errno)" }
        let text = String(decoding: answer.prefix(count), as: UTF8.self)
        return text.hasPrefix("HTTP/1.1 200") ? nil : text
    }
}
