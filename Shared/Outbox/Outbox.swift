package import Core
package import Database
package import Reactor
internal import Synchronization

/// Publishes what a transaction decided, if and only if the transaction committed.
///
/// `enqueue` writes into the caller's transaction. The relay reads in order of enqueuing, publishes, and deletes what
/// the broker has confirmed, so a message may be published twice (a crash between the confirm and the delete) but is
/// never lost; its identifier lets the inbox of the consumer drop the repetition. Of several replicas one relays at a
/// time, held by a lock of its transaction, so the order of one key survives; when it dies the next takes over.
///
/// There is no "newer than the last one" watermark: identifiers commit in another order than they were given.
package final class Outbox: Sendable {
    package struct Limits: Sendable {
        /// Messages read, published in one window and deleted together.
        package var batch = 500
        /// The broker has so long to confirm a batch before it is tried again.
        package var confirmTimeout: Duration = .seconds(10)
        /// How often to look without having been woken: for what other replicas left behind.
        package var pollInterval: Duration = .seconds(1)

        package init() {}
    }

    private let database: Database
    private let publisher: any OutboxPublisher
    private let limits: Limits
    private let onFailure: @Sendable (any Error) -> Void
    private let wake = AsyncQueue<Void>(capacity: 1)
    private let relay = Mutex<TaskHandle?>(nil)

    /// `onFailure` is told why a round failed; the relay tries again by itself.
    package init(
        _ database: Database, publisher: any OutboxPublisher, limits: Limits = Limits(),
        onFailure: @escaping @Sendable (any Error) -> Void = { _ in }
    ) {
        self.database = database
        self.publisher = publisher
        self.limits = limits
        self.onFailure = onFailure
    }

    // MARK: Enqueuing

    /// Part of the caller's transaction. Call `transactionCommitted` afterwards, or the relay finds it by polling.
    package func enqueue(_ messages: [OutboxMessage], in transaction: Transaction) async throws(DatabaseFailure) {
        guard !messages.isEmpty else { return }
        try await transaction.bulkInsert(into: "outbox", columns: Self.columns(of: messages))
    }

    package func transactionCommitted() { _ = wake.offer(()) }

    /// Runs `body`, whose result says what to publish, in one transaction with the enqueuing.
    package func transaction<Value: Sendable>(
        deadline: Deadline? = nil, _ body: @Sendable (Transaction) async throws -> (Value, [OutboxMessage])
    ) async throws -> Value {
        let value = try await database.transaction(deadline: deadline) { transaction in
            let (value, messages) = try await body(transaction)
            try await self.enqueue(messages, in: transaction)
            return value
        }
        transactionCommitted()
        return value
    }

    private static func columns(of messages: [OutboxMessage]) -> [BulkColumn] {
        [
            BulkColumn("message_id", messages.map(\.id)), BulkColumn("schema", messages.map(\.schema)),
            BulkColumn("partition_key", messages.map(\.key)), BulkColumn("payload", messages.map(\.payload)),
            BulkColumn("traceparent", messages.map { $0.trace?.description ?? "" }),
        ]
    }

    // MARK: Relaying

    /// Starts the relay. Without it messages stay until another replica's relay takes them.
    package func start(on reactor: Reactor) {
        let task = reactor.run { await self.run() }
        relay.withLock { $0 = task }
    }

    /// What was published and not yet confirmed stays in the table for the next start.
    package func stop() async {
        let task = relay.withLock { relay in
            defer { relay = nil }
            return relay
        }
        task?.cancel()
        await task?.value()
    }

    private func run() async {
        while !Task.isCancelled {
            do {
                if try await relayBatch() < limits.batch { try await pause() }
            } catch is CancellationError {
                return
            } catch {
                if Task.isCancelled { return }
                onFailure(error)
                try? await pause()
            }
        }
    }

    private func pause() async throws {
        do {
            _ = try await wake.receive(deadline: .after(limits.pollInterval))
        } catch StreamFailure.deadlineExceeded {
            return
        }
    }

    /// Publishes and deletes the oldest messages; how many there were. Zero as well when another replica is at it.
    package func relayBatch() async throws -> Int {
        try await database.transaction(attempts: 1, deadline: .after(limits.confirmTimeout + .seconds(5))) {
            transaction in
            guard try await self.isOurTurn(transaction) else { return 0 }
            let rows = try await transaction.query(Self.selectOldest, [.int(self.limits.batch)])
            guard !rows.isEmpty else { return 0 }
            let outcomes = try await self.publish(rows)
            try await self.settle(rows, outcomes, in: transaction)
            if outcomes.allSatisfy({ $0 == .waiting }) { throw Failure(.unavailable, "the broker confirmed nothing") }
            return rows.count
        }
    }

    private func isOurTurn(_ transaction: Transaction) async throws -> Bool {
        let row = try await transaction.queryRow(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('infinite-outbox:' || current_schema(), 0))")
        return try row?.get(0, as: Bool.self) ?? false
    }

    private enum Outcome: Sendable, Equatable {
        case confirmed
        /// Not now: the broker is away or full.
        case waiting
        /// Never, as things stand: the message itself was refused.
        case refused(String)
    }

    /// The keys side by side, so that confirms come in a window; the messages of one key one after the other, because
    /// only a confirm says that the earlier one is ahead. Behind one that must wait, its key waits.
    private func publish(_ rows: Rows) async throws -> [Outcome] {
        let deadline = Deadline.after(limits.confirmTimeout)
        return try await withThrowingTaskGroup(of: [(Int, Outcome)].self) { tasks in
            for positions in try Self.positionsByKey(in: rows) {
                tasks.addTask { await self.publish(positions.map { ($0, rows[$0]) }, deadline: deadline) }
            }
            var outcomes = [Outcome](repeating: .waiting, count: rows.count)
            for try await ofOneKey in tasks {
                for (position, outcome) in ofOneKey { outcomes[position] = outcome }
            }
            return outcomes
        }
    }

    /// Where each key's messages stand, the keys in the order of their oldest message.
    private static func positionsByKey(in rows: Rows) throws -> [[Int]] {
        var group: [String: Int] = [:]
        var positions: [[Int]] = []
        for (position, row) in rows.enumerated() {
            let key: String = try row.get("partition_key")
            if let known = group[key] {
                positions[known].append(position)
            } else {
                group[key] = positions.count
                positions.append([position])
            }
        }
        return positions
    }

    private func publish(_ ofOneKey: [(Int, Row)], deadline: Deadline) async -> [(Int, Outcome)] {
        var outcomes: [(Int, Outcome)] = []
        for (position, row) in ofOneKey {
            let outcome = await publish(row, deadline: deadline)
            outcomes.append((position, outcome))
            if outcome == .waiting { break }
        }
        return outcomes
    }

    private func publish(_ row: Row, deadline: Deadline) async -> Outcome {
        do {
            try await publisher.publish(try OutboxMessage(row: row), deadline: deadline)
            return .confirmed
        } catch let failure as Failure where failure.kind == .invalid || failure.kind == .notFound {
            return .refused(failure.detail)
        } catch {
            return .waiting
        }
    }

    /// A refused message stops nobody behind it: it is set aside after twenty refusals, for a person to look at.
    private func settle(_ rows: Rows, _ outcomes: [Outcome], in transaction: Transaction) async throws {
        var confirmed: [Int64] = []
        var refused: [Int64] = []
        var reasons: [String] = []
        for (row, outcome) in zip(rows, outcomes) {
            switch outcome {
            case .confirmed: confirmed.append(try row.get("id"))
            case .waiting: break
            case .refused(let reason):
                refused.append(try row.get("id"))
                reasons.append(reason)
            }
        }
        if !confirmed.isEmpty {
            try await transaction.execute("DELETE FROM outbox WHERE id = ANY($1)", [.array(confirmed)])
        }
        if !refused.isEmpty {
            try await transaction.execute(Self.noteRefusals, [.array(refused), .array(reasons)])
        }
    }

    private static let selectOldest: SQL =
        "SELECT " + OutboxMessage.columns
        + " FROM outbox WHERE refusals < 20 ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED"

    private static let noteRefusals: SQL = """
        UPDATE outbox SET refusals = refusals + 1, last_refusal = reason
        FROM unnest($1, $2) AS refused (refused_id, reason) WHERE id = refused_id
        """

    // MARK: What operators watch

    /// How many messages wait, how many were set aside, and how old the oldest is.
    package struct Backlog: Sendable, Equatable {
        package let waiting: Int
        package let setAside: Int
        package let oldest: Timestamp?
    }

    package func backlog() async throws(DatabaseFailure) -> Backlog {
        let row = try await database.queryRow(
            """
            SELECT count(*) FILTER (WHERE refusals < 20), count(*) FILTER (WHERE refusals >= 20), min(created_at)
            FROM outbox
            """)
        guard let row else { return Backlog(waiting: 0, setAside: 0, oldest: nil) }
        return Backlog(
            waiting: try row.get(0), setAside: try row.get(1), oldest: try row.get(2, as: Timestamp?.self))
    }
}
