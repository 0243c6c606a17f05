internal import Core
internal import Foundation
internal import Glibc
internal import LocalServers

/// A server under measurement: its processes, pinned to one core, and what they consume.
struct MeasuredServer {
    private(set) var name: String
    let port: Int
    private let child: ChildProcess

    /// The hello server of this program; with a certificate it speaks TLS.
    static func hello(
        _ name: String, serving what: String, port: Int, folder: String, certificate: TestCertificate? = nil
    ) throws -> MeasuredServer {
        try MeasuredServer(
            name: name, port: port, program: CommandLine.arguments[0],
            [HelloServer.role, what, String(port)] + (certificate.map { [$0.chain, $0.key] } ?? []),
            log: "\(folder)/\(name)-\(port).log")
    }

    static func helloNginx(port: Int, folder: String, certificate: TestCertificate? = nil) throws -> MeasuredServer {
        try nginx(
            port: port, folder: folder,
            http: """
                server {
                    listen 127.0.0.1:\(port)\(certificate == nil ? "" : " ssl") backlog=4096;
                    \(certificate?.nginx ?? "")
                    location / { default_type text/plain; return 200 "\(HelloServer.body.dropLast())\\n"; }
                }
                """)
    }

    /// One worker, no log, connections kept for ever. `http` is what stands in its block of that name beyond that.
    static func nginx(
        _ name: String = "nginx", port: Int, folder: String, http: String, core: Int = 0
    ) throws -> MeasuredServer {
        let configuration = """
            worker_processes 1;
            pid \(folder)/\(name)-\(port).pid;
            error_log \(folder)/\(name)-\(port).error.log;
            daemon off;
            master_process off;
            worker_rlimit_nofile 20000;
            events { worker_connections 19000; }
            http {
                access_log off;
                keepalive_requests 1000000000;
                keepalive_timeout 3600s;
                \(http)
            }
            """
        let file = "\(folder)/\(name)-\(port).conf"
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        return try MeasuredServer(
            name: name, port: port, program: "/usr/sbin/nginx", ["-p", folder, "-c", file],
            log: "\(folder)/\(name)-\(port).log", core: core)
    }

    init(
        name: String, port: Int, program: String, _ arguments: [String], log: String, core: Int = 0
    ) throws {
        self.name = name
        self.port = port
        child = try ChildProcess.start(
            ProcessLaunch(
                name: name, program: "/usr/bin/taskset", arguments: ["-c", String(core), program] + arguments,
                output: .file(log)))
        let limit = Deadline.after(.seconds(10))
        while !LoopbackSocket.isAccepting(port: port) {
            guard !limit.hasPassed, child.isRunning else { throw BenchmarkFailure("\(name) did not start: see \(log)") }
            usleep(10_000)
        }
    }

    /// The same server under another name, for being compared with itself.
    func named(_ name: String) -> MeasuredServer {
        var copy = self
        copy.name = name
        return copy
    }

    func stop() async { _ = await child.stop() }

    /// Nanoseconds on a core, all threads together.
    func processorNanoseconds() throws -> Int64 {
        let folder = "/proc/\(child.processID)/task"
        return try FileManager.default.contentsOfDirectory(atPath: folder).reduce(0) { sum, thread in
            let text = try String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8)
            return sum + (text.split(separator: " ").first.flatMap { Int64($0) } ?? 0)
        }
    }

    /// Anonymous memory that is resident: heap and stacks, not the executable's pages.
    func privateBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(child.processID)/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }
}

struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension LoopbackSocket {
    static func isAccepting(port: Int) -> Bool {
        guard let descriptor = connect(port: port) else { return false }
        close(descriptor)
        return true
    }
}
