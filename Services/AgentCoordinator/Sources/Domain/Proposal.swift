internal import Core

/// A decision that a person wants. The same limits hold as for agents.
struct Proposal: Sendable {
    var subject: Subject
    var action: Action
    var duration: Duration
    var reason: String
    var incidentID: UUIDv7?
    var throttlePerMinute: Int
    var user: String

    /// Throws what the person has to change.
    func decision(under policy: ResponsePolicy, now: Timestamp) throws(Failure) -> Decision {
        switch DecisionEngine(policy: policy).refusal(of: subject) {
        case .protected?:
            throw Failure(.forbidden, "This subject is protected by configuration; nothing may be decided about it.")
        case .some:
            throw Failure(
                .invalid, "The network is not valid or wider than the configured limit; choose a narrower one.")
        case nil: break
        }
        guard duration > .zero, duration <= policy.maximumDuration else {
            let days = Int(policy.maximumDuration.inSeconds) / 86_400
            throw Failure(.invalid, "The duration must be at least a second and at most \(days) days.")
        }
        guard action != .throttle || (1...60_000).contains(throttlePerMinute) else {
            throw Failure(.invalid, "A throttle needs throttle_per_minute from 1 to 60000.")
        }
        return Decision(
            id: UUIDv7(), subject: subject, action: action, duration: duration, decidedAt: now,
            expiresAt: now + duration,
            reason: reason, severity: .info, confidence: 1, decidedBy: "user/\(user)", autonomy: .automatic,
            status: .active, threatID: nil, incidentID: incidentID,
            throttlePerMinute: action == .throttle ? throttlePerMinute : nil, trace: nil)
    }
}
