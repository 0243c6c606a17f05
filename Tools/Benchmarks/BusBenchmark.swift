internal import Contracts
internal import Core
internal import Foundation
internal import Glibc
internal import LocalServers
internal import Measuring
internal import Messaging
internal import Reactor

/// The bus between processes: a producer, the broker and a consumer that decodes share this machine's cores.
enum BusBenchmark {
    private static let events = 1_000_000
    static let password = "benchmark"

    static func run() async throws -> [Figure] {
        let folder = "/tmp/infinite-bench-bus.\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let credentials = Dictionary(
            uniqueKeysWithValues: ServiceName.allCases.map { ($0, BusCredential(service: $0, password: password)) })
        let definitions = Topology.definitions(virtualHost: "/", credentials: credentials)
        let broker = try PrivateRabbitMQ(
            folder: folder, memoryLimitBytes: 2 << 30
        ) { _ in String(decoding: definitions, as: UTF8.self) }
        try await broker.start()
        // One consuming service: the stream's other consumer is not running and would only collect.
        try await broker.evaluate(
            #"rabbit_exchange:delete(rabbit_misc:r(<<"/">>, exchange, <<"metrics.requests">>), false, <<"benchmark">>)."#
        )
        // Quorum queues take a moment to elect their leaders after they were declared.
        try await Task.sleep(for: .seconds(2))
        let figures = try await [throughput(broker)] + calls(broker)
        await broker.stop()
        return figures
    }

    private static func throughput(_ broker: PrivateRabbitMQ) async throws -> Figure {
        let consumer = try Peer("consume", broker, number: events)
        try await consumer.wait(for: "ready")
        let producer = try Peer("produce", broker, number: events)
        let began = try await producer.wait(for: "began")
        let ended = try await consumer.wait(for: "ended", limit: .seconds(240))
        await producer.stop()
        await consumer.stop()
        let rate = Double(events) / (Double(ended - began) / 1e9)
        return Figure(name: "bus.events-per-second", value: rate, unit: "events/s", bar: .atLeast(50_000))
    }

    private static func calls(_ broker: PrivateRabbitMQ) async throws -> [Figure] {
        let server = try Peer("answer", broker, number: 0)
        try await server.wait(for: "ready")
        let bus = try await BusPeer.connect(.gateway, port: UInt16(broker.port), password: password)
        _ = try await time(1_000, inFlight: 1, bus)
        let one = try await time(5_000, inFlight: 1, bus)
        let began = Deadline.now
        let many = try await time(20_000, inFlight: 32, bus)
        let rate = 20_000 / (Deadline.now - began).inSeconds
        await bus.stop(deadline: .after(.seconds(5)))
        await server.stop()
        return [
            Figure(name: "bus.call-p50", value: percentile(one, 0.5), unit: "ms", bar: .none),
            Figure(name: "bus.call-p99", value: percentile(one, 0.99), unit: "ms", bar: .atMost(5)),
            Figure(name: "bus.call-p99-32-in-flight", value: percentile(many, 0.99), unit: "ms", bar: .atMost(20)),
            Figure(name: "bus.calls-per-second-32-in-flight", value: rate, unit: "calls/s", bar: .none),
        ]
    }

    /// Milliseconds of each call.
    private static func time(_ count: Int, inFlight: Int, _ bus: Bus) async throws -> [Double] {
        try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<inFlight {
                group.addTask {
                    try await bus.reactor.perform {
                        var durations: [Double] = []
                        for number in 0..<(count / inFlight) {
                            let began = Deadline.now
                            let answer = try await bus.call(
                                MetricsRPC.getOverview, GetOverviewRequest(minutes: UInt32(number)),
                                deadline: .after(.seconds(5)))
                            guard answer.openIncidents == UInt64(number) else {
                                throw BenchmarkFailure("a wrong answer")
                            }
                            durations.append((Deadline.now - began).inSeconds * 1_000)
                        }
                        return durations
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func percentile(_ values: [Double], _ fraction: Double) -> Double {
        let sorted = values.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * fraction))]
    }

    /// A process of this program in another role, and the lines it prints.
    struct Peer {
        private let name: String
        private let output: String
        private let child: ChildProcess

        init(_ task: String, _ broker: PrivateRabbitMQ, number: Int) throws {
            name = task
            output = "\(broker.folder)/logs/\(task)"
            child = try ChildProcess.start(
                ProcessLaunch(
                    name: task, program: CommandLine.arguments[0],
                    arguments: [BusPeer.role, task, String(broker.port), BusBenchmark.password, String(number)],
                    output: .file(output)))
        }

        /// The number behind `word`, 0 when there is none.
        @discardableResult
        func wait(for word: String, limit: Duration = .seconds(60)) async throws -> Int64 {
            let deadline = Deadline.after(limit)
            while true {
                let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
                for line in text.split(separator: "\n") where line.hasPrefix(word) {
                    return line.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0
                }
                guard !deadline.hasPassed, child.isRunning || text.contains(word) else {
                    throw BenchmarkFailure("\(name) never said \(word): \(text)")
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        func stop() async { _ = await child.stop() }
    }
}
