internal import Contracts
internal import Core

/// Answers the calls `ListIntruders` and `GetIntruder`.
struct IntruderCalls: Sendable {
    private static let usualLimit = 50

    let intruders: IntruderStore

    func list(_ request: ListIntrudersRequest, deadline: Deadline) async throws -> ListIntrudersResponse {
        var cursor: PageCursor?
        if !request.cursor.isEmpty {
            cursor = PageCursor(request.cursor)
            guard cursor != nil else { throw LabyrinthFailure.foreignCursor }
        }
        let limit = request.limit == 0 ? Self.usualLimit : min(500, Int(request.limit))
        let found = try await intruders.list(limit: limit, after: cursor, deadline: deadline)
        let next =
            found.count < limit
            ? nil : found.last.map { PageCursor($0.lastSeenAt, $0.intruderID) }
        return ListIntrudersResponse(intruders: found, nextCursor: next?.description ?? "")
    }

    func get(_ request: GetIntruderRequest, deadline: Deadline) async throws -> GetIntruderResponse {
        guard let intruder = try await intruders.find(request.intruderID, deadline: deadline) else {
            throw LabyrinthFailure.unknownIntruder(request.intruderID)
        }
        return GetIntruderResponse(
            intruder: intruder, steps: try await intruders.steps(of: request.intruderID, deadline: deadline))
    }
}
