internal import CLinux
internal import Core
internal import Glibc

/// How a wait for readiness ended.
package enum WaitOutcome: Sendable {
    case ready, closed, expired, cancelled

    package func get() throws(StreamFailure) {
        switch self {
        case .ready: break
        case .closed: throw .closed
        case .expired: throw .deadlineExceeded
        case .cancelled: throw .cancelled
        }
    }
}

enum Direction: Sendable {
    case input, output
}

/// A descriptor in the reactor's epoll set, with the two tasks that may wait for it.
///
/// A wait is one continuation beside a readiness flag. Edge-triggered: epoll tells once that something changed, the flag
/// remembers it, and whoever reads or writes until EAGAIN clears it. One timer serves both waits and is armed lazily: it
/// stands at or before the earliest deadline, and when it rings too early it is set again. So a deadline on every
/// operation costs a comparison, not a timer.
///
/// Confined to its reactor's thread.
final class EventSource: TimerEntry, @unchecked Sendable {
    // Sendable: see "confined"; the exceptions are `reactor` and `endWait(_:ticket:)`, which goes through `onLoop`.
    private struct Wait {
        var isReady: Bool
        /// Distinguishes this wait from a later one, for a cancellation that arrives late.
        var ticket: UInt32 = 0
        var deadline = Deadline.never
        var waker: Waker<WaitOutcome>?
        /// What cancels this wait; nil when it has a handler of its own.
        var cover: CancellationCover?
    }

    let reactor: Reactor
    /// -1 after `close`.
    private(set) var descriptor: Int32
    /// The peer has ended its side, or the connection broke: a short read does not mean that nothing more is to be read.
    private(set) var isEndPending = false
    /// Told when `isEndPending` becomes true, whether or not anybody waits.
    var onEndPending: (@Sendable () -> Void)?
    private let isOneShot: Bool
    private let ownsDescriptor: Bool
    private var input: Wait
    private var output: Wait
    /// In the place of a task that waits for input.
    private var inputAction: (@Sendable (WaitOutcome) -> Void)?
    private var timerDeadline = Deadline.never
    /// One-shot sources only: input ends a wait for output too.
    var inputEndsOutputWait = false
    private var operationsThisTurn = 0
    /// Of the task that waited here last, which is nearly always the one that waits next.
    private var lastCover: CancellationCover?

    /// Takes over `descriptor` (and closes it, unless `ownsDescriptor` is false). Call it on the reactor's thread.
    init(
        _ descriptor: Int32, on reactor: Reactor, isWritable: Bool = true, isOneShot: Bool = false,
        ownsDescriptor: Bool = true
    ) throws(ReactorFailure) {
        self.reactor = reactor
        self.descriptor = descriptor
        self.isOneShot = isOneShot
        self.ownsDescriptor = ownsDescriptor
        input = Wait(isReady: false)
        output = Wait(isReady: isWritable)
        super.init()
        try reactor.register(self, descriptor: descriptor, events: isOneShot ? 0 : Self.everything)
    }

    /// Fairness: a task that never has to wait gives way after so many operations.
    private static let operationsPerTurn = 16

    private static let everything =
        infinite_epoll_in | infinite_epoll_out | infinite_epoll_peer_closed | infinite_epoll_edge

    var isOpen: Bool { descriptor >= 0 }

    // MARK: Waiting

    func isReady(_ direction: Direction) -> Bool {
        direction == .input ? input.isReady : output.isReady
    }

    /// Ready, and its turn not used up.
    func mayTry(_ direction: Direction) -> Bool {
        guard isReady(direction), operationsThisTurn < Self.operationsPerTurn else { return false }
        operationsThisTurn += 1
        return true
    }

    func beginTurn() { operationsThisTurn = 0 }

    /// The last attempt would have blocked.
    func clearReadiness(_ direction: Direction) {
        if direction == .input { input.isReady = false } else { output.isReady = false }
    }

    func wait(_ direction: Direction, until deadline: Deadline) async -> WaitOutcome {
        guard isOpen else { return .closed }
        if let cover { return await Waker.suspend { begin(direction, $0, until: deadline, under: cover) } }
        let ticket = beginTicket(direction)
        return await withTaskCancellationHandler {
            await Waker.suspend { waker in
                if Task.isCancelled { return waker.wake(.cancelled) }
                begin(direction, waker, until: deadline)
            }
        } onCancel: {
            reactor.onLoop { _ in self.cancel(direction, ticket: ticket) }
        }
    }

    /// What covers the current task, if anything does.
    var cover: CancellationCover? {
        let task = CurrentTask.identity
        guard task != 0 else { return nil }
        if lastCover?.task != task { lastCover = reactor.covers[task] }
        return lastCover
    }

