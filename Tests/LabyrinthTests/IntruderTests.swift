import Core
import Testing

@testable import labyrinth

@Suite struct IntruderTests {
    private func id(_ number: UInt64) -> UUIDv7 { UUIDv7(high: 7, low: number) }
    private func moment(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    @Test func theTableForgetsWhoHasNotBeenSeenLongest() {
        var table = IntruderTable(capacity: 3)
        for number in 1...3 as ClosedRange<UInt64> {
            _ = table.update(id(number), now: moment(1)) { $0.stepCount += 1 }
        }
        _ = table.update(id(1), now: moment(2)) { $0.stepCount += 1 }
        _ = table.update(id(4), now: moment(3)) { $0.stepCount += 1 }
        #expect(table.intruder(id(2)) == nil)
        #expect(table.intruder(id(1))?.stepCount == 2)
        #expect(table.count == 3)
        #expect(table.forgotten == 1)
    }

    @Test func theTableAgreesWithAnObviousOne() {
        var random = SceneRandom(seed: 42)
        var table = IntruderTable(capacity: 8)
        var model: [(UUIDv7, UInt64)] = []
        for _ in 0..<5_000 {
            let id = id(UInt64(random.number(0...20)))
            let count = table.update(id, now: moment(0)) { $0.stepCount += 1 }.intruder.stepCount
            let known = model.firstIndex { $0.0 == id }.map { model.remove(at: $0).1 } ?? 0
            model.append((id, known + 1))
            if model.count > 8 { model.removeFirst() }
            #expect(count == known + 1)
            #expect(table.count == model.count)
        }
        for (id, count) in model { #expect(table.intruder(id)?.stepCount == count) }
    }

    @Test func theGravestIntentStays() {
        var intruder = Intruder(id: id(1), now: moment(0))
        let room = Room(number: 1, depth: 4)
        func step(_ trap: Trap, at second: Int64, canary: Bool = false, posts: Bool = false) -> Duration {
            intruder.take(
                room, trap, at: moment(second), usesCanary: canary, postsCredentials: posts,
                userAgent: Array("Mozilla/5.0 sqlmap/1.7".utf8))
        }
        #expect(step(.pages, at: 1) == .zero)
        #expect(intruder.intent == .exploring)
        #expect(step(.database, at: 4) == .seconds(3))
        #expect(intruder.intent == .stealingData)
        #expect(step(.login, at: 3, posts: true) == .zero, "the wall clock may be set back")
        #expect(intruder.intent == .stealingCredentials)
        _ = step(.pages, at: 9, canary: true)
        _ = step(.pages, at: 10)
        #expect(intruder.intent == .takingOver)
        #expect(intruder.stepCount == 5)
        #expect(intruder.depth == 4)
        #expect(intruder.tool == "sqlmap")
    }

    @Test func theTarpitGrowsToItsBoundAndHasSoManySeats() {
        let tarpit = Tarpit(first: .milliseconds(100), perStep: .milliseconds(50), longest: .seconds(2), seats: 10)
        #expect(tarpit.delay(stepCount: 0, waiting: 0) == .milliseconds(100))
        #expect(tarpit.delay(stepCount: 10, waiting: 9) == .milliseconds(600))
        #expect(tarpit.delay(stepCount: .max, waiting: 0) == .seconds(2))
        #expect(tarpit.delay(stepCount: 10, waiting: 10) == .zero)
    }
}
