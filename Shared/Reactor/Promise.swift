package import Core
internal import Synchronization

/// A value that one side will deliver once and any number of tasks may wait for, on any threads.
package final class Promise<Value: Sendable>: Sendable {
    private enum Outcome: Sendable {
        case value(Value), expired, cancelled
    }
    private struct State {
        var value: Value?
        var waiting: [Suspension<Outcome>] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Returns false when it was fulfilled before; the first value stays.
    @discardableResult
    package func fulfil(_ value: Value) -> Bool {
        let waiting = state.withLock { state -> [Suspension<Outcome>]? in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.waiting = [] }
            return state.waiting
        }
        guard let waiting else { return false }
        for suspension in waiting { suspension.settle(.value(value)) }
        return true
    }

    package var current: Value? { state.withLock { $0.value } }

    package func value(deadline: Deadline = .never) async throws(StreamFailure) -> Value {
        let suspension = Suspension<Outcome>(onExpiry: .expired, onCancel: .cancelled)
        let ready = state.withLock { state -> Value? in
            if state.value == nil { state.waiting.append(suspension) }
            return state.value
        }
        if let ready { return ready }
        let outcome = await suspension.wait(until: deadline)
        if case .value(let value) = outcome { return value }
        state.withLock { $0.waiting.removeAll { $0 === suspension } }
        if case .expired = outcome { throw .deadlineExceeded }
        throw .cancelled
    }
}
