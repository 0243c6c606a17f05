internal import Core
internal import Reactor

/// A connection in somebody's hands, and the reactor on which it waits meanwhile.
struct BorrowedConnection: Sendable {
    let lease: ConnectionPool.Lease
    let reactor: Reactor

    var connection: PostgreSQLConnection { lease.connection }
}

/// Lending a connection for the time of a call, and getting it back whole.
extension Database {
    /// How long a connection whose call was given up may take to come to rest before it is closed.
    private static let drainTimeout: Duration = .seconds(5)

    func withConnection<Value: Sendable>(
        deadline: Deadline?,
        _ body: @Sendable (PostgreSQLConnection, Deadline) async throws(DatabaseFailure) -> Value
    ) async throws(DatabaseFailure) -> Value {
        let deadline = deadline ?? .after(configuration.statementTimeout)
        let borrowed = try await borrow(deadline: deadline)
        let connection = borrowed.connection
        return try await connection.onReactor { () async throws(DatabaseFailure) -> Value in
            defer { giveBack(borrowed) }
            return try await body(connection, deadline)
        }
    }

    func borrow(deadline: Deadline) async throws(DatabaseFailure) -> BorrowedConnection {
        let lease = try await pool.lease(deadline: deadline)
        let reactor = Reactor.current ?? group.next()
        lease.connection.attach(to: reactor)
        return BorrowedConnection(lease: lease, reactor: reactor)
    }

    /// A connection at rest goes back to the pool. One that was left in the middle is first stopped and drained, beside
    /// the caller, who has had to wait long enough already.
    /// One whose session was changed is not reusable.
    ///
    /// Call it where the connection was used, by `onReactor`: the watch of its socket has to be gone before the pool lends
    /// it to somebody else, who watches it too, or closes it, after which its number is soon another socket's.
    func giveBack(_ borrowed: BorrowedConnection, isReusable: Bool = true) {
        let connection = borrowed.connection
        if connection.isIdle || connection.isBroken {
            connection.detach()
            pool.release(borrowed.lease, isReusable: isReusable && !connection.isBroken)
            return
        }
        let pool = pool
        borrowed.reactor.run {
            let isRestored = await connection.comeToRest(deadline: .after(Self.drainTimeout))
            connection.detach()
            pool.release(borrowed.lease, isReusable: isReusable && isRestored)
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
