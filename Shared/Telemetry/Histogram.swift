internal import Core
internal import Synchronization

/// Counts observations per bucket. `observe` costs a search among a dozen bounds and three relaxed atomic operations.
package final class Histogram: Sendable {
    /// Seconds, from 50 µs to 10 s: fits requests, RPCs, queries and batches alike.
    package static let latencyBounds: [Double] = [
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    let bounds: [Double]
    /// One per bound, and a last one for everything above.
    private let buckets: [Counter]
    private let sumBits = Atomic<UInt64>(0)

    package init(bounds: [Double] = Histogram.latencyBounds) {
        precondition(!bounds.isEmpty && bounds.count <= 64, "a histogram has 1 to 64 bucket bounds")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "bucket bounds must increase")
        self.bounds = bounds
        buckets = (0...bounds.count).map { _ in Counter() }
    }

    package func observe(_ duration: Duration) { observe(duration.inSeconds) }

    package func observe(_ value: Double) {
        guard value.isFinite else { return }
        buckets[bounds.firstIndex { value <= $0 } ?? bounds.count].increment()
        var seen = sumBits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: seen) + value).bitPattern
            let (exchanged, original) = sumBits.weakCompareExchange(expected: seen, desired: sum, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }

    package var count: UInt64 { buckets.reduce(0) { $0 + $1.value } }
    package var sum: Double { Double(bitPattern: sumBits.load(ordering: .relaxed)) }

    /// The upper bound of the bucket in which the given fraction of observations lies; infinite in the last one.
    package func quantile(_ fraction: Double) -> Double {
        let counts = buckets.map(\.value)
        let rank = (Double(counts.reduce(0, +)) * fraction).rounded(.up)
        var seen: UInt64 = 0
        for (position, count) in counts.enumerated() {
            seen += count
            if Double(seen) >= rank, seen > 0 { return position < bounds.count ? bounds[position] : .infinity }
        }
        return 0
    }

    /// Observations at or below each bound, then all of them.
    var cumulativeCounts: [UInt64] {
        var running: UInt64 = 0
        return buckets.map { bucket in
            running += bucket.value
            return running
        }
    }
}
