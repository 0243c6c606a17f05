/// A route's requests divided among several upstreams. The first is the one that is known to work; the others are new.
package struct TrafficSplit: Sendable, Equatable {
    package struct Arm: Sendable, Equatable {
        package var upstream: String
        package var weight: Int
    }

    package var arms: [Arm]
    /// One client always meets the same side, as long as the weights stay.
    package var isSticky = true
    /// Nil: nothing is taken back by itself.
    package var rollback: RollbackPolicy? = RollbackPolicy()

    /// `draw` is in 0..<1. A new side that was rolled back gives its share to the first.
    func arm(_ draw: Double, isRolledBack: (Int) -> Bool = { _ in false }) -> Int {
        let total = arms.reduce(0) { $0 + $1.weight }
        var left = draw * Double(total)
        for index in arms.indices {
            left -= Double(arms[index].weight)
            if left < 0 { return index > 0 && isRolledBack(index) ? 0 : index }
        }
        return 0
    }
}

/// When a new side is worse. See `CanaryJudge` for the test.
package struct RollbackPolicy: Sendable, Equatable {
    /// Requests that each side has to have served within the window.
    package var minimumRequests = 100
    package var window = Duration.seconds(60)
    /// Errors: by how much the new side's share has to be larger, beyond what chance explains.
    package var errorMargin = 0.01
    /// Latency: how many times slower (geometric mean) the new side has to be, beyond what chance explains.
    package var latencyRatio = 1.5
}

/// A route's requests sent a second time to somewhere whose answers nobody waits for.
package struct TrafficMirror: Sendable, Equatable {
    package var upstream: String
    package var share = 1.0
}

/// What one side of a split did in some time. Latencies as logarithms: they spread over magnitudes, and one request of
/// a minute must not outweigh ten thousand quick ones.
struct ArmSample: Sendable, Equatable {
    var requests = 0
    var errors = 0
    var logSum = 0.0
    var logSquares = 0.0

    static func + (left: ArmSample, right: ArmSample) -> ArmSample {
        ArmSample(
            requests: left.requests + right.requests, errors: left.errors + right.errors,
            logSum: left.logSum + right.logSum, logSquares: left.logSquares + right.logSquares)
    }
}
