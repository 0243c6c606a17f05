import Core
import Synchronization
import TestSupport
import Testing

@testable import gateway

@Suite struct RateTableTests {
    private let start = Deadline.now
    private let limit = RateLimit(name: "test", requests: 10, period: .seconds(1), burst: 5)

    @Test func `a burst passes at once, then one request every interval`() {
        let table = RateTable(capacity: 64)
        for left in (0..<5).reversed() {
            let answer = table.admit(7, limit, now: start)
            #expect(answer.isAdmitted && answer.remaining == left)
        }
        let refused = table.admit(7, limit, now: start)
        #expect(!refused.isAdmitted && refused.retryAfter == .milliseconds(100))
        #expect(refused.resetsAfter == .milliseconds(500))
        #expect(!table.admit(7, limit, now: start + .milliseconds(99)).isAdmitted)
        #expect(table.admit(7, limit, now: start + .milliseconds(100)).isAdmitted)
        #expect(!table.admit(7, limit, now: start + .milliseconds(101)).isAdmitted)
    }

    @Test func `keys do not know of each other`() {
        let table = RateTable(capacity: 64)
        for _ in 0..<5 { _ = table.admit(7, limit, now: start) }
        #expect(!table.admit(7, limit, now: start).isAdmitted)
        #expect(table.admit(8, limit, now: start).isAdmitted)
    }

    @Test func `never more than the rate and one burst pass, however the requests come`() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<50 {
            let limit = RateLimit(
                name: "any", requests: 1 + generator.below(200), period: .milliseconds(100 + generator.below(2_000)),
                burst: 1 + generator.below(50))
            let table = RateTable(capacity: 64)
            var now = start
            var admitted = 0
            for _ in 0..<2_000 {
                now = now + .microseconds(generator.below(5_000))
                if table.admit(1, limit, now: now).isAdmitted { admitted += 1 }
            }
            let most = (now - start) / .nanoseconds(limit.interval) + Double(limit.burst)
            #expect(Double(admitted) <= most)
            #expect(Double(admitted) >= min(2_000, most) * 0.3)
        }
    }

    @Test func `whoever is held back stays so while a million others come by, and the memory does not grow`() {
        let table = RateTable(capacity: 1 << 12)
        let slow = RateLimit(name: "slow", requests: 1, period: .seconds(3_600), burst: 3)
        for _ in 0..<3 { #expect(table.admit(42, slow, now: start).isAdmitted) }
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<1_000_000 { _ = table.admit(generator.next(), limit, now: start) }
        #expect(!table.admit(42, slow, now: start).isAdmitted)
    }

    @Test func `what other replicas admitted counts, also beyond the burst, and is made up for`() {
        let table = RateTable(capacity: 64)
        for _ in 0..<5 { _ = table.admit(7, limit, now: start) }
        table.charge(7, 5 * limit.interval, now: start)
        #expect(!table.admit(7, limit, now: start + .milliseconds(500)).isAdmitted)
        #expect(table.admit(7, limit, now: start + .milliseconds(600)).isAdmitted)
        table.charge(7, .max, now: start)
        #expect(table.admit(7, limit, now: start + .seconds(3_601)).isAdmitted)
    }

    @Test func `replicas that tell each other ten times a second share a limit within five per cent`() {
        let limit = RateLimit(name: "shared", requests: 1_000, period: .seconds(1), burst: 100)
        let replicas = (0..<3).map { _ in RateTable(capacity: 64) }
        var usage = [RateUsage](repeating: RateUsage(), count: 3)
        var admitted = 0
        let turns = 20_000
        for turn in 0..<turns {
            let now = start + .milliseconds(turn)
            for (index, replica) in replicas.enumerated() {
                for _ in 0..<2 where replica.admit(9, limit, now: now).isAdmitted {
                    admitted += 1
                    usage[index].note(9, [9], nanoseconds: limit.interval)
                }
            }
            guard turn % 100 == 99 else { continue }
            for index in replicas.indices {
                let told = usage[index].take()
                for (other, replica) in replicas.enumerated() where other != index {
                    for entry in told { replica.charge(9, entry.nanoseconds, now: now) }
                }
            }
        }
        let allowed = Double(limit.requests * turns / 1_000 + limit.burst)
        #expect(abs(Double(admitted) - allowed) <= 0.05 * allowed, "\(admitted) of \(allowed)")
    }

    @Test func `many threads in one slot admit what one would`() async {
        let table = RateTable(capacity: 64)
        let limit = RateLimit(name: "contended", requests: 1, period: .seconds(3_600), burst: 1_000)
        let start = start
        let admitted = await withTaskGroup(of: Int.self) { tasks in
            for _ in 0..<4 {
                tasks.addTask { (0..<1_000).count { _ in table.admit(3, limit, now: start).isAdmitted } }
            }
            return await tasks.reduce(0, +)
        }
        #expect(admitted == 1_000)
    }
}

@Suite struct RateUsageTests {
    @Test func `usage adds up per key, is told once, and is bounded`() {
        var usage = RateUsage(maximum: 2)
        usage.note(1, [1], nanoseconds: 5)
        usage.note(1, [1], nanoseconds: 6)
        usage.note(2, [2], nanoseconds: 7)
        usage.note(3, [3], nanoseconds: 8)
        #expect(usage.untold == 1)
        #expect(
            usage.take() == [
                RateUsage.Entry(key: [1], nanoseconds: 11), RateUsage.Entry(key: [2], nanoseconds: 7),
            ])
        #expect(usage.take().isEmpty)
    }
}

@Suite struct AttackPressureTests {
    @Test func `limits shrink while much is refused and widen again afterwards`() {
        var pressure = AttackPressure(floor: 0.2)
        #expect(pressure.tightening == 1)
        for _ in 0..<60 { pressure.tick(requests: 1_000, refused: 900) }
        #expect(abs(pressure.tightening - 0.2) < 0.001)
        for _ in 0..<120 { pressure.tick(requests: 1_000, refused: 1) }
        #expect(pressure.tightening == 1)
    }

    @Test func `a handful of refused requests is no attack`() {
        var pressure = AttackPressure()
        for _ in 0..<60 { pressure.tick(requests: 10, refused: 10) }
        #expect(pressure.tightening == 1)
    }
}
