import Core
import Foundation
import Synchronization
import TestSupport
import Testing

/// The probe as a child process, with what it wrote to its standard error.
final class Probe: Sendable {
    private let process: Mutex<Process>
    private let errors = Received()
    private let answers = Received()
    let directory: String

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("probe-\(UUIDv7())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let child = Process()
        child.executableURL = URL(fileURLWithPath: try BuiltExecutables.path("kit-probe"))
        child.arguments = arguments
        child.environment = [
            "INFINITE_METRICS_ADMIN_LISTEN": "127.0.0.1:0", "INFINITE_METRICS_LOG_CRASH_DIRECTORY": directory,
            "INFINITE_METRICS_DATABASE_PORT": "1", "INFINITE_METRICS_BUS_PORT": "1",
        ].merging(environment) { $1 }
        let (errors, answers) = (Pipe(), Pipe())
        child.standardError = errors
        child.standardOutput = answers
        self.errors.fill(from: errors)
        self.answers.fill(from: answers)
        try child.run()
        process = Mutex(child)
    }

    deinit {
        process.withLock { if $0.isRunning { kill($0.processIdentifier, SIGKILL) } }
        try? FileManager.default.removeItem(atPath: directory)
    }

    var pid: Int32 { process.withLock { $0.processIdentifier } }
    var log: [String] { errors.text.split(separator: "\n").map(String.init) }
    var answer: String { answers.text }
    func send(_ signal: Int32) { kill(pid, signal) }

    func line(_ part: String) async throws -> String {
        try await eventually("a line with \(part)", within: .seconds(30)) { self.log.first { $0.contains(part) } }
    }

    /// The exit status; a signal as 128 more than its number.
    func status() async throws -> Int32 {
        try await eventually("the probe's end", within: .seconds(30)) { self.process.withLock { !$0.isRunning } }
        return process.withLock {
            $0.terminationReason == .uncaughtSignal ? 128 + $0.terminationStatus : $0.terminationStatus
        }
    }

    func serving() async throws -> URL {
        _ = try await line("\"serving\"")
        return try await administration()
    }

    func administration() async throws -> URL {
        let line = try await line("administration endpoint listens")
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let address = try #require(object?["address"] as? String)
        return try #require(URL(string: "http://\(address)"))
    }
}

/// What came through a pipe so far.
private final class Received: Sendable {
    private let data = Mutex(Data())

    var text: String { String(decoding: data.withLock { $0 }, as: UTF8.self) }

    /// On a thread of its own. With a `readabilityHandler`, which takes itself away at the end, Foundation closes a
    /// descriptor of which libdispatch may just be handling an event, and sometimes that ends the process.
    func fill(from pipe: Pipe) {
        Thread.detachNewThread { [self] in
            while case let piece = pipe.fileHandleForReading.availableData, !piece.isEmpty {
                data.withLock { $0.append(piece) }
            }
        }
    }
}

/// curl, because it is not our code.
private func curl(_ arguments: [String]) async throws -> (status: Int, text: String) {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
    child.arguments = ["-s", "--max-time", "20", "-w", "\n%{http_code}"] + arguments
    let pipe = Pipe()
    child.standardOutput = pipe
    try child.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    child.waitUntilExit()
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
}

@Suite(.serialized) struct ServiceProcessTests {
    @Test func `SIGTERM stops the service first and then its parts in reverse`() async throws {
        let probe = try Probe([])
        _ = try await probe.serving()
        probe.send(SIGTERM)
        #expect(try await probe.status() == 0)
        let order = probe.log.compactMap { line in
            ["probe stops", "\"second\"", "\"first\"", "\"stopped\""].first { line.contains($0) }
        }
        #expect(order == ["probe stops", "\"second\"", "\"first\"", "\"stopped\""])
    }

    @Test func `a second signal ends a process that is slow to stop`() async throws {
        let probe = try Probe(
            [], environment: ["INFINITE_METRICS_STOP_TAKES": "1h", "INFINITE_METRICS_LIMITS_STOP_TIMEOUT": "1h"])
        _ = try await probe.serving()
        probe.send(SIGINT)
        _ = try await probe.line("probe stops")
        probe.send(SIGTERM)
        #expect(try await probe.status() == 128 + SIGTERM)
        _ = try await probe.line("stopping at once")
    }

    @Test func `a part that does not stop is left behind when its time is up`() async throws {
        let probe = try Probe(
            [], environment: ["INFINITE_METRICS_STOP_TAKES": "1h", "INFINITE_METRICS_LIMITS_STOP_TIMEOUT": "300ms"])
        _ = try await probe.serving()
        probe.send(SIGTERM)
        #expect(try await probe.status() == 0)
        _ = try await probe.line("did not stop in time")
    }

    @Test func `SIGHUP reloads and the process serves on`() async throws {
        let probe = try Probe([])
        _ = try await probe.serving()
        probe.send(SIGHUP)
        _ = try await probe.line("probe reloads")
        probe.send(SIGTERM)
        #expect(try await probe.status() == 0)
    }

    @Test func `as text, lines have no colours where no terminal shows them`() async throws {
        let probe = try Probe([], environment: ["INFINITE_METRICS_LOG_FORMAT": "text"])
        let line = try await probe.line("administration endpoint listens")
        #expect(line.contains(" info    the administration endpoint listens  "))
        #expect(!line.contains("\u{1b}"))
    }

