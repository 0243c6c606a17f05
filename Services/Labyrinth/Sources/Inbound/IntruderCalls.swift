internal import Contracts
internal import Core

/// Answers the calls `ListIntruders` and `GetIntruder`.
struct IntruderCalls: Sendable {
    private static let page = PageSize(50, atMost: 500)

    let intruders: IntruderStore

    func list(_ request: ListIntrudersRequest, deadline: Deadline) async throws -> ListIntrudersResponse {
        let cursor = try request.cursor.asCursor({ PageCursor($0) }, else: LabyrinthFailure.foreignCursor)
        let limit = Self.page.entries(request.limit)
        let found = try await intruders.list(limit: limit, after: cursor, deadline: deadline)
        return ListIntrudersResponse(
            intruders: found, nextCursor: found.nextCursor(of: limit) { PageCursor($0.lastSeenAt, $0.intruderID) })
    }

    func get(_ request: GetIntruderRequest, deadline: Deadline) async throws -> GetIntruderResponse {
        guard let intruder = try await intruders.find(request.intruderID, deadline: deadline) else {
            throw LabyrinthFailure.unknownIntruder(request.intruderID)
        }
        return GetIntruderResponse(
            intruder: intruder, steps: try await intruders.steps(of: request.intruderID, deadline: deadline))
    }
}
