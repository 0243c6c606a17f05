import Core
import TestSupport
import Testing

@testable import gateway

@Suite struct TrafficSplitTests {
    private func split(_ weights: [Int]) -> TrafficSplit {
        TrafficSplit(arms: weights.enumerated().map { TrafficSplit.Arm(upstream: "u\($0)", weight: $1) })
    }

    @Test func `Each side gets its share, and one that was taken back gives it to the first`() {
        let split = split([95, 5])
        let draws = (0..<10_000).map { (Double($0) + 0.5) / 10_000 }
        #expect(draws.count { split.arm($0) == 1 } == 500)
        #expect(draws.count { split.arm($0, isRolledBack: { $0 == 1 }) == 1 } == 0)
    }

    @Test func `A client that met the new side meets it still when its share grows`() {
        let draws = (0..<1_000).map { (Double($0) + 0.5) / 1_000 }
        for draw in draws where split([95, 5]).arm(draw) == 1 { #expect(split([80, 20]).arm(draw) == 1) }
    }

    @Test func `A client always meets the same side, and the sides have their shares of clients`() {
        let live = LiveSplit("shop", split([80, 20]), reactors: 2)
        var new = 0
        for client in 0..<5_000 {
            let key = KeyHash("client \(client)".utf8).mixed
            let arm = live.arm(for: key, on: live.lane(0))
            #expect(arm == live.arm(for: key, on: live.lane(1)))
            new += arm
        }
        #expect((850...1_150).contains(new))
    }
}

@Suite struct CanaryJudgeTests {
    private let judge = CanaryJudge(policy: RollbackPolicy())

    private func sample(
        _ requests: Int, errors: Double = 0, milliseconds: Double = 20, _ random: inout SeededGenerator
    ) -> ArmSample {
        var sample = ArmSample()
        for _ in 0..<requests {
            let noise = 0.5 + Double.random(in: 0...1, using: &random)
            sample.add(
                .microseconds(Int(milliseconds * noise * 1_000)),
                isError: Double.random(in: 0..<1, using: &random) < errors)
        }
        return sample
    }

    @Test func `Too few requests say nothing, however bad they are`() {
        var random = SeededGenerator(seed: 1)
        let (old, new) = (sample(5_000, &random), sample(99, errors: 1, &random))
        #expect(judge.compare(old: old, new: new) == .tooEarly)
    }

    @Test func `A side that always fails is found as soon as there are enough requests`() {
        var random = SeededGenerator(seed: 2)
        guard case .moreErrors(0, 1) = judge.compare(old: sample(1_000, &random), new: sample(100, errors: 1, &random))
        else { return #expect(Bool(false), "not found") }
    }

    @Test func `Two sides that are alike are told apart in none of 2,000 looks`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let (old, new) = (sample(400, errors: 0.05, &random), sample(120, errors: 0.05, &random))
            #expect(judge.compare(old: old, new: new) == .fine)
        }
    }

    @Test func `Five times the errors are found in most samples of a thousand`() {
        var random = SeededGenerator(seed: 4)
        let found = (0..<100).count { _ in
            let (old, new) = (sample(5_000, errors: 0.01, &random), sample(1_000, errors: 0.05, &random))
            if case .moreErrors = judge.compare(old: old, new: new) { return true }
            return false
        }
        #expect(found >= 95)
    }

    @Test func `Twice as slow is found, a tenth slower is not called worse`() {
        var random = SeededGenerator(seed: 5)
        let old = sample(2_000, &random)
        guard case .slower = judge.compare(old: old, new: sample(200, milliseconds: 40, &random)) else {
            return #expect(Bool(false), "not found")
        }
        #expect(judge.compare(old: old, new: sample(2_000, milliseconds: 22, &random)) == .fine)
    }

    @Test func `A window forgets what is older than two of its lengths`() {
        var random = SeededGenerator(seed: 6)
        var window = ArmWindow()
        let start = Deadline(uptimeNanoseconds: 1_000_000_000_000)
        window.add(sample(100, &random), window: .seconds(60), now: start)
        window.add(sample(50, &random), window: .seconds(60), now: start + .seconds(61))
        #expect(window.sample.requests == 150)
        window.add(sample(1, &random), window: .seconds(60), now: start + .seconds(122))
        #expect(window.sample.requests == 51)
    }
}
