/// The right to wake one suspended task, once. Whoever holds it makes sure of the "once": each place that stores a waker
/// takes it out before using it.
@safe
struct Waker<Outcome: Sendable>: Sendable {
    private let continuation: UnsafeContinuation<Outcome, Never>

    /// Suspends the current task and gives its waker to `body`.
    static func suspend(_ body: (Waker) -> Void) async -> Outcome {
        unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<Outcome, Never>) in
            body(unsafe Waker(continuation: continuation))
        }
    }

    func wake(_ outcome: Outcome) { unsafe continuation.resume(returning: outcome) }
}

extension Waker where Outcome == Void {
    func wake() { wake(()) }
}
