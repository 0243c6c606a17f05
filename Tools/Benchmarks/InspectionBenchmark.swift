internal import Foundation
internal import Inspection
internal import Measuring

/// What the built-in rules cost per request, on one thread, for the requests that the product's targets name. The
/// processor's time of this thread is counted, not the wall's, so that a busy machine does not spoil the figure.
enum InspectionBenchmark {
    static func run() throws -> [Figure] {
        let engine = try InspectionEngine.builtIn()
        var figures: [Figure] = []
        for (name, requests, bar) in rows {
            let seconds = try measure(engine, requests)
            figures.append(
                Figure(name: "inspection.\(name)", value: seconds * 1e6, unit: "microseconds", bar: .atMost(bar)))
            let bytes = requests[0].body.count
            if bytes >= 64_000 {
                let megabytes = Double(bytes) / seconds / 1e6
                let rate: Figure.Bar = name.hasPrefix("plain") ? .atLeast(312) : .none
                figures.append(
                    Figure(name: "inspection.\(name).rate", value: megabytes, unit: "megabytes/s", bar: rate))
            }
        }
        if let figure = try modelFigure() { figures.append(figure) }
        return figures
    }

    /// The learned model's word on one value, of the length beyond which it does not read.
    private static func modelFigure() throws -> Figure? {
        guard let path = InspectionModel.file(configured: nil) else { return nil }
        let model = try InspectionModel([UInt8](try Data(contentsOf: URL(filePath: path))))
        let text = Array("1' UNION SELECT a, b FROM t WHERE 'x'='x' -- please leave the parcel at number 14; ".utf8)
        let value = (0..<InspectionModel.maximumText).map { text[$0 % text.count] }
        var best = Double.infinity
        for _ in 0..<15 {
            let started = ThreadClock.seconds()
            var sum: Float = 0
            for _ in 0..<1_000 { sum += model.probability(value.span) }
            guard sum > 0 else { fatalError("an attack's probability is 0") }
            best = min(best, (ThreadClock.seconds() - started) / 1_000)
        }
        return Figure(
            name: "inspection.model-512-byte-value", value: best * 1e6, unit: "microseconds", bar: .atMost(20))
    }

    /// The fastest of several rounds: what the work costs when nothing else disturbs the caches.
    private static func measure(_ engine: InspectionEngine, _ requests: [InspectedRequest]) throws -> Double {
        var scratch = try InspectionScratch()
        let repetitions = max(3, 400_000 / (requests[0].body.count + 500))
        var best = Double.infinity
        for _ in 0..<15 {
            let started = ThreadClock.seconds()
            for repetition in 0..<repetitions {
                let verdict = engine.inspect(requests[repetition % requests.count], .standard, &scratch)
                guard verdict.action == .allow else { fatalError("an honest request was judged \(verdict)") }
            }
            best = min(best, (ThreadClock.seconds() - started) / Double(repetitions))
        }
        return best
    }

    /// The bars of the first rows are what the gateway can spend and keep seven tenths of its throughput.
    private static let rows: [(String, [InspectedRequest], Double)] = [
        ("small-get", BenchmarkRequests.all { $0.smallGet() }, 8),
        ("get-300-byte-query", BenchmarkRequests.all { $0.longGet() }, 15),
        ("post-4-kilobyte-form", BenchmarkRequests.all { $0.form(bytes: 4_096) }, 60),
        ("post-4-kilobyte-json", BenchmarkRequests.all { $0.json(bytes: 4_096) }, 60),
        ("post-2-kilobyte-json", BenchmarkRequests.all { $0.json(bytes: 2_048) }, 40),
        ("post-64-kilobyte-form", BenchmarkRequests.all { $0.form(bytes: 65_536) }, 4_000),
        ("post-64-kilobyte-json", BenchmarkRequests.all { $0.json(bytes: 65_536) }, 4_000),
        ("plain-256-kilobytes", [BenchmarkRequests.one { $0.text(bytes: 262_144) }], 4_000),
    ]
}
