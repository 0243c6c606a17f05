import Contracts
import Core

/// What auth tells on request: keys, sessions, revocations, accounts.
struct Listings: Sendable {
    let parts: AuthParts

    private static func limit(_ asked: UInt32, default usual: Int, atMost most: Int) -> Int {
        asked == 0 ? usual : min(Int(asked), most)
    }

    func answer(_: GetSigningKeysRequest, _: Caller) -> GetSigningKeysResponse {
        GetSigningKeysResponse(keys: parts.keys.ring.published(now: parts.clock.now).map(\.wire))
    }

    func answer(_ request: ListSessionsRequest, _ caller: Caller) async throws -> ListSessionsResponse {
        let own = try caller.account()
        let account = request.userID.isSet ? request.userID : own
        guard account == own || caller.isAdministrator else {
            throw AuthFailure.forbidden("Only an administrator may see the sessions of others.")
        }
        let limit = Self.limit(request.limit, default: 100, atMost: 500)
        let sessions = try await parts.sessions.list(of: account, limit: limit, deadline: caller.deadline)
        return ListSessionsResponse(sessions: sessions.map(\.wire))
    }

    func answer(_ request: ListRevocationsRequest, _ caller: Caller) async throws -> ListRevocationsResponse {
        let revocations = try await parts.revocations.relevant(
            now: parts.clock.now, limit: Self.limit(request.limit, default: 10_000, atMost: 10_000),
            deadline: caller.deadline)
        return ListRevocationsResponse(revocations: revocations.map(\.wire))
    }

    /// The cursor is the last name of the page before.
    func answer(_ request: ListUsersRequest, _ caller: Caller) async throws -> ListUsersResponse {
        try caller.requireAdministrator()
        let limit = Self.limit(request.limit, default: 100, atMost: 500)
        let accounts = try await parts.accounts.list(after: request.cursor, limit: limit, deadline: caller.deadline)
        let cursor = accounts.count == limit ? accounts.last?.name ?? "" : ""
        return ListUsersResponse(users: accounts.map(\.wire), nextCursor: cursor)
    }
}
