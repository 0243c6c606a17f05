internal import Contracts
internal import Core
internal import Outbox

/// Decisions and approvals as others see them.
extension Decision {
    var wire: Contracts.Decision {
        Contracts.Decision(
            decisionID: id, subject: subject.wire, action: action.wire, decidedAt: decidedAt, expiresAt: expiresAt,
            reason: reason, incidentID: incidentID ?? .unset, threatID: threatID ?? .unset, severity: severity.wire,
            decidedBy: decidedBy, autonomy: autonomy.wire, status: status.wire, confidence: confidence,
            evidence: evidence, traceHigh: trace?.traceHigh ?? 0, traceLow: trace?.traceLow ?? 0,
            span: trace?.span ?? 0,
            throttlePerMinute: UInt32(clamping: throttlePerMinute ?? 0))
    }

    /// The proof stays with the detector; this points to it.
    private var evidence: [EvidenceReference] {
        guard let threatID else { return [] }
        return [EvidenceReference(kind: .threat, id: threatID, observedAt: decidedAt, summary: reason)]
    }

    /// Events about one subject keep their order.
    private var key: String { "\(subject.kind.rawValue):\(Hex.encode(subject.value))" }

    var made: OutboxMessage { OutboxMessage(DecisionMade(decision: wire), key: key, trace: trace) }

    func reverted(by user: String, reason: String, at now: Timestamp) -> OutboxMessage {
        OutboxMessage(
            DecisionReverted(eventID: UUIDv7(), decision: wire, revertedAt: now, revertedBy: user, reason: reason),
            key: key, trace: trace)
    }

    func asked(_ approval: Approval) -> OutboxMessage {
        OutboxMessage(
            ApprovalRequested(eventID: UUIDv7(), approval: approval.wire(about: self)), key: key, trace: trace)
    }

    func answered(_ approval: Approval) -> OutboxMessage {
        OutboxMessage(ApprovalResolved(eventID: UUIDv7(), approval: approval.wire(about: self)), key: key, trace: trace)
    }
}

extension Approval {
    func wire(about decision: Decision) -> Contracts.Approval {
        Contracts.Approval(
            approvalID: id, decision: decision.wire, agent: agent, status: status.wire, requestedAt: requestedAt,
            answerUntil: answerUntil, onTimeout: onTimeout.wire, resolvedBy: resolvedBy,
            resolvedAt: resolvedAt ?? .unset,
            comment: comment)
    }
}

extension Action {
    init?(_ wire: Contracts.Action) {
        switch wire {
        case .ban: self = .ban
        case .divert: self = .divert
        case .throttle: self = .throttle
        case .challenge: self = .challenge
        case .stepUp: self = .stepUp
        case .allow, .unspecified, .unrecognized: return nil
        }
    }

    var wire: Contracts.Action {
        switch self {
        case .allow: .allow
        case .ban: .ban
        case .divert: .divert
        case .throttle: .throttle
        case .challenge: .challenge
        case .stepUp: .stepUp
        }
    }
}

extension Autonomy {
    var wire: AutonomyLevel {
        switch self {
        case .observe: .observe
        case .suggest: .suggest
        case .approve: .approve
        case .object: .object
        case .automatic: .automatic
        }
    }
}

extension Decision.Status {
    var wire: DecisionStatus {
        switch self {
        case .awaitingApproval: .awaitingApproval
        case .active: .active
        case .expired: .expired
        case .reverted: .reverted
        case .rejected: .rejected
        }
    }
}

extension Approval.Status {
    var wire: ApprovalStatus {
        switch self {
        case .waiting: .waiting
        case .approved: .approved
        case .rejected: .rejected
        }
    }
}
