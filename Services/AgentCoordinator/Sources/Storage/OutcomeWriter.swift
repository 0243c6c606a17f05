internal import Database
internal import Outbox

/// Stores what the engine decided or asks, and says what to publish about it.
struct OutcomeWriter {
    func write(
        _ outcomes: [DecisionEngine.Outcome], in transaction: Transaction
    ) async throws(DatabaseFailure) -> [OutboxMessage] {
        try await DecisionTable().insert(outcomes.compactMap(\.decision), in: transaction)
        try await ApprovalTable().insert(outcomes.compactMap(\.approval), in: transaction)
        return outcomes.compactMap { outcome in
            switch outcome {
            case .nothing: nil
            case .decision(let decision): decision.made
            case .question(let decision, let approval): decision.asked(approval)
            }
        }
    }
}
