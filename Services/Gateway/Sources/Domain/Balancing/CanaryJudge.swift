import Core
import Glibc

/// Decides whether a new side of a split is worse than the old one.
///
/// Two tests, each one-sided, each only when both sides have served `minimumRequests` within the window:
/// - errors: the two-proportion z test with pooled variance, z ≥ 4, and the shares differ by `errorMargin` or more;
/// - latency: Welch's test on the logarithms of the times to an answer's head, z ≥ 4, and the geometric means differ by
///   a factor of `latencyRatio` or more.
///
/// z = 4 stands for one false alarm in 30,000 looks. We look once a second and consecutive looks share most of their
/// sample, so that is about one in a day of bad luck per split at most, and the margins make it rarer still: a
/// difference that small would not be called worse.
struct CanaryJudge {
    enum Verdict: Sendable, Equatable {
        case tooEarly
        case fine
        case moreErrors(old: Double, new: Double)
        /// Geometric means, in seconds.
        case slower(old: Double, new: Double)
    }

    static let significance = 4.0

    let policy: RollbackPolicy

    func compare(old: ArmSample, new: ArmSample) -> Verdict {
        guard min(old.requests, new.requests) >= max(2, policy.minimumRequests) else { return .tooEarly }
        if let worse = errors(old, new) { return worse }
        return latency(old, new) ?? .fine
    }

    private func errors(_ old: ArmSample, _ new: ArmSample) -> Verdict? {
        let (first, second) = (Double(old.requests), Double(new.requests))
        let (before, after) = (Double(old.errors) / first, Double(new.errors) / second)
        guard after - before >= policy.errorMargin else { return nil }
        let pooled = Double(old.errors + new.errors) / (first + second)
        let deviation = sqrt(pooled * (1 - pooled) * (1 / first + 1 / second))
        // All of the new failed and none of the old did not: then there is nothing left to vary.
        guard deviation == 0 || (after - before) / deviation >= Self.significance else { return nil }
        return .moreErrors(old: before, new: after)
    }

    private func latency(_ old: ArmSample, _ new: ArmSample) -> Verdict? {
        let (before, after) = (Self.moments(old), Self.moments(new))
        guard after.mean - before.mean >= log(policy.latencyRatio) else { return nil }
        let deviation = sqrt(before.variance / before.count + after.variance / after.count)
        guard deviation == 0 || (after.mean - before.mean) / deviation >= Self.significance else { return nil }
        return .slower(old: exp(before.mean), new: exp(after.mean))
    }

    private static func moments(_ sample: ArmSample) -> (count: Double, mean: Double, variance: Double) {
        let count = Double(sample.requests)
        let mean = sample.logSum / count
        return (count, mean, max(0, (sample.logSquares - count * mean * mean) / (count - 1)))
    }
}

extension ArmSample {
    mutating func add(_ took: Duration, isError: Bool) {
        let logarithm = log(max(took.inSeconds, 1e-6))
        requests += 1
        if isError { errors += 1 }
        logSum += logarithm
        logSquares += logarithm * logarithm
    }
}

/// The last one to two windows of one side.
struct ArmWindow: Sendable {
    private var current = ArmSample()
    private var previous = ArmSample()
    private var began = Deadline(uptimeNanoseconds: 0)

    var sample: ArmSample { previous + current }

    mutating func add(_ sample: ArmSample, window: Duration, now: Deadline) {
        if now >= began + window {
            previous = now >= began + window + window ? ArmSample() : current
            current = ArmSample()
            began = now
        }
        current = current + sample
    }
}
