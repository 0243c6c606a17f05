package import Core
package import Reactor

/// How a queue is consumed.
package struct ConsumptionOptions: Sendable {
    /// Messages the broker hands out before the first of them is acknowledged.
    package var prefetch: Int
    /// Handlers that run at once. One keeps the queue's order.
    package var concurrency: Int
    /// Deliveries given to one call of the handler, at most.
    package var batch: Int
    /// How long the first delivery of such a batch may wait for others.
    package var linger: Duration
    /// Where the handlers run; the bus's reactor when nil.
    package var reactor: Reactor?
    /// A handler that fails for a passing reason is repeated here, with pauses, so often before the message goes back
    /// to the queue: an outage of a database must not use up the deliveries a message has.
    package var attempts: Int

    package init(
        prefetch: Int = 64, concurrency: Int = 1, batch: Int = 1, linger: Duration = .zero, reactor: Reactor? = nil,
        attempts: Int = 8
    ) {
        self.prefetch = max(1, prefetch)
        self.concurrency = max(1, concurrency)
        self.batch = max(1, batch)
        self.linger = linger
        self.reactor = reactor
        self.attempts = max(1, attempts)
    }
}

extension Failure {
    /// Whether doing the same again later may succeed.
    package var isTransient: Bool {
        switch kind {
        case .unavailable, .exhausted, .deadlineExceeded, .cancelled, .internalError: true
        case .invalid, .unauthenticated, .forbidden, .notFound, .conflict, .unsupported: false
        }
    }
}
