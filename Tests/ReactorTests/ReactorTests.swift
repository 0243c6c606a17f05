import Core
import Glibc
import Reactor
import Testing

/// A reactor of its own for each test, ended with it.
func withReactor<Value: Sendable>(
    _ work: @Sendable (Reactor) async throws -> Value
) async throws -> Value {
    let group = try ReactorGroup(count: 1)
    defer { group.shutdown() }
    let reactor = group.next()
    return try await reactor.perform { () async throws -> Value in try await work(reactor) }
}

let soon = Duration.seconds(20)

@Suite struct ReactorTests {
    @Test func aTaskStaysOnItsReactorAcrossEverySuspension() async throws {
        let group = try ReactorGroup(count: 2)
        defer { group.shutdown() }
        for reactor in group.reactors {
            let places = Promise<[Bool]>()
            reactor.run {
                var seen = [reactor.isCurrent]
                await Reactor.yield()
                seen.append(reactor.isCurrent)
                try? await Reactor.sleep(for: .milliseconds(1))
                seen.append(reactor.isCurrent && Reactor.current === reactor)
                let other = group.reactors.first { $0 !== reactor }
                let there = await other?.perform { () async -> Bool in other?.isCurrent == true && !reactor.isCurrent }
                seen.append(there == true)
                seen.append(reactor.isCurrent)
                places.fulfil(seen)
            }
            #expect(try await places.value(deadline: .after(soon)) == [true, true, true, true, true])
        }
    }

    @Test func whatIsToBeDoneAtATurnsEndFollowsTheTasksThatAreReady() async throws {
        final class Ender: TurnEnder, @unchecked Sendable {
            // Sendable: used on one reactor only.
            var seen: [String] = []
            let done = Promise<[String]>()
            func turnEnds() {
                seen.append("end")
                done.fulfil(seen)
            }
        }
        try await withReactor { reactor async throws in
            let ender = Ender()
            reactor.atEndOfTurn(ender)
            for name in ["first", "second"] { reactor.run { ender.seen.append(name) } }
            #expect(try await ender.done.value(deadline: .after(soon)) == ["first", "second", "end"])
        }
    }

    @Test func aTaskThatHadEnoughOfATurnGoesOnInTheNext() async throws {
        try await withReactor { reactor async throws in
            let turn = reactor.turn
            await Reactor.yield()
            #expect(reactor.turn == turn)
            for _ in 0..<3 {
                let turn = reactor.turn
                await Reactor.nextTurn()
                #expect(reactor.turn > turn && reactor.isCurrent)
            }
        }
    }

    @Test func jobsFromManyThreadsAllRun() async throws {
        try await withReactor { reactor async throws in
            let queue = AsyncQueue<Int>(capacity: 10_000)
            await withTaskGroup(of: Void.self) { tasks in
                for number in 0..<1_000 {
                    tasks.addTask {
                        await Task.yield()
                        await reactor.run { _ = queue.offer(number) }.value()
                    }
                }
            }
            queue.finish()
            let numbers = try await queue.receiveBatch(maximum: 10_000)
            #expect(numbers.sorted() == Array(0..<1_000))
        }
    }

    @Test func aSleepLastsAtLeastItsTime() async throws {
        try await withReactor { _ async throws in
            for milliseconds in [0, 1, 3, 20, 70] {
                let start = Deadline.now
                try await Reactor.sleep(for: .milliseconds(milliseconds))
                #expect(Deadline.now - start >= .milliseconds(milliseconds))
            }
        }
    }

    @Test func aCancelledSleepEndsAtOnce() async throws {
        try await withReactor { reactor async throws in
            let outcome = Promise<Bool>()
            let handle = reactor.run {
                do {
                    try await Reactor.sleep(for: .seconds(3_600))
                    outcome.fulfil(false)
                } catch { outcome.fulfil(true) }
            }
            await Reactor.yield()
            handle.cancel()
            let wasCancelled = try await outcome.value(deadline: .after(soon))
            #expect(wasCancelled)
        }
    }

    @Test func aSleepOutsideOfAnyReactorWorksToo() async throws {
        try await Reactor.sleep(for: .milliseconds(2))
        let sleeper = Task { try await Reactor.sleep(for: .seconds(3_600)) }
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }

    @Test func aLoopThatPausesBetweenAttemptsLeavesWhenItsReactorEnds() async throws {
        let group = try ReactorGroup(count: 1)
        let isPausing = Promise<Void>()
        let loop = group.next().run {
            while true {
                isPausing.fulfil(())
                do { try await Reactor.sleep(for: .seconds(3_600)) } catch { return }
            }
        }
        try await isPausing.value()
        group.shutdown()
        await loop.value()
    }

    @Test func aReactorThatEndsWakesWhoeverWaitsThere() async throws {
        let group = try ReactorGroup(count: 1)
        let reactor = group.next()
        let failure = Promise<StreamFailure?>()
        reactor.run {
            do {
                let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
                reactor.run { group.shutdown() }
                do throws(StreamFailure) {
                    _ = try await listener.accept()
                } catch { failure.fulfil(error) }
            } catch { failure.fulfil(nil) }
        }
        #expect(try await failure.value(deadline: .after(soon)) == .closed)
    }
}
