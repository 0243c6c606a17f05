/// One cancellation handler for all that a task waits for on its reactor's descriptors, where otherwise each wait needs
/// its own: two locks and four frames.
///
/// A task waits in one place at a time, so its cover only has to know the last. Confined to its reactor, which is what
/// makes it Sendable.
final class CancellationCover: @unchecked Sendable {
    /// 0 when the cover has ended: a later task may be known by the same number.
    private(set) var task: UInt
    private(set) var isCancelled = false
    private var waitingAt: EventSource?

    init(task: UInt) { self.task = task }

    func noteWait(at source: EventSource) {
        if waitingAt !== source { waitingAt = source }
    }

    func cancel() {
        isCancelled = true
        waitingAt?.cancelWaits(under: self)
    }

    func end() {
        task = 0
        waitingAt = nil
    }
}

extension Reactor {
    /// Runs `work` with one cancellation handler for all that the current task waits for on this reactor's sockets. For
    /// tasks that serve one connection.
    package func withCancellationCovered<Value, Problem: Error>(
        _ work: () async throws(Problem) -> Value
    ) async throws(Problem) -> Value {
        precondition(isCurrent, "a task is covered on the reactor it runs on")
        let cover = CancellationCover(task: CurrentTask.identity)
        precondition(covers.updateValue(cover, forKey: cover.task) == nil, "a task is covered once")
        defer {
            covers[cover.task] = nil
            cover.end()
        }
        let result = await withTaskCancellationHandler { () async -> Result<Value, Problem> in
            do throws(Problem) {
                return .success(try await work())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            onLoop { _ in cover.cancel() }
        }
        return try result.get()
    }
}
