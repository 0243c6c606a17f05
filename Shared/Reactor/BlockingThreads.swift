package import Core
internal import Synchronization

/// Threads for C calls that block (name resolution) or compute long (password hashing), so that reactors do not.
///
/// At most `maximum` run at once and at most `queueLimit` wait; beyond that `run` fails at once. A call that outlives
/// its caller's deadline runs to its end and its result is dropped.
package final class BlockingThreads: Sendable {
    private struct State {
        var waiting = Ring<@Sendable () -> Void>()
        var running = 0
    }

    private let maximum: Int
    private let queueLimit: Int
    private let state = Mutex(State())

    package init(maximum: Int, queueLimit: Int = 256) {
        self.maximum = maximum
        self.queueLimit = queueLimit
    }

    package func run<Value: Sendable>(
        deadline: Deadline = .never, _ work: @escaping @Sendable () -> Value
    ) async throws(ReactorFailure) -> Value {
        let promise = Promise<Value>()
        try start { promise.fulfil(work()) }
        do {
            return try await promise.value(deadline: deadline)
        } catch {
            throw error == .cancelled ? .cancelled : .deadlineExceeded
        }
    }

    private func start(_ work: @escaping @Sendable () -> Void) throws(ReactorFailure) {
        let mustSpawn = try state.withLock { state throws(ReactorFailure) -> Bool in
            guard state.waiting.count < queueLimit else { throw .busy("the pool of blocking threads") }
            state.waiting.append(work)
            guard state.running < maximum else { return false }
            state.running += 1
            return true
        }
        if mustSpawn { try spawn() }
    }

    /// A thread works until nothing waits, then ends: an idle service keeps none.
    private func spawn() throws(ReactorFailure) {
        let error = DetachedThread.start { [self] in work() }
        guard error == 0 else {
            state.withLock { $0.running -= 1 }
            throw .system(errno: error, operation: "pthread_create")
        }
    }

    private func work() {
        while let next = take() { next() }
    }

    private func take() -> (@Sendable () -> Void)? {
        state.withLock { state in
            let next = state.waiting.popFirst()
            if next == nil { state.running -= 1 }
            return next
        }
    }
}