    func begin(
        _ direction: Direction, _ waker: Waker<WaitOutcome>, until deadline: Deadline, under cover: CancellationCover
    ) {
        guard isOpen else { return waker.wake(.closed) }
        guard !cover.isCancelled else { return waker.wake(.cancelled) }
        cover.noteWait(at: self)
        begin(direction, waker, until: deadline, cover: cover)
    }

    private func beginTicket(_ direction: Direction) -> UInt32 {
        if direction == .input {
            input.ticket &+= 1
            return input.ticket
        }
        output.ticket &+= 1
        return output.ticket
    }

    private func begin(
        _ direction: Direction, _ waker: Waker<WaitOutcome>, until deadline: Deadline,
        cover: CancellationCover? = nil
    ) {
        guard !isReady(direction) else { return waker.wake(.ready) }
        guard deadline > reactor.now else { return waker.wake(.expired) }
        if direction == .input {
            precondition(input.waker == nil, "two tasks wait to read from one descriptor")
            input.waker = waker
            input.deadline = deadline
            input.cover = cover
        } else {
            precondition(output.waker == nil, "two tasks wait to write to one descriptor")
            output.waker = waker
            output.deadline = deadline
            output.cover = cover
        }
        if deadline < timerDeadline { setTimer(at: deadline) }
        if isOneShot { rearm() }
    }

    /// Calls `action` once, as a wait for input would end: for who keeps no task for it.
    func whenReadable(until deadline: Deadline, _ action: @escaping @Sendable (WaitOutcome) -> Void) {
        guard isOpen else { return action(.closed) }
        guard !input.isReady else { return action(.ready) }
        guard deadline > reactor.now else { return action(.expired) }
        precondition(input.waker == nil && inputAction == nil, "two wait to read from one descriptor")
        inputAction = action
        input.deadline = deadline
        if deadline < timerDeadline { setTimer(at: deadline) }
    }

    private func resume(_ direction: Direction, _ outcome: WaitOutcome) {
        let waiting: Waker<WaitOutcome>?
        if direction == .input {
            if let action = inputAction {
                inputAction = nil
                input.deadline = .never
                return action(outcome)
            }
            waiting = input.waker
            input.waker = nil
            input.cover = nil
            input.deadline = .never
        } else {
            waiting = output.waker
            output.waker = nil
            output.cover = nil
            output.deadline = .never
        }
        waiting?.wake(outcome)
    }

    private func cancel(_ direction: Direction, ticket: UInt32) {
        guard ticket == (direction == .input ? input.ticket : output.ticket) else { return }
        resume(direction, .cancelled)
    }

    func cancelWaits(under cover: CancellationCover) {
        if input.cover === cover { resume(.input, .cancelled) }
        if output.cover === cover { resume(.output, .cancelled) }
    }

    // MARK: What the reactor reports

    func handle(_ events: UInt32) {
        if events & (infinite_epoll_peer_closed | infinite_epoll_failed) != 0 && !isEndPending {
            isEndPending = true
            onEndPending?()
        }
        if events & (infinite_epoll_in | infinite_epoll_peer_closed | infinite_epoll_failed) != 0 {
            input.isReady = true
            resume(.input, .ready)
        }
        let isReadable = events & (infinite_epoll_in | infinite_epoll_peer_closed) != 0
        if events & (infinite_epoll_out | infinite_epoll_failed) != 0 || (isReadable && inputEndsOutputWait) {
            output.isReady = true
            resume(.output, .ready)
        }
        if isOneShot { rearm() }
    }

    /// One-shot sources are level-triggered: each wait asks epoll anew, because the owner of the descriptor does not
    /// promise to read until EAGAIN.
    private func rearm() {
        var events = infinite_epoll_once
        if input.waker != nil { events |= infinite_epoll_in | infinite_epoll_peer_closed }
        if output.waker != nil { events |= infinite_epoll_out }
        if events != infinite_epoll_once { reactor.rearm(self, descriptor: descriptor, events: events) }
    }

    // MARK: Deadlines

    private func setTimer(at deadline: Deadline) {
        reactor.disarm(self)
        timerDeadline = deadline
        if deadline != .never { reactor.arm(self, at: deadline) }
    }

    override func expire(now: Deadline) {
        timerDeadline = .never
        if input.deadline <= now { resume(.input, .expired) }
        if output.deadline <= now { resume(.output, .expired) }
        setTimer(at: min(input.deadline, output.deadline))
    }

    // MARK: The end

    /// On the reactor's thread. Whoever waits learns that the stream is closed.
    func close() {
        guard isOpen else { return }
        reactor.deregister(self, descriptor: descriptor)
        if ownsDescriptor { _ = Glibc.close(descriptor) }
        descriptor = -1
        onEndPending = nil
        setTimer(at: .never)
        resume(.input, .closed)
        resume(.output, .closed)
    }
}