    @Test func `without broker and database it needs, it lives, is not ready, and says why`() async throws {
        let probe = try Probe([], environment: ["PROBE_WAITS_FOR_DEPENDENCIES": "1"])
        let address = try await probe.administration()
        _ = try await probe.line("PostgreSQL cannot be reached")
        #expect(try await curl([address.appendingPathComponent("livez").absoluteString]).status == 200)
        let ready = try await curl([address.appendingPathComponent("readyz").absoluteString])
        #expect(ready.status == 503)
        #expect(ready.text.contains("\"ready\":false"))
        #expect(ready.text.contains("\"service\":\"starting: waiting for database\""))
        #expect(ready.text.contains("\"database\":\"PostgreSQL cannot be reached"))
    }

    @Test func `without broker and database, which it can do without, it is ready and says what is missing`()
        async throws
    {
        let probe = try Probe([])
        let address = try await probe.serving()
        _ = try await probe.line("PostgreSQL cannot be reached")
        let live = try await curl([address.appendingPathComponent("livez").absoluteString])
        #expect(live.status == 200)
        let ready = try await curl([address.appendingPathComponent("readyz").absoluteString])
        #expect(ready.status == 200)
        #expect(ready.text.contains("\"ready\":true"))
        #expect(ready.text.contains("\"service\":\"ready\""))
        #expect(ready.text.contains("\"database\":\"degraded: PostgreSQL cannot be reached"))
        #expect(ready.text.contains("\"broker\":\"degraded: "))
        let metrics = try await curl([address.appendingPathComponent("metrics").absoluteString])
        #expect(metrics.text.contains("\ndependency_up{dependency=\"database\"} 0\n"))
        #expect(metrics.text.contains("process_resident_memory_bytes"))
        let configuration = try await curl([address.appendingPathComponent("config").absoluteString])
        #expect(configuration.text.contains("# environment INFINITE_METRICS_ADMIN_LISTEN"))
        #expect(try await curl([address.appendingPathComponent("nothing").absoluteString]).status == 404)
        probe.send(SIGTERM)
        #expect(try await probe.status() == 0)
    }

    @Test func `a service that cannot start ends with its reason`() async throws {
        let probe = try Probe([], environment: ["INFINITE_METRICS_FAILURE": "no room at the inn"])
        #expect(try await probe.status() == 1)
        let line = try await probe.line("the service could not start")
        #expect(line.contains("no room at the inn"))
    }

    @Test func `a crash leaves a report with a backtrace`() async throws {
        let probe = try Probe([])
        let address = try await probe.serving()
        _ = try await curl(["-X", "POST", address.appendingPathComponent("crash").absoluteString])
        let status = try await probe.status()
        #expect([128 + SIGILL, 128 + SIGTRAP].contains(status))
        _ = try await probe.line("*** metrics 0.1.0 crashed: SIG")
        let path = "\(probe.directory)/infinite-metrics-\(probe.pid).crash"
        let report = try String(contentsOfFile: path, encoding: .utf8)
        #expect(report.contains("backtrace:\n"))
        #expect(report.contains("kit-probe("))
        #expect(report.contains("thread: "))
        #expect(report.hasSuffix("*** end of report\n"))
    }

    @Test func `a segmentation fault sent from outside is reported and still ends the process`() async throws {
        let probe = try Probe([])
        _ = try await probe.serving()
        probe.send(SIGSEGV)
        #expect(try await probe.status() == 128 + SIGSEGV)
        #expect(FileManager.default.fileExists(atPath: "\(probe.directory)/infinite-metrics-\(probe.pid).crash"))
    }

    @Test func `the verbs answer and end`() async throws {
        let version = try Probe(["--version"])
        #expect(try await version.status() == 0)
        try await eventually("the version") { version.answer == "metrics 0.1.0\n" }

        let help = try Probe(["--help"])
        #expect(try await help.status() == 0)
        try await eventually("the help") { help.answer.contains("INFINITE_METRICS_STOP_TAKES") }

        let usage = try Probe(["serve"])
        #expect(try await usage.status() == 64)
        _ = try await usage.line("metrics: \"serve\" is not known")

        let good = try Probe(["check-config"])
        #expect(try await good.status() == 0)
        try await eventually("the verdict") { good.answer.contains("the configuration is good") }

        let bad = try Probe(["check-config"], environment: ["INFINITE_METRICS_STOP_TAKES": "soon"])
        #expect(try await bad.status() == 78)
        _ = try await bad.line("environment INFINITE_METRICS_STOP_TAKES: stop_takes is \"soon\"; it must be a duration")

        let missing = try Probe(["run", "--config", "/nowhere.yaml"])
        #expect(try await missing.status() == 78)
        _ = try await missing.line("/nowhere.yaml: the configuration file cannot be read: it does not exist")

        let printed = try Probe(["print-config"], environment: ["INFINITE_METRICS_DATABASE_PASSWORD": "hunter2"])
        #expect(try await printed.status() == 0)
        try await eventually("the listing") { printed.answer.contains("database.password: (secret)") }
        #expect(!printed.answer.contains("hunter2"))
    }
}
