/// The right to wake one suspended task, once. Whoever holds it makes sure of the "once": each place that stores a waker
/// takes it out before using it.
@safe
@usableFromInline package struct Waker<Outcome: Sendable>: Sendable {
    @usableFromInline let continuation: UnsafeContinuation<Outcome, Never>

    @inlinable
    package init(continuation: UnsafeContinuation<Outcome, Never>) { unsafe self.continuation = continuation }

    /// Suspends the current task and gives its waker to `body`. Part of the caller's own frame: what a task touches when
    /// it wakes is cold memory, so a wait on the request path should not stand at the end of a chain of calls.
    ///
    /// The library's plain `withUnsafeContinuation` makes sure before and after that the task runs where its isolation
    /// says. Nothing here is isolated to an actor, and each look for the task's executor takes a lock (220 instructions):
    /// a task is resumed through its executor anyway.
    @inlinable @inline(__always)
    package static func suspend(_ body: (Waker) -> Void) async -> Outcome {
        unsafe await _unsafeInheritExecutor_withUnsafeContinuation {
            (continuation: UnsafeContinuation<Outcome, Never>) in body(unsafe Waker(continuation: continuation))
        }
    }

    func wake(_ outcome: Outcome) { unsafe continuation.resume(returning: outcome) }
}

extension Waker where Outcome == Void {
    func wake() { wake(()) }
}
