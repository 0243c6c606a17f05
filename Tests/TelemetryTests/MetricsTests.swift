import Core
import Telemetry
import Testing

@Suite struct MetricsTests {
    private let registry = MetricsRegistry()

    private func text(_ format: ExpositionFormat = .prometheusText) -> String {
        String(decoding: registry.exposition(format), as: UTF8.self)
    }

    @Test func `the Prometheus text is exactly this`() {
        let requests = registry.counter(
            "gateway_requests_total", help: "Requests,\nby \\ outcome.", labels: ["outcome": ["ok", "say \"no\""]])
        requests["ok"].increment()
        requests["ok"].increment(by: 2)
        requests["say \"no\""].increment()
        requests["GET /etc/passwd"].increment()
        registry.gauge("connections", help: "Open connections.").set(-4)
        let waits = registry.histogram("wait_seconds", help: "Waits.", buckets: [0.5, 1])
        for value in [0.25, 0.5, 0.75, 40] { waits.observe(value) }
        registry.observedGauge("pool_idle", help: "Idle.") { 2.5 }
        #expect(
            text() == #"""
                # HELP connections Open connections.
                # TYPE connections gauge
                connections -4
                # HELP gateway_requests_total Requests,\nby \\ outcome.
                # TYPE gateway_requests_total counter
                gateway_requests_total{outcome="ok"} 3
                gateway_requests_total{outcome="say \"no\""} 1
                gateway_requests_total{outcome="other"} 1
                # HELP pool_idle Idle.
                # TYPE pool_idle gauge
                pool_idle 2.5
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.5"} 2
                wait_seconds_bucket{le="1"} 3
                wait_seconds_bucket{le="+Inf"} 4
                wait_seconds_sum 41.5
                wait_seconds_count 4

                """#)
    }

    @Test func `OpenMetrics names counter families without their suffix and ends with EOF`() {
        registry.counter("events", help: "Events.").increment(by: 7)
        #expect(text(.openMetrics) == "# HELP events Events.\n# TYPE events counter\nevents_total 7\n# EOF\n")
    }

    @Test func `declaring a metric again returns the same one`() {
        let first = registry.counter("a_total", help: "A.", labels: ["x": ["1"], "y": ["2", "3"]])
        let second = registry.counter("a_total", help: "A.", labels: ["x": ["1"], "y": ["2", "3"]])
        first["1", "3"].increment()
        #expect(second["1", "3"] === first["1", "3"])
        #expect(text().contains("a_total{x=\"1\",y=\"3\"} 1\n"))
    }

    @Test func `values a client invents never make a new series`() {
        let family = registry.counter("b_total", help: "B.", labels: ["method": ["GET", "POST"], "code": ["200"]])
        let before = text().split(separator: "\n").count
        for number in 0..<1_000 { family["METHOD\(number)", "\(number)"].increment() }
        #expect(text().split(separator: "\n").count == before)
        #expect(family["other", "other"].value == 999)
        #expect(family["other", "200"].value == 1)
    }

    @Test func `increments from many tasks are all counted`() async {
        let counter = registry.counter("c_total", help: "C.")
        let histogram = registry.histogram("d_seconds", help: "D.")
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.increment()
                        histogram.observe(.milliseconds(1))
                    }
                }
            }
        }
        #expect(counter.value == 80_000)
        #expect(histogram.count == 80_000)
        #expect(abs(histogram.sum - 80) < 0.001)
    }

    @Test(arguments: [(0.5, 0.001), (0.9, 0.01), (1.0, Double.infinity)])
    func `a quantile is the bound of the bucket it falls in`(fraction: Double, expected: Double) {
        let histogram = Histogram(bounds: [0.001, 0.01])
        for _ in 0..<60 { histogram.observe(0.000_5) }
        for _ in 0..<30 { histogram.observe(0.005) }
        for _ in 0..<10 { histogram.observe(1) }
        #expect(histogram.quantile(fraction) == expected)
    }

    @Test func `not-a-number does not poison a sum`() {
        let histogram = Histogram(bounds: [1])
        histogram.observe(.nan)
        histogram.observe(0.5)
        #expect(histogram.sum == 0.5)
        #expect(histogram.count == 1)
    }

    @Test func `a counter never goes down`() {
        let counter = Counter()
        counter.increment(by: -5)
        #expect(counter.value == 0)
    }

    @Test func `the process describes itself`() throws {
        ProcessMetrics.register(in: registry)
        for name in ["process_resident_memory_bytes", "process_open_fds", "process_threads", "process_max_fds"] {
            let line = try #require(text().split(separator: "\n").first { $0.hasPrefix("\(name) ") })
            let value = try #require(Double(line.dropFirst(name.count + 1)))
            #expect(value > 0)
        }
    }
}
