internal import Database
internal import Outbox

/// Stores an answer, and says what to publish about it.
struct ResolutionWriter {
    func write(_ resolution: Resolution, in transaction: Transaction) async throws(DatabaseFailure) -> [OutboxMessage] {
        try await ApprovalTable().resolve(resolution.approval, in: transaction)
        try await DecisionTable().update(resolution.decision, in: transaction)
        let answered = resolution.decision.answered(resolution.approval)
        return resolution.decision.status == .active ? [answered, resolution.decision.made] : [answered]
    }
}
