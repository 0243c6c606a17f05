internal import Core
internal import Reactor

/// Tasks of one reactor that wait until something changes, and then look again.
final class Waiters {
    private var waiting: [Promise<Void>] = []

    func wait(deadline: Deadline) async throws(StreamFailure) {
        let waiter = Promise<Void>()
        waiting.append(waiter)
        do {
            try await waiter.value(deadline: deadline)
        } catch {
            waiting.removeAll { $0 === waiter }
            throw error
        }
    }

    func wake() {
        guard !waiting.isEmpty else { return }
        let woken = waiting
        waiting = []
        for waiter in woken { waiter.fulfil(()) }
    }
}
