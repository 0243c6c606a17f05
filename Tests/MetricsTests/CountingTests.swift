import Core
import TestSupport
import Testing

@testable import metrics

@Suite("Counting")
struct CountingTests {
    private static let noon = Timestamp(seconds: 1_780_000_020)

    @Test("a sketch's quantile is at most 7 % above the true one and never below", arguments: [0.5, 0.95, 0.99, 1.0])
    func quantiles(fraction: Double) {
        var generator = SeededGenerator(seed: 7)
        let durations = (0..<10_000).map { _ in
            UInt32.random(in: 1...1 << UInt32.random(in: 1...31, using: &generator), using: &generator)
        }
        var sketch = LatencySketch()
        for duration in durations { sketch.add(duration) }
        let exact = durations.sorted()[Int((10_000 * fraction).rounded(.up)) - 1]
        let estimate = sketch.quantile(fraction)
        #expect(estimate >= exact)
        #expect(Double(estimate) <= Double(exact) * 1.125)
    }

    @Test(
        "every duration falls into a bucket whose bounds hold it",
        arguments: [0, 1, 7, 8, 9, 15, 16, 17, 1_000, 65_535, 65_536, 1 << 31, UInt32.max])
    func buckets(duration: UInt32) {
        let bucket = LatencySketch.bucket(of: duration)
        #expect((0...LatencySketch.largestBucket).contains(bucket))
        #expect(LatencySketch.upperBound(of: bucket) >= duration)
        if bucket > 0 { #expect(LatencySketch.upperBound(of: bucket - 1) < duration) }
    }

    @Test("sketches merge into the sketch of all")
    func merging() {
        var (left, right, both) = (LatencySketch(), LatencySketch(), LatencySketch())
        for duration in UInt32(0)..<1_000 {
            if duration.isMultiple(of: 3) { left.add(duration) } else { right.add(duration) }
            both.add(duration)
        }
        left.merge(right)
        #expect(left == both)
    }

    @Test("the most frequent keys survive a flood of rare ones, in bounded memory")
    func heavyHitters() {
        var hitters = HeavyHitters(capacity: 8)
        for number in 0..<4_000 {
            hitters.add("rare-\(number)")
            if number.isMultiple(of: 4) { hitters.add("often") }
            if number.isMultiple(of: 5) { hitters.add("sometimes") }
        }
        #expect(hitters.counts.count == 8)
        #expect(Set(hitters.top(2).map(\.key)).isSuperset(of: ["often"]))
        #expect((hitters.counts["often"] ?? 0) >= 1_000)
    }

    @Test("requests add up by minute, and one from an absurd time counts for now")
    func tally() {
        var tally = Tally(now: Self.noon)
        var request = RequestFacts(
            observedAt: Self.noon, status: 200, effect: nil, requestBytes: 10, responseBytes: 100,
            durationMicroseconds: 900)
        tally.add(request)
        request.status = 403
        request.effect = .blocked
        tally.add(request)
        request.status = 502
        request.effect = nil
        request.observedAt = Self.noon + .seconds(60)
        tally.add(request)
        request.observedAt = Timestamp(seconds: 5)
        tally.add(request)
        let minute = Self.noon.seconds / 60
        let amounts = Dictionary(uniqueKeysWithValues: tally.entries.map { ($0.key, $0.amount) })
        #expect(amounts[Tally.Key(minute: minute, measure: .requests, key: "")] == 3)
        #expect(amounts[Tally.Key(minute: minute + 1, measure: .requests, key: "")] == 1)
        #expect(amounts[Tally.Key(minute: minute, measure: .blocked, key: "")] == 1)
        #expect(amounts[Tally.Key(minute: minute, measure: .clientErrors, key: "")] == 1)
        #expect(tally.total(of: .serverErrors) == 2)
        #expect(tally.total(of: .responseBytes) == 400)
    }

    @Test("an overview has every minute, and passes over what lies outside or makes no sense")
    func overview() {
        var overview = Overview(from: 100, through: 102)
        overview.add(minute: 101, measure: .requests, key: "", amount: 5)
        overview.add(minute: 99, measure: .requests, key: "", amount: 7)
        overview.add(minute: 103, measure: .requests, key: "", amount: 7)
        overview.add(minute: 102, measure: .latency, key: "no number", amount: 1)
        overview.add(minute: 102, measure: .latency, key: "9", amount: 2)
        #expect(overview.windows.map { $0[.requests] } == [0, 5, 0])
        #expect(overview.total[.requests] == 5)
        #expect(overview.total.latency.total == 2)
    }
}
