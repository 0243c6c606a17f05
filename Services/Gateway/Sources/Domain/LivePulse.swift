import Core

/// What happened on one reactor since the last tick.
struct LivePulse: Sendable {
    /// Upper bounds of the latency classes, each a tenth above the one before, from 50 µs to over a minute.
    static let bounds: [Double] = (0..<150).map { 50 * pow(1.1, $0) }

    private(set) var total = 0
    private(set) var blocked = 0
    private(set) var diverted = 0
    private(set) var errors = 0
    private var latencies = [Int](repeating: 0, count: bounds.count)

    mutating func count(_ outcome: LiveOutcome, microseconds: Int) {
        total += 1
        switch outcome {
        case .passed, .observed: break
        case .blocked, .banned, .throttled, .challenged: blocked += 1
        case .diverted: diverted += 1
        case .failed: errors += 1
        }
        latencies[Self.latencyClass(microseconds)] += 1
    }

    mutating func add(_ other: LivePulse) {
        total += other.total
        blocked += other.blocked
        diverted += other.diverted
        errors += other.errors
        for index in latencies.indices { latencies[index] += other.latencies[index] }
    }

    /// In milliseconds; nil when nothing happened.
    func latency(quantile: Double) -> Double? {
        guard total > 0 else { return nil }
        var left = Int((Double(total) * quantile).rounded(.up))
        for (index, count) in latencies.enumerated() {
            left -= count
            if left <= 0 { return Self.bounds[index] / 1_000 }
        }
        return Self.bounds.last.map { $0 / 1_000 }
    }

    private static func latencyClass(_ microseconds: Int) -> Int {
        var low = 0
        var high = bounds.count - 1
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < Double(microseconds) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func pow(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { value, _ in value * base }
    }
}

/// How a request ended, in the live page's words.
enum LiveOutcome: String, Sendable {
    case passed, observed, blocked, banned, throttled, diverted, challenged, failed

    var isStopped: Bool { ![.passed, .observed].contains(self) }
}
