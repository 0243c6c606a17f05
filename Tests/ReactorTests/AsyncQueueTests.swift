import Core
import Glibc
import Reactor
import Testing

@Suite struct AsyncQueueTests {
    @Test func refusesBeyondItsCapacityAndKeepsTheOrder() async throws {
        let queue = AsyncQueue<Int>(capacity: 3)
        #expect((0..<5).map { queue.offer($0) } == [true, true, true, false, false])
        queue.finish()
        #expect(!queue.offer(9))
        #expect(try await queue.receiveBatch(maximum: 10) == [0, 1, 2])
        #expect(try await queue.receive() == nil)
    }

    @Test func everyElementOfManySendersArrivesOnceThroughASmallQueue() async throws {
        let queue = AsyncQueue<Int>(capacity: 4)
        let group = try ReactorGroup(count: 2)
        defer { group.shutdown() }
        let senders = (0..<8).map { sender in
            group.next().run {
                for number in 0..<250 { try? await queue.send(sender * 250 + number, deadline: .after(soon)) }
            }
        }
        let received = Promise<[Int]>()
        group.next().run {
            var all: [Int] = []
            while let element = try? await queue.receive(deadline: .after(soon)) { all.append(element) }
            received.fulfil(all)
        }
        for sender in senders { await sender.value() }
        queue.finish()
        #expect(try await received.value(deadline: .after(soon)).sorted() == Array(0..<2_000))
    }

    @Test func aSenderWithoutRoomWaitsUntilItsDeadline() async throws {
        let queue = AsyncQueue<Int>(capacity: 1)
        try await queue.send(1)
        await #expect(throws: StreamFailure.deadlineExceeded) {
            try await queue.send(2, deadline: .after(.milliseconds(10)))
        }
        #expect(try await queue.receive() == 1)
        await #expect(throws: StreamFailure.deadlineExceeded) {
            _ = try await queue.receive(deadline: .after(.milliseconds(10)))
        }
        #expect(queue.count == 0)
    }

    @Test func cancellationNeverLosesAnElement() async throws {
        try await withReactor { reactor async throws in
            let queue = AsyncQueue<Int>(capacity: 1_000)
            let taken = AsyncQueue<Int>(capacity: 10_000)
            for round in 0..<200 {
                let receiver = reactor.run {
                    while let element = try? await queue.receive() { _ = taken.offer(element) }
                }
                if round % 2 == 0 { await Reactor.yield() }
                #expect(queue.offer(round))
                receiver.cancel()
                await receiver.value()
            }
            queue.finish()
            while let rest = try await queue.receive() { _ = taken.offer(rest) }
            taken.finish()
            #expect(try await taken.receiveBatch(maximum: 10_000).sorted() == Array(0..<200))
        }
    }

    @Test func aBatchTakesWhatComesWhileItLingers() async throws {
        try await withReactor { reactor async throws in
            let queue = AsyncQueue<Int>(capacity: 100)
            reactor.run {
                for number in 0..<4 {
                    _ = queue.offer(number)
                    await Reactor.yield()
                }
            }
            #expect(try await queue.receiveBatch(maximum: 4, linger: .seconds(3_600)) == [0, 1, 2, 3])
        }
    }

    @Test func finishingWakesWhoeverWaits() async throws {
        try await withReactor { reactor async throws in
            let empty = AsyncQueue<Int>(capacity: 1)
            let full = AsyncQueue<Int>(capacity: 1)
            #expect(full.offer(1))
            let ended = Promise<Bool>()
            reactor.run { ended.fulfil((try? await empty.receive()) == .some(nil)) }
            let refused = Promise<StreamFailure?>()
            reactor.run {
                do throws(StreamFailure) {
                    try await full.send(2)
                    refused.fulfil(nil)
                } catch { refused.fulfil(error) }
            }
            await Reactor.yield()
            empty.finish()
            full.finish()
            #expect(try await ended.value(deadline: .after(soon)))
            #expect(try await refused.value(deadline: .after(soon)) == .closed)
        }
    }
}

@Suite struct PromiseTests {
    @Test func theFirstValueStaysAndReachesEveryWaiter() async throws {
        let promise = Promise<Int>()
        try await withThrowingTaskGroup(of: Int.self) { tasks in
            for _ in 0..<50 { tasks.addTask { try await promise.value(deadline: .after(soon)) } }
            #expect(promise.fulfil(1))
            #expect(!promise.fulfil(2))
            for try await value in tasks { #expect(value == 1) }
        }
        #expect(promise.current == 1)
    }

    @Test func blockingWorkRunsElsewhereAndBeyondItsBoundsIsRefused() async throws {
        let threads = BlockingThreads(maximum: 2, queueLimit: 1)
        try await withReactor { reactor async throws in
            #expect(try await threads.run { Reactor.current == nil })
            let gate = Promise<Void>()
            await #expect(throws: ReactorFailure.deadlineExceeded) {
                try await threads.run(deadline: .after(.milliseconds(5))) {
                    while gate.current == nil { usleep(500) }
                }
            }
            gate.fulfil(())
            #expect(try await threads.run { 7 } == 7)
        }
    }
}
