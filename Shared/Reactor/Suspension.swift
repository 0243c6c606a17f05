internal import Core
internal import Synchronization

/// One task's wait that any thread may end, once: the first outcome wins and the rest are told that they came too late.
///
/// It costs an allocation and a lock, so it serves queues, promises and sleeps; sockets wait inside their
/// `EventSource` without either.
final class Suspension<Outcome: Sendable>: TimerEntry, @unchecked Sendable {
    // Sendable: `state` is guarded by its mutex; the timer part is touched only on `reactor`'s thread, where the waiting
    // task arms and disarms it and the wheel expires it.
    private enum State {
        case idle
        case waiting(Waker<Outcome>)
        case settled(Outcome)
        case finished
    }

    private let state = Mutex(State.idle)
    private let onExpiry: Outcome
    private let onCancel: Outcome

    init(onExpiry: Outcome, onCancel: Outcome) {
        self.onExpiry = onExpiry
        self.onCancel = onCancel
    }

    /// Returns false when the wait has already been settled otherwise.
    @discardableResult
    func settle(_ outcome: Outcome) -> Bool {
        let (won, waker) = state.withLock { state -> (Bool, Waker<Outcome>?) in
            switch state {
            case .idle:
                state = .settled(outcome)
                return (true, nil)
            case .waiting(let waker):
                state = .finished
                return (true, waker)
            case .settled, .finished:
                return (false, nil)
            }
        }
        waker?.wake(outcome)
        return won
    }

    /// To be called once, by the task that waits.
    func wait(until deadline: Deadline) async -> Outcome {
        let clock = deadline == .never ? nil : Reactor.current ?? Reactor.background
        arm(on: clock, at: deadline)
        let outcome = await withTaskCancellationHandler {
            await Waker.suspend { waker in
                let settled = state.withLock { state -> Outcome? in
                    if case .settled(let outcome) = state {
                        state = .finished
                        return outcome
                    }
                    state = .waiting(waker)
                    return nil
                }
                if let settled { waker.wake(settled) }
            }
        } onCancel: {
            settle(onCancel)
        }
        disarm(on: clock)
        return outcome
    }

    override func expire(now: Deadline) { settle(onExpiry) }

    /// A wait that ends because its reactor has is cancelled, not over: a loop that pauses between attempts must leave,
    /// or it would turn for ever on a loop where no pause takes any time.
    override func abandon(now: Deadline) { settle(onCancel) }

    private func arm(on clock: Reactor?, at deadline: Deadline) {
        clock?.onLoop { $0.arm(self, at: deadline) }
    }

    private func disarm(on clock: Reactor?) {
        clock?.onLoop { $0.disarm(self) }
    }
}
