internal import Core
internal import Reactor

/// Lending a connection for the time of a call, and getting it back whole.
extension Database {
    /// How long a connection whose call was given up may take to come to rest before it is closed.
    private static let drainTimeout: Duration = .seconds(5)

    func withConnection<Value: Sendable>(
        deadline: Deadline?,
        _ body: @Sendable (PostgreSQLConnection, Deadline) async throws(DatabaseFailure) -> Value
    ) async throws(DatabaseFailure) -> Value {
        let deadline = deadline ?? .after(configuration.statementTimeout)
        let lease = try await pool.lease(deadline: deadline)
        return try await lease.connection.onReactor { () async throws(DatabaseFailure) -> Value in
            defer { giveBack(lease) }
            return try await body(lease.connection, deadline)
        }
    }

    /// A connection at rest goes back to the pool. One that was left in the middle is first stopped and drained, beside
    /// the caller, who has had to wait long enough already.
    /// One whose session was changed is not reusable.
    func giveBack(_ lease: ConnectionPool.Lease, isReusable: Bool = true) {
        let connection = lease.connection
        if connection.isIdle || connection.isBroken {
            return pool.release(lease, isReusable: isReusable && !connection.isBroken)
        }
        let pool = pool
        connection.reactor.run {
            let isRestored = await connection.comeToRest(deadline: .after(Self.drainTimeout))
            pool.release(lease, isReusable: isReusable && isRestored)
        }
    }

    func sleep(until deadline: Deadline) async throws {
        try await Reactor.sleep(until: deadline)
    }
}

extension PostgreSQLConnection {
    /// Stops a statement that is running, waits for its end and closes an open transaction.
    fileprivate func comeToRest(deadline: Deadline) async -> Bool {
        do throws(DatabaseFailure) {
            if isBusy {
                guard isInPipeline, await requestCancel(deadline: deadline) else { return false }
                _ = try await finish(deadline: deadline)
            }
            if !isIdle { _ = try await run([Statement("ROLLBACK")], deadline: deadline) }
            return isIdle
        } catch {
            return false
        }
    }
}
