package import Core
internal import Synchronization

/// A task started with `Reactor.run`.
package struct TaskHandle: Sendable {
    private let task: Task<Void, Never>

    init(_ task: Task<Void, Never>) { self.task = task }

    package func cancel() { task.cancel() }
    package var isCancelled: Bool { task.isCancelled }

    /// Waits until the task has ended.
    package func value() async { await task.value }
}

extension Reactor {
    /// Starts a task whose every step runs on this reactor. The one place where the product starts unstructured work:
    /// keep the handle and end the task before what it uses.
    @discardableResult
    package func run(_ work: @escaping @Sendable () async -> Void) -> TaskHandle {
        TaskHandle(Task(executorPreference: self) { await work() })
    }

    /// Runs `work` on this reactor as part of the calling task, and comes back.
    package func perform<Value: Sendable, Problem: Error>(
        _ work: @Sendable () async throws(Problem) -> Value
    ) async throws(Problem) -> Value {
        try await withTaskExecutorPreference(self) { () async throws(Problem) -> Value in
            await hop()
            return try await work()
        }
    }

    /// A preference takes effect at the next suspension; this is one.
    private func hop() async {
        guard !isCurrent else { return }
        await Waker<Void>.suspend { waker in onLoop { _ in waker.wake() } }
    }

    /// Lets everything else that is ready go first: for loops that find work without ever waiting.
    package static func yield() async {
        await Waker<Void>.suspend { $0.wake() }
    }

    /// Lets the loop look at its sockets before the calling task goes on: for who has had enough of a turn. To be called
    /// on a reactor.
    package static func nextTurn() async {
        await Waker<Void>.suspend { waker in
            if let current = Reactor.current { current.wakeInNextTurn(waker) } else { waker.wake() }
        }
    }

    /// Sleeps on the timer wheel of the current reactor, or of the background one when called elsewhere.
    package static func sleep(until deadline: Deadline) async throws(CancellationError) {
        guard !Task.isCancelled else { throw CancellationError() }
        let isWhole = await Suspension(onExpiry: true, onCancel: false).wait(until: deadline)
        if !isWhole { throw CancellationError() }
    }

    package static func sleep(for duration: Duration) async throws(CancellationError) {
        try await sleep(until: .after(duration))
    }

    /// Keeps the timers of tasks that run on no reactor (tests, tools). Made when first needed.
    static let background: Reactor = {
        do {
            let reactor = try Reactor(index: -1)
            try startThread(of: reactor, named: "reactor-timers")
            return reactor
        } catch {
            fatalError("timers outside of a reactor need one of their own, and it could not start: \(error)")
        }
    }()
}
