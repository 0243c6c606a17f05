package import Core
internal import Synchronization

/// A bounded first-in first-out queue between tasks, on any threads.
///
/// Beyond `capacity`, `offer` refuses and `send` waits. `finish` lets receivers take what is left and then end.
package final class AsyncQueue<Element: Sendable>: Sendable {
    private enum Receipt: Sendable {
        case element(Element), finished, expired, cancelled
    }
    private enum Permit: Sendable {
        case tryAgain, expired, cancelled
    }
    private struct State {
        var elements = Ring<Element>()
        var receivers: [Suspension<Receipt>] = []
        var senders: [Suspension<Permit>] = []
        var isFinished = false
    }

    package let capacity: Int
    private let state = Mutex(State())

    package init(capacity: Int) {
        precondition(capacity > 0, "a queue holds at least one element")
        self.capacity = capacity
    }

    package var count: Int { state.withLock { $0.elements.count } }
    package var isFinished: Bool { state.withLock { $0.isFinished } }

    /// Never waits: false when the queue is full or finished, and the element is not taken.
    package func offer(_ element: Element) -> Bool {
        state.withLock { state in
            guard !state.isFinished else { return false }
            while !state.receivers.isEmpty {
                if state.receivers.removeFirst().settle(.element(element)) { return true }
            }
            guard state.elements.count < capacity else { return false }
            state.elements.append(element)
            return true
        }
    }

    /// Waits for room. Fails with `closed` when the queue is finished.
    package func send(_ element: Element, deadline: Deadline = .never) async throws(StreamFailure) {
        while true {
            if offer(element) { return }
            let suspension = Suspension<Permit>(onExpiry: .expired, onCancel: .cancelled)
            let mayWait = try state.withLock { state throws(StreamFailure) -> Bool in
                guard !state.isFinished else { throw .closed }
                guard state.elements.count >= capacity else { return false }
                state.senders.append(suspension)
                return true
            }
            guard mayWait else { continue }
            switch await suspension.wait(until: deadline) {
            case .tryAgain: break
            case .expired: try withdraw(suspension, .deadlineExceeded)
            case .cancelled: try withdraw(suspension, .cancelled)
            }
        }
    }

    /// The next element; nil when the queue is finished and empty. Fails only by cancellation or at the deadline.
    package func receive(deadline: Deadline = .never) async throws(StreamFailure) -> Element? {
        let suspension = Suspension<Receipt>(onExpiry: .expired, onCancel: .cancelled)
        let ready = state.withLock { state -> Receipt? in
            if let element = take(&state) { return .element(element) }
            if state.isFinished { return .finished }
            state.receivers.append(suspension)
            return nil
        }
        let receipt = if let ready { ready } else { await suspension.wait(until: deadline) }
        switch receipt {
        case .element(let element): return element
        case .finished: return nil
        case .expired, .cancelled:
            state.withLock { $0.receivers.removeAll { $0 === suspension } }
            if case .expired = receipt { throw .deadlineExceeded }
            throw .cancelled
        }
    }

    /// At least one element and at most `maximum`: what is there, and what comes within `linger` after the first.
    /// Empty when the queue is finished.
    package func receiveBatch(
        maximum: Int, linger: Duration = .zero, deadline: Deadline = .never
    ) async throws(StreamFailure) -> [Element] {
        guard let first = try await receive(deadline: deadline) else { return [] }
        var batch = [first]
        takeReady(&batch, maximum: maximum)
        guard linger > .zero else { return batch }
        let end = min(deadline, .after(linger))
        while batch.count < maximum {
            do throws(StreamFailure) {
                guard let next = try await receive(deadline: end) else { break }
                batch.append(next)
                takeReady(&batch, maximum: maximum)
            } catch {
                break  // The linger is over, or the task is cancelled: what was taken out is not lost.
            }
        }
        return batch
    }

    /// Nothing more will be sent. Receivers still get what is queued; waiting senders fail.
    package func finish() {
        state.withLock { state in
            state.isFinished = true
            for receiver in state.receivers { receiver.settle(.finished) }
            for sender in state.senders { sender.settle(.tryAgain) }
            state.receivers = []
            state.senders = []
        }
    }

    private func take(_ state: inout State) -> Element? {
        guard let element = state.elements.popFirst() else { return nil }
        while !state.senders.isEmpty {
            if state.senders.removeFirst().settle(.tryAgain) { break }
        }
        return element
    }

    private func takeReady(_ batch: inout [Element], maximum: Int) {
        state.withLock { state in
            while batch.count < maximum, let element = take(&state) { batch.append(element) }
        }
    }

    private func withdraw(_ suspension: Suspension<Permit>, _ failure: StreamFailure) throws(StreamFailure) {
        state.withLock { $0.senders.removeAll { $0 === suspension } }
        throw failure
    }
}

/// A growing ring: `popFirst` without moving the rest.
struct Ring<Element> {
    private var storage: [Element?] = []
    private var head = 0
    private(set) var count = 0

    mutating func append(_ element: Element) {
        if count == storage.count { grow() }
        storage[(head + count) & (storage.count - 1)] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = storage[head]
        storage[head] = nil
        head = (head + 1) & (storage.count - 1)
        count -= 1
        return element
    }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(16, storage.count * 2))
        for index in 0..<count { larger.append(storage[(head + index) & (storage.count - 1)]) }
        larger.append(contentsOf: repeatElement(nil, count: max(16, storage.count * 2) - count))
        storage = larger
        head = 0
    }
}
