import Core
import TestSupport
import Testing

@testable import Reactor

/// The wheel against the obvious model: a list of deadlines, looked through at every step.
@Suite struct TimerWheelTests {
    final class Entry: TimerEntry {
        let deadline: Int64
        init(_ deadline: Int64) { self.deadline = deadline }
    }

    static let second: Int64 = 1_000_000_000

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func agreesWithAListUnderRandomArmsDisarmsAndLeaps(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let origin = Deadline(uptimeNanoseconds: 77)
        var wheel = TimerWheel(origin: origin)
        var model: [Entry] = []
        var now: Int64 = 0
        for _ in 0..<3_000 {
            switch UInt64.random(in: 0..<10, using: &random) {
            case 0..<5:
                let reach = [1_000, 5_000_000, Self.second, 100 * Self.second, 1_000_000 * Self.second]
                let distance = Int64.random(in: 0...(reach.randomElement(using: &random) ?? 1), using: &random)
                let entry = Entry(now + distance)
                wheel.arm(entry, at: origin + .nanoseconds(entry.deadline))
                model.append(entry)
            case 5..<7 where !model.isEmpty:
                let entry = model.remove(at: Int.random(in: 0..<model.count, using: &random))
                wheel.disarm(entry)
                #expect(!entry.isArmed)
            default:
                let leaps: [Int64] = [
                    1_000_000, 70_000_000, 10 * Self.second, 5_000 * Self.second, 2_000_000 * Self.second,
                ]
                now += Int64.random(in: 0...(leaps.randomElement(using: &random) ?? 1), using: &random)
                let fired = expired(&wheel, now: origin + .nanoseconds(now))
                // A millisecond is the wheel's grain: what is due by less may wait, nothing may come early.
                #expect(fired.allSatisfy { $0.deadline <= now })
                let late = model.filter { $0.deadline <= now - 1_000_000 }
                #expect(late.allSatisfy { entry in fired.contains { $0 === entry } })
                model.removeAll { entry in fired.contains { $0 === entry } }
            }
            #expect(wheel.count == model.count)
            if let next = model.map(\.deadline).min() {
                let wake = wheel.nextWake ?? .never
                #expect(wake <= origin + .nanoseconds(max(next, now) + 1_000_000), "the loop would oversleep")
            } else {
                #expect(wheel.nextWake == nil)
            }
        }
    }

    @Test func earlierSlotsExpireFirst() {
        var wheel = TimerWheel(origin: Deadline(uptimeNanoseconds: 0))
        let milliseconds: [Int64] = [5_000, 3, 70, 4_096, 64, 1, 63, 65, 4_097, 300_000]
        for time in milliseconds {
            wheel.arm(Entry(time), at: Deadline(uptimeNanoseconds: time * 1_000_000))
        }
        let order = expired(&wheel, now: Deadline(uptimeNanoseconds: 400_000 * 1_000_000)).map(\.deadline)
        #expect(order == milliseconds.sorted())
    }

    @Test func aLeapOfYearsIsOneStepAndEndlessDeadlinesAreKept() {
        var wheel = TimerWheel(origin: Deadline(uptimeNanoseconds: 0))
        let endless = Entry(.max)
        wheel.arm(endless, at: .never)
        wheel.arm(Entry(0), at: Deadline(uptimeNanoseconds: 1))
        let years = Deadline(uptimeNanoseconds: 20 * 365 * 86_400 * Self.second)
        #expect(expired(&wheel, now: years).count == 1)
        #expect(endless.isArmed)
        #expect(wheel.count == 1)
    }

    private func expired(_ wheel: inout TimerWheel, now: Deadline) -> [Entry] {
        var fired: [Entry] = []
        while let entry = wheel.popExpired(now: now) {
            if let entry = entry as? Entry { fired.append(entry) }
        }
        return fired
    }
}
