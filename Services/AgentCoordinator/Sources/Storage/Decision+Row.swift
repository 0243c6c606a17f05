internal import Core
internal import Database

extension Decision {
    /// From `DecisionTable.columns`.
    init(row: Row) throws(DatabaseFailure) {
        guard let kind = Subject.Kind(rawValue: try row.get("subject_kind")),
            let subject = Subject(kind, try row.get("subject")), let action = Action(rawValue: try row.get("action")),
            let status = Status(rawValue: try row.get("status")),
            let severity = Severity(rawValue: try row.get("severity")),
            let autonomy = Autonomy(rawValue: try row.get("autonomy"))
        else { throw .unexpectedResult("a decision with a number this version does not know") }
        self.init(
            id: try row.get("decision_id"), subject: subject, action: action,
            duration: .milliseconds(try row.get("duration_milliseconds", as: Int64.self)),
            decidedAt: try row.get("decided_at"), expiresAt: try row.get("expires_at"), reason: try row.get("reason"),
            severity: severity, confidence: try row.get("confidence"), decidedBy: try row.get("decided_by"),
            autonomy: autonomy, status: status, threatID: try row.get("threat_id", as: UUIDv7?.self),
            incidentID: try row.get("incident_id", as: UUIDv7?.self),
            throttlePerMinute: try row.get("throttle_per_minute", as: Int32?.self).map(Int.init),
            trace: TraceContext(try row.get("traceparent", as: String.self)))
    }
}

extension Approval {
    init(row: Row) throws(DatabaseFailure) {
        guard let status = Status(rawValue: try row.get("approval_status")),
            let onTimeout = Status(rawValue: try row.get("on_timeout"))
        else { throw .unexpectedResult("an approval with a number this version does not know") }
        self.init(
            id: try row.get("approval_id"), decisionID: try row.get("decision_id"), agent: try row.get("agent"),
            status: status, requestedAt: try row.get("requested_at"), answerUntil: try row.get("answer_until"),
            onTimeout: onTimeout, resolvedBy: try row.get("resolved_by"),
            resolvedAt: try row.get("resolved_at", as: Timestamp?.self), comment: try row.get("comment"))
    }
}
