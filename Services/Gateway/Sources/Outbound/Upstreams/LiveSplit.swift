import Core
import Reactor
import Synchronization

/// A split in use: what each side did on each reactor, and which of them were taken back.
final class LiveSplit: Sendable {
    /// One reactor's part. Confined to it, which is what makes it Sendable.
    final class Lane: @unchecked Sendable {
        private var samples: [ArmSample]
        private var random = QuickRandom()

        init(arms: Int) { samples = Array(repeating: ArmSample(), count: arms) }

        func draw() -> Double { random.fraction() }
        func note(_ arm: Int, _ took: Duration, isError: Bool) { samples[arm].add(took, isError: isError) }

        func take() -> [ArmSample] {
            defer { samples = Array(repeating: ArmSample(), count: samples.count) }
            return samples
        }
    }

    private final class Flag: Sendable {
        let isSet = Atomic<Bool>(false)
    }
    private struct Judging {
        var windows: [ArmWindow]
        var reasons: [CanaryJudge.Verdict?]
    }

    let name: String
    let settings: TrafficSplit
    private let lanes: [Lane]
    private let rolledBack: [Flag]
    private let judging: Mutex<Judging>
    private let salt: UInt64

    init(_ name: String, _ settings: TrafficSplit, reactors: Int) {
        self.name = name
        self.settings = settings
        let count = settings.arms.count
        lanes = (0..<reactors).map { _ in Lane(arms: count) }
        rolledBack = (0..<count).map { _ in Flag() }
        judging = Mutex(
            Judging(
                windows: Array(repeating: ArmWindow(), count: count), reasons: Array(repeating: nil, count: count)))
        // So that the clients who try one new thing are not those who try every new thing.
        salt = KeyHash(name.utf8).mixed
    }

    func lane(_ reactor: Int) -> Lane { lanes[reactor] }

    func arm(for client: UInt64, on lane: Lane) -> Int {
        let draw = settings.isSticky ? KeyHash.fraction(KeyHash.mix(client ^ salt)) : lane.draw()
        return settings.arm(draw) { isRolledBack($0) }
    }

    func isRolledBack(_ arm: Int) -> Bool { rolledBack[arm].isSet.load(ordering: .relaxed) }

    /// The sides that were found worse just now, and why.
    func judge(_ samples: [ArmSample], now: Deadline) -> [(arm: Int, CanaryJudge.Verdict)] {
        guard let policy = settings.rollback else { return [] }
        return judging.withLock { judging in
            for arm in samples.indices { judging.windows[arm].add(samples[arm], window: policy.window, now: now) }
            var found: [(Int, CanaryJudge.Verdict)] = []
            for arm in samples.indices.dropFirst() where !isRolledBack(arm) {
                let verdict = CanaryJudge(policy: policy).compare(
                    old: judging.windows[0].sample, new: judging.windows[arm].sample)
                switch verdict {
                case .tooEarly, .fine: continue
                case .moreErrors, .slower:
                    rolledBack[arm].isSet.store(true, ordering: .relaxed)
                    judging.reasons[arm] = verdict
                    found.append((arm, verdict))
                }
            }
            return found
        }
    }

    /// For those who look: each side's recent requests, and why it was taken back.
    var state: [(sample: ArmSample, reason: CanaryJudge.Verdict?)] {
        judging.withLock { judging in zip(judging.windows, judging.reasons).map { ($0.sample, $1) } }
    }
}

extension CanaryJudge.Verdict: CustomStringConvertible {
    var description: String {
        switch self {
        case .tooEarly: "too few requests to say"
        case .fine: "no worse"
        case .moreErrors(let old, let new): "errors: \(Self.percent(new)) instead of \(Self.percent(old))"
        case .slower(let old, let new): "slower: \(Self.milliseconds(new)) instead of \(Self.milliseconds(old))"
        }
    }

    private static func percent(_ share: Double) -> String { "\((share * 1_000).rounded() / 10) %" }
    private static func milliseconds(_ seconds: Double) -> String { "\((seconds * 10_000).rounded() / 10) ms" }
}
