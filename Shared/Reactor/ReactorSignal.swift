package import Core

/// One task's wait for what other tasks of the same reactor do. A signal that comes first is remembered, several count
/// as one. No lock and no allocation per wait; its timer is armed lazily, as an `EventSource`'s is.
///
/// Confined to its reactor, which is what makes it Sendable. One task waits at a time.
package final class ReactorSignal: TimerEntry, @unchecked Sendable {
    private let reactor: Reactor
    private var isSet = false
    private var isClosed = false
    private var waker: Waker<WaitOutcome>?
    private var deadline = Deadline.never
    private var timerDeadline = Deadline.never
    /// Distinguishes this wait from a later one, for a cancellation that arrives late.
    private var ticket: UInt32 = 0

    package init(on reactor: Reactor) { self.reactor = reactor }

    package func signal() {
        if waker == nil { isSet = true } else { resume(.ready) }
    }

    /// Every wait ends with `closed`, now and later.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        setTimer(at: .never)
        resume(.closed)
    }

    package func wait(deadline: Deadline) async throws(StreamFailure) {
        ticket &+= 1
        let ticket = ticket
        let outcome = await withTaskCancellationHandler {
            await Waker.suspend { begin($0, until: deadline) }
        } onCancel: {
            reactor.onLoop { _ in if ticket == self.ticket { self.resume(.cancelled) } }
        }
        try outcome.get()
    }

    /// The same without regard to cancellation: for a task whose owner ends it by `close`.
    package func waitForClose(orSignalUntil deadline: Deadline) async throws(StreamFailure) {
        ticket &+= 1
        try await Waker.suspend { begin($0, until: deadline, endsOnCancel: false) }.get()
    }

    private func begin(_ waker: Waker<WaitOutcome>, until deadline: Deadline, endsOnCancel: Bool = true) {
        precondition(self.waker == nil, "two tasks wait for one signal")
        if isClosed { return waker.wake(.closed) }
        if isSet {
            isSet = false
            return waker.wake(.ready)
        }
        if endsOnCancel && Task.isCancelled { return waker.wake(.cancelled) }
        guard deadline > reactor.now else { return waker.wake(.expired) }
        self.waker = waker
        self.deadline = deadline
        if deadline < timerDeadline { setTimer(at: deadline) }
    }

    private func resume(_ outcome: WaitOutcome) {
        guard let waiting = waker else { return }
        waker = nil
        deadline = .never
        waiting.wake(outcome)
    }

    private func setTimer(at deadline: Deadline) {
        reactor.disarm(self)
        timerDeadline = deadline
        if deadline != .never { reactor.arm(self, at: deadline) }
    }

    override func expire(now: Deadline) {
        timerDeadline = .never
        if deadline <= now { resume(.expired) }
        setTimer(at: deadline)
    }

    /// The loop has ended: nothing will ever be signalled.
    override func abandon(now: Deadline) {
        timerDeadline = .never
        close()
    }
}
