internal import CLinux
package import Core
internal import Glibc
internal import Synchronization

/// Something that acts at the end of a turn, on the loop's thread and outside of every task: see `Reactor.atEndOfTurn`.
package protocol TurnEnder: AnyObject {
    func turnEnds()
}

/// One epoll loop on one thread, and the task executor of everything that runs on it.
///
/// A turn of the loop: wait for events, hand each to its `EventSource` (which wakes at most two tasks), take what other
/// threads sent, expire timers, then run ready jobs, at most `jobsPerTurn` of them, before looking at the sockets again.
/// Jobs enqueued by the loop's own thread go to a ring without lock or atomics; other threads take a lock and write to
/// an eventfd. Because all jobs of a reactor run on its thread, objects confined to it need no locks.
///
/// Sendable: `inbox` is guarded by its mutex, `thread` is atomic, descriptors never change; everything under
/// "loop thread only" is touched by the loop's thread alone, which `onLoop` and `enqueue` see to.
@safe
package final class Reactor: TaskExecutor, @unchecked Sendable {
    /// Fairness: after so many jobs the sockets get their look.
    private static let jobsPerTurn = 256
    private static let eventsPerTurn = 512
    private static let scratchCapacity = 64 << 10

    private enum Message {
        case job(UnownedJob)
        case action(@Sendable (Reactor) -> Void)
    }
    private struct Inbox {
        var messages: [Message] = []
        var isWakeUpPending = false
        var isStopping = false
        var hasStopped = false
    }

    package let index: Int
    private let epoll: Int32
    private let wakeUp: Int32
    private let thread = Atomic<UInt>(0)
    private let inbox = Mutex(Inbox())

    // Loop thread only.
    /// Not watched for overlapping accesses, which costs 90 instructions for each job: none of its methods calls anybody.
    @exclusivity(unchecked) private var ring = JobRing()
    private var wheel: TimerWheel
    private var sources: [Int32: EventSource] = [:]
    /// By task.
    var covers: [UInt: CancellationCover] = [:]
    /// Whoever goes on in the next turn.
    private var turnWaiters: [Waker<Void>] = []
    /// Whoever wants to act when the turn ends.
    private var turnEnders: [any TurnEnder] = []
    /// Nothing can be watched or timed any more: what still runs unwinds.
    private var hasEnded = false
    private(set) var now: Deadline

    /// A buffer that belongs to whoever runs, until its next suspension: read into it, use the bytes, keep only the rest.
    package let scratch: UnsafeMutableRawBufferPointer
    /// The same for layers below the one that uses `scratch`: TLS receives into it.
    package let transportBuffer: UnsafeMutableRawBufferPointer

    init(index: Int) throws(ReactorFailure) {
        self.index = index
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .last("epoll_create1") }
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeUp >= 0, infinite_epoll_control(epoll, EPOLL_CTL_ADD, wakeUp, infinite_epoll_in, nil) == 0 else {
            let failure = ReactorFailure.last("eventfd")
            close(epoll)
            throw failure
        }
        now = .now
        wheel = TimerWheel(origin: now)
        unsafe scratch = .allocate(byteCount: Self.scratchCapacity, alignment: 64)
        unsafe transportBuffer = .allocate(byteCount: Self.scratchCapacity, alignment: 64)
    }

    deinit {
        close(wakeUp)
        close(epoll)
        unsafe scratch.deallocate()
        unsafe transportBuffer.deallocate()
    }

    // MARK: From any thread

    /// The reactor whose thread this is.
    package static var current: Reactor? { CurrentReactor.get() }

    /// When the loop's current turn began: good enough to count deadlines from, without asking the clock each time.
    /// For tasks on this reactor.
    package var turn: Deadline { now }

    package var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            unsafe ring.append(job)
        } else {
            send(.job(job))
        }
    }

    /// Runs `action` on the loop's thread: at once when called there, else in one of its next turns.
    package func onLoop(_ action: @escaping @Sendable (Reactor) -> Void) {
        if isCurrent { action(self) } else { send(.action(action)) }
    }

    private func send(_ message: Message) {
        let (accepted, mustWake) = inbox.withLock { inbox in
            guard !inbox.hasStopped else { return (false, false) }
            inbox.messages.append(message)
            defer { inbox.isWakeUpPending = true }
            return (true, !inbox.isWakeUpPending)
        }
        if mustWake { wake() }
        if !accepted { runWithoutLoop(message) }
    }

    /// After the loop has ended its tasks still have to finish: every descriptor is closed, so all they can do is unwind.
    private func runWithoutLoop(_ message: Message) {
        switch message {
        case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        case .action(let action): action(self)
        }
    }

    private func wake() {
        _ = eventfd_write(wakeUp, 1)
    }

    /// Ends the loop: closes every descriptor it watches, lets the tasks unwind, then ends the thread.
    func stop() {
        inbox.withLock { $0.isStopping = true }
        wake()
    }

    // MARK: On the loop's thread

    func arm(_ entry: TimerEntry, at deadline: Deadline) {
        if hasEnded { entry.abandon(now: now) } else { wheel.arm(entry, at: deadline) }
    }
    func disarm(_ entry: TimerEntry) { wheel.disarm(entry) }

    /// Once, when the jobs that are ready now have run: for what several of them ask for and is done for all at once.
    package func atEndOfTurn(_ ender: any TurnEnder) {
        // A loop that has ended has no turns.
        if hasEnded { ender.turnEnds() } else { turnEnders.append(ender) }
    }

    func wakeInNextTurn(_ waker: Waker<Void>) {
        // A loop that has ended has no turns.
        if hasEnded { waker.wake() } else { turnWaiters.append(waker) }
    }

    private func endTurn() {
        if !turnWaiters.isEmpty {
            let waiters = turnWaiters
            turnWaiters = []
            for waiter in waiters { waiter.wake() }
        }
        guard !turnEnders.isEmpty else { return }
        // What is asked for from here on is done at the next turn's end.
        let due = turnEnders
        turnEnders.removeAll(keepingCapacity: true)
        for ender in due { ender.turnEnds() }
    }

    func register(_ source: EventSource, descriptor: Int32, events: UInt32) throws(ReactorFailure) {
        guard !hasEnded else { throw .stopped }
        let context = unsafe Unmanaged.passUnretained(source).toOpaque()
        guard unsafe infinite_epoll_control(epoll, EPOLL_CTL_ADD, descriptor, events, context) == 0 else {
            throw .last("epoll_ctl")
        }
        sources[descriptor] = source
    }

    func rearm(_ source: EventSource, descriptor: Int32, events: UInt32) {
        guard sources[descriptor] === source else { return }
        let context = unsafe Unmanaged.passUnretained(source).toOpaque()
        _ = unsafe infinite_epoll_control(epoll, EPOLL_CTL_MOD, descriptor, events, context)
    }

    /// No event of this turn may still name `source`: messages are taken and jobs run only after all events of a turn
    /// were handed out. Somebody who owns a descriptor that is only watched here may have closed it before, and its
    /// number may be another source's by now: that one stays.
    func deregister(_ source: EventSource, descriptor: Int32) {
        guard sources[descriptor] === source else { return }
        _ = infinite_epoll_control(epoll, EPOLL_CTL_DEL, descriptor, 0, nil)
        sources[descriptor] = nil
    }

    /// The body of the reactor's thread.
    func runLoop() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        CurrentReactor.set(self)
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Self.eventsPerTurn)
        defer { unsafe events.deallocate() }
        var isStopping = false
        while !isStopping {
            let count = unsafe infinite_epoll_wait(epoll, events, Int32(Self.eventsPerTurn), waitMilliseconds)
            now = .now
            var hasMessages = false
            for position in 0..<max(0, Int(count)) where unsafe !dispatch(events + position) { hasMessages = true }
            if hasMessages { takeInbox() }
            while let entry = wheel.popExpired(now: now) { entry.expire(now: now) }
            runReadyJobs()
            endTurn()
            isStopping = inbox.withLock { $0.isStopping }
        }
        unwind()
    }

    private var waitMilliseconds: Int32 {
        guard unsafe ring.count == 0, turnEnders.isEmpty, turnWaiters.isEmpty else { return 0 }
        guard let wake = wheel.nextWake else { return -1 }
        let nanoseconds = max(0, wake.uptimeNanoseconds - Deadline.now.uptimeNanoseconds)
        return Int32(clamping: (nanoseconds + 999_999) / 1_000_000)
    }

    /// False when the event is the inbox's.
    private func dispatch(_ event: UnsafePointer<epoll_event>) -> Bool {
        guard let context = unsafe infinite_epoll_context(event) else { return false }
        let events = unsafe infinite_epoll_events(event)
        unsafe Unmanaged<EventSource>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.handle(events) }
        return true
    }

    private func takeInbox() {
        var drained: eventfd_t = 0
        _ = unsafe eventfd_read(wakeUp, &drained)
        let messages = inbox.withLock { inbox in
            defer {
                inbox.messages = []
                inbox.isWakeUpPending = false
            }
            return inbox.messages
        }
        for message in messages {
            switch message {
            case .job(let job): unsafe ring.append(job)
            case .action(let action): action(self)
            }
        }
    }

    private func runReadyJobs() {
        var left = Self.jobsPerTurn
        while left > 0, let job = unsafe ring.popFirst() {
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            left -= 1
        }
    }

    private func unwind() {
        hasEnded = true
        endTurn()
        for source in Array(sources.values) { source.close() }
        while let entry = wheel.popExpired(now: .never) { entry.abandon(now: now) }
        while true {
            takeInbox()
            while let job = unsafe ring.popFirst() { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
            let isEmpty = inbox.withLock { inbox in
                inbox.hasStopped = inbox.messages.isEmpty
                return inbox.hasStopped
            }
            if isEmpty { break }
        }
        CurrentReactor.set(nil)
        thread.store(0, ordering: .relaxed)
    }
}
