internal import Core
internal import Database
internal import Foundation
internal import LocalServers
internal import Measuring
internal import Messaging

/// The detector's executable: what one thread judges, what a million clients cost, and the whole way from a producer
/// through the broker to judgement, with producer, broker and database on the same machine.
enum DetectorBenchmark {
    private static let events = 1_000_000
    private static let password = BusBenchmark.password

    static func run() async throws -> [Figure] {
        try await BenchmarkFolder.use { folder in try await inProcess() + [endToEnd(folder)] }
    }

    private static var executable: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("detector")
            .path
    }

    private static func inProcess() async throws -> [Figure] {
        let printed = try await Programs.run(
            ProcessLaunch(name: "measure", program: executable, arguments: ["measure"], output: .file("/dev/null")))
        let words = printed.split(whereSeparator: \.isWhitespace)
        let numbers = Dictionary(
            zip(words, words.dropFirst()).compactMap { name, value in Double(value).map { (String(name), $0) } },
            uniquingKeysWith: { $1 })
        guard let decoded = numbers["decoded-and-judged-per-second"], let judged = numbers["judged-per-second"],
            let bytes = numbers["memory-bytes"]
        else { throw BenchmarkFailure("detector measure printed: \(printed)") }
        return [
            Figure(name: "detector.decoded-and-judged", value: decoded, unit: "events/s", bar: .atLeast(50_000)),
            Figure(
                name: "detector.judged-of-a-million-clients", value: judged, unit: "events/s", bar: .atLeast(50_000)),
            Figure(
                name: "detector.memory-of-a-million-clients", value: bytes / 1e6, unit: "megabytes", bar: .atMost(1_000)
            ),
        ]
    }

    // MARK: The whole way

    private static func endToEnd(_ folder: String) async throws -> Figure {
        let credentials = Dictionary(
            uniqueKeysWithValues: ServiceName.allCases.map { ($0, BusCredential(service: $0, password: password)) })
        let definitions = Topology.definitions(virtualHost: "/", credentials: credentials)
        let broker = try PrivateRabbitMQ(folder: "\(folder)/rabbitmq", memoryLimitBytes: 2 << 30) { _ in
            String(decoding: definitions, as: UTF8.self)
        }
        let store = try PrivatePostgreSQL(folder: "\(folder)/postgresql")
        try await broker.start()
        try await store.start()
        // The stream's other consumer is not running and would only collect.
        try await broker.evaluate(
            #"rabbit_exchange:delete(rabbit_misc:r(<<"/">>, exchange, <<"metrics.requests">>), false, <<"benchmark">>)."#
        )
        let detector = try await start(broker, store, folder)
        let rate = try await judgedPerSecond(detector, broker)
        await detector.stop()
        await broker.stop()
        await store.stop()
        return Figure(name: "detector.end-to-end", value: rate, unit: "events/s", bar: .atLeast(50_000))
    }

    /// The service, ready, with its schema.
    private static func start(
        _ broker: PrivateRabbitMQ, _ store: PrivatePostgreSQL, _ folder: String
    ) async throws -> MeasuredDetector {
        let logins = [SchemaProvisioning.Login(.detector, password: password)]
        let provisioning = SchemaProvisioning(database: "postgres", logins: logins, migratorPassword: password)
        try await store.execute(provisioning.script.text)
        let port = try FreePort.choose()
        let file = "\(folder)/detector.yaml"
        try """
        log:
          level: warning
        admin:
          listen: 127.0.0.1:\(port)
        bus:
          port: \(broker.port)
          virtual_host: /
          password: \(password)
        database:
          port: \(store.port)
          name: postgres
          password: \(password)
          migrator_password: \(password)
        detection:
          clients: 1000000

        """.write(toFile: file, atomically: true, encoding: .utf8)
        _ = try await Programs.run(
            ProcessLaunch(
                name: "migrate", program: executable, arguments: ["migrate", "--config", file],
                output: .file("/dev/null")))
        return try await MeasuredDetector(program: executable, configuration: file, port: port, folder: folder)
    }

    private static func judgedPerSecond(_ detector: MeasuredDetector, _ broker: PrivateRabbitMQ) async throws -> Double
    {
        let producer = try BusBenchmark.Peer("produce", broker, number: events)
        let began = try await producer.wait(for: "began")
        let limit = Deadline.after(.seconds(120))
        while try detector.judged < events {
            guard !limit.hasPassed else { throw BenchmarkFailure("only \(try detector.judged) events were judged") }
            try await Task.sleep(for: .milliseconds(20))
        }
        let ended = Deadline.now.uptimeNanoseconds
        await producer.stop()
        return Double(events) / (Double(ended - began) / 1e9)
    }
}

/// The detector as a process, and what its metrics say.
private struct MeasuredDetector {
    private let child: ChildProcess
    private let port: Int

    init(program: String, configuration: String, port: Int, folder: String) async throws {
        self.port = port
        let log = "\(folder)/detector.log"
        child = try ChildProcess.start(
            ProcessLaunch(
                name: "detector", program: program, arguments: ["run", "--config", configuration], output: .file(log)))
        let limit = Deadline.after(.seconds(30))
        while try PlainHTTP.send("GET", "/readyz", port: port)?.status != 200 || metric("detector_partitions") != 4 {
            guard !limit.hasPassed, child.isRunning else {
                let told = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                throw BenchmarkFailure("the detector did not become ready: \(told)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    var judged: Int { get throws { try metric("detector_requests_total") ?? metric("detector_requests") ?? 0 } }

    func stop() async { _ = await child.stop() }

    private func metric(_ name: String) throws -> Int? {
        let text = PlainHTTP.send("GET", "/metrics", port: port)?.text ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line?.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) }
    }
}
