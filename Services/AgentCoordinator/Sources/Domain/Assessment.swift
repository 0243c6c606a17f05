internal import Core

/// What the detector says about a subject, in the words a decision needs: made of a threat or of an incident.
struct Assessment: Sendable {
    var subject: Subject
    var severity: Severity
    /// 0 … 1, calibrated by the detector. What is not a number counts as 0.
    var score: Double
    var category: AttackCategory
    var detectedAt: Timestamp
    var threatID: UUIDv7?
    var incidentID: UUIDv7?
    var trace: TraceContext?

    init(
        subject: Subject, severity: Severity, score: Double, category: AttackCategory, detectedAt: Timestamp,
        threatID: UUIDv7? = nil, incidentID: UUIDv7? = nil, trace: TraceContext? = nil
    ) {
        self.subject = subject
        self.severity = severity
        self.score = score.isNaN ? 0 : min(1, max(0, score))
        self.category = category
        self.detectedAt = detectedAt
        self.threatID = threatID
        self.incidentID = incidentID
        self.trace = trace
    }
}
