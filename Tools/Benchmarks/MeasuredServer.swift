internal import Core
internal import Foundation
internal import Glibc
internal import LocalServers

/// A server under measurement: its processes, pinned to one core, and what they consume.
struct MeasuredServer {
    let name: String
    let port: Int
    private let child: ChildProcess

    static func ours(_ name: String, serving what: String, port: Int, log: String) throws -> MeasuredServer {
        try MeasuredServer(
            name: name, port: port, program: CommandLine.arguments[0], [HelloServer.role, what, String(port)], log)
    }

    static func nginx(port: Int, folder: String) throws -> MeasuredServer {
        let configuration = """
            worker_processes 1;
            pid \(folder)/nginx.pid;
            error_log \(folder)/nginx-error.log;
            daemon off;
            master_process off;
            worker_rlimit_nofile 20000;
            events { worker_connections 19000; }
            http {
                access_log off;
                keepalive_requests 1000000000;
                keepalive_timeout 3600s;
                server {
                    listen 127.0.0.1:\(port) backlog=4096;
                    location / { default_type text/plain; return 200 "\(HelloServer.body.dropLast())\\n"; }
                }
            }
            """
        let file = "\(folder)/nginx.conf"
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        return try MeasuredServer(
            name: "nginx", port: port, program: "/usr/sbin/nginx", ["-p", folder, "-c", file], "\(folder)/nginx.log")
    }

    private init(name: String, port: Int, program: String, _ arguments: [String], _ log: String) throws {
        self.name = name
        self.port = port
        child = try ChildProcess.start(
            ProcessLaunch(
                name: name, program: "/usr/bin/taskset", arguments: ["-c", "0", program] + arguments,
                output: .file(log)))
        let limit = Deadline.after(.seconds(10))
        while PlainHTTP.isAnswering(port: port) == false {
            guard !limit.hasPassed, child.isRunning else { throw BenchmarkFailure("\(name) did not start: see \(log)") }
            usleep(10_000)
        }
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

extension PlainHTTP {
    static func isAnswering(port: Int) -> Bool {
        guard let descriptor = LoopbackSocket.connect(port: port) else { return false }
        defer { close(descriptor) }
        return LoopbackSocket.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), on: descriptor)
            && LoopbackSocket.receive(upTo: 4_096, on: descriptor)?.isEmpty == false
    }
}
