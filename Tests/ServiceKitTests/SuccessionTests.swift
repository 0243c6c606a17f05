import Testing

@testable import ServiceKit

/// What a supervisor decides, as transcripts.
@Suite struct SuccessionTests {
    /// One that serves, as process 1.
    private func serving() -> Succession {
        var succession = Succession()
        succession.started(1)
        _ = succession.decide(.ready(1))
        return succession
    }

    private func actions(_ actions: [Succession.Action]) -> [Succession.Action] {
        actions.filter { if case .tell = $0 { false } else { true } }
    }

    @Test func `A replacement takes over when it is ready, and the one before it is asked to leave`() {
        var succession = serving()
        #expect(succession.decide(.replacementWanted) == [.start])
        succession.started(2)
        #expect(actions(succession.decide(.replacementWanted)).isEmpty)
        #expect(actions(succession.decide(.ready(2))) == [.handOver(1)])
        #expect(actions(succession.decide(.ended(1, status: 0))).isEmpty)
        #expect(succession.decide(.reloadWanted) == [.reload(2)])
    }

    @Test func `A replacement that ends or is not ready in time leaves the one before it serving`() {
        var succession = serving()
        _ = succession.decide(.replacementWanted)
        succession.started(2)
        #expect(actions(succession.decide(.ended(2, status: 78))).isEmpty)
        #expect(succession.decide(.reloadWanted) == [.reload(1)])
        _ = succession.decide(.replacementWanted)
        succession.started(3)
        #expect(actions(succession.decide(.late(3))) == [.kill(3)])
        #expect(actions(succession.decide(.ended(3, status: 137))).isEmpty)
        #expect(succession.decide(.reloadWanted) == [.reload(1)])
        // What was late once is not killed when it is the one that serves.
        #expect(succession.decide(.late(1)).isEmpty)
    }

    @Test func `Who dies is followed by another, after pauses that grow until one serves`() {
        var succession = serving()
        #expect(actions(succession.decide(.ended(1, status: 139))) == [.startAfter(.milliseconds(100))])
        #expect(succession.decide(.replacementWanted).isEmpty)
        #expect(succession.decide(.pauseEnded) == [.start])
        succession.started(2)
        #expect(actions(succession.decide(.ended(2, status: 1))) == [.startAfter(.milliseconds(200))])
        var pause = Duration.zero
        for process in 3...20 as ClosedRange<Int32> {
            _ = succession.decide(.pauseEnded)
            succession.started(process)
            let decided = actions(succession.decide(.ended(process, status: 1)))
            if case .startAfter(let next)? = decided.first { pause = next }
        }
        #expect(pause == .seconds(10))
        _ = succession.decide(.pauseEnded)
        succession.started(21)
        _ = succession.decide(.ready(21))
        #expect(actions(succession.decide(.ended(21, status: 1))) == [.startAfter(.milliseconds(100))])
    }

    @Test func `When the one that serves dies while the next is coming, the next serves`() {
        var succession = serving()
        _ = succession.decide(.replacementWanted)
        succession.started(2)
        #expect(actions(succession.decide(.ended(1, status: 139))).isEmpty)
        #expect(actions(succession.decide(.ready(2))).isEmpty)
        #expect(succession.decide(.reloadWanted) == [.reload(2)])
    }

    @Test func `What cannot start at all ends the supervisor with its status`() {
        var succession = Succession()
        succession.started(1)
        #expect(succession.decide(.ended(1, status: 78)) == [.end(status: 78)])
    }

    @Test func `What could not even be started leaves the one that serves alone, and is tried again where none does`() {
        var succession = serving()
        #expect(succession.decide(.replacementWanted) == [.start])
        #expect(actions(succession.decide(.notStarted)).isEmpty)
        #expect(succession.decide(.replacementWanted) == [.start])
        #expect(actions(succession.decide(.notStarted)).isEmpty)
        #expect(actions(succession.decide(.ended(1, status: 1))) == [.startAfter(.milliseconds(100))])
        #expect(succession.decide(.pauseEnded) == [.start])
        #expect(succession.decide(.notStarted) == [.startAfter(.milliseconds(200))])
        var first = Succession()
        #expect(first.decide(.notStarted) == [.end(status: 1)])
    }

    @Test func `A stop stops all, and ends when the last one has ended`() {
        var succession = serving()
        _ = succession.decide(.replacementWanted)
        succession.started(2)
        _ = succession.decide(.ready(2))
        #expect(succession.decide(.stopWanted) == [.stop(2), .stop(1)])
        #expect(succession.decide(.ended(2, status: 0)).isEmpty)
        #expect(succession.decide(.replacementWanted).isEmpty)
        #expect(succession.decide(.ended(1, status: 0)) == [.end(status: 0)])
        var idle = serving()
        _ = idle.decide(.ended(1, status: 1))
        #expect(idle.decide(.stopWanted) == [.end(status: 0)])
    }
}
