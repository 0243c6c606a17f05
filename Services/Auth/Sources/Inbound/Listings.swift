import Contracts
import Core

/// What auth tells on request: keys, sessions, revocations, accounts.
struct Listings: Sendable {
    let parts: AuthParts

    private static let page = PageSize(100, atMost: 500)
    private static let revocationPage = PageSize(10_000, atMost: 10_000)

    func answer(_: GetSigningKeysRequest, _: Caller) -> GetSigningKeysResponse {
        GetSigningKeysResponse(keys: parts.keys.ring.published(now: parts.clock.now).map(\.wire))
    }

    func answer(_ request: ListSessionsRequest, _ caller: Caller) async throws -> ListSessionsResponse {
        let own = try caller.account()
        let account = request.userID.isSet ? request.userID : own
        guard account == own || caller.isAdministrator else {
            throw AuthFailure.forbidden("Only an administrator may see the sessions of others.")
        }
        let limit = Self.page.entries(request.limit)
        let sessions = try await parts.sessions.list(of: account, limit: limit, deadline: caller.deadline)
        return ListSessionsResponse(sessions: sessions.map(\.wire))
    }

    func answer(_ request: ListRevocationsRequest, _ caller: Caller) async throws -> ListRevocationsResponse {
        let revocations = try await parts.revocations.relevant(
            now: parts.clock.now, limit: Self.revocationPage.entries(request.limit),
            deadline: caller.deadline)
        return ListRevocationsResponse(revocations: revocations.map(\.wire))
    }

    /// The cursor is the last name of the page before.
    func answer(_ request: ListUsersRequest, _ caller: Caller) async throws -> ListUsersResponse {
        try caller.requireAdministrator()
        let limit = Self.page.entries(request.limit)
        let accounts = try await parts.accounts.list(after: request.cursor, limit: limit, deadline: caller.deadline)
        return ListUsersResponse(
            users: accounts.map(\.wire), nextCursor: accounts.nextCursor(of: limit) { $0.name })
    }
}
