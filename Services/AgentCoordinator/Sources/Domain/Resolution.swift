internal import Core

/// An answer to a question, by a person or by the clock, and what it makes of approval and decision.
struct Resolution: Equatable, Sendable {
    let approval: Approval
    let decision: Decision

    static let byTimeout = "timeout"

    /// A person answers. Refused when the question was answered before.
    static func answer(
        _ approval: Approval, _ decision: Decision, approve: Bool, by user: String, comment: String, now: Timestamp
    ) throws(Failure) -> Resolution {
        guard approval.status == .waiting, decision.status == .awaitingApproval else {
            throw Failure(.conflict, "This question was answered already, by \(approval.resolvedBy).")
        }
        return Resolution(approval, decision, approve ? .approved : .rejected, by: user, comment, now)
    }

    /// Nobody answered in time. Nil while there is time, and while the kill switch forbids to act unasked.
    static func timeout(
        _ approval: Approval, _ decision: Decision, isStopped: Bool, now: Timestamp
    ) -> Resolution? {
        guard approval.status == .waiting, approval.answerUntil <= now else { return nil }
        guard !(isStopped && approval.onTimeout == .approved) else { return nil }
        return Resolution(approval, decision, approval.onTimeout, by: byTimeout, "nobody answered in time", now)
    }

    private init(
        _ approval: Approval, _ decision: Decision, _ status: Approval.Status, by resolver: String, _ comment: String,
        _ now: Timestamp
    ) {
        var (approval, decision) = (approval, decision)
        approval.status = status
        approval.resolvedBy = resolver
        approval.resolvedAt = now
        approval.comment = comment
        if status == .approved { decision.activate(at: now) } else { decision.status = .rejected }
        self.approval = approval
        self.decision = decision
    }
}
