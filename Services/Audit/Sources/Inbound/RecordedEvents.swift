internal import Contracts
internal import Core

/// What one line says about an event, by its schema. The payload is recorded whatever the line says: an event that
/// cannot be read is recorded as such, because leaving it out would be a way to hide.
enum RecordedEvents {
    static func summary(schema: String, payload: [UInt8]) -> String {
        let parts = (try? describe(schema, payload)) ?? ["unreadable"]
        return EventSummary(parts.isEmpty ? [schema] : parts).text
    }

    private static func describe(_ schema: String, _ payload: [UInt8]) throws -> [String] {
        switch schema {
        case RequestBlocked.schema:
            let event = try RequestBlocked(wireBytes: payload)
            return [
                "blocked", text(event.method), text(event.path), "from", "\(event.clientAddress)", "(\(event.reason))",
            ]
        case ThreatDetected.schema:
            let event = try ThreatDetected(wireBytes: payload)
            return ["threat", "\(event.category)", subject(event.subject), event.explanation]
        case IncidentOpened.schema:
            return ["incident opened"] + describe(try IncidentOpened(wireBytes: payload).incident)
        case IncidentUpdated.schema:
            return ["incident updated"] + describe(try IncidentUpdated(wireBytes: payload).incident)
        case DecisionMade.schema:
            return ["decided"] + describe(try DecisionMade(wireBytes: payload).decision)
        case DecisionReverted.schema:
            let event = try DecisionReverted(wireBytes: payload)
            return ["reverted"] + describe(event.decision) + ["by", event.revertedBy, event.reason]
        case DecisionEnforced.schema:
            let event = try DecisionEnforced(wireBytes: payload)
            return ["enforced", "\(event.action)", subject(event.subject), "at", event.replica, "(\(event.change))"]
        case IntruderStepObserved.schema:
            let event = try IntruderStepObserved(wireBytes: payload)
            return ["intruder step \(event.stepCount)", subject(event.subject), text(event.method), text(event.path)]
        default:
            return try describeIdentity(schema, payload)
        }
    }

    private static func describeIdentity(_ schema: String, _ payload: [UInt8]) throws -> [String] {
        switch schema {
        case TokenIssued.schema:
            let event = try TokenIssued(wireBytes: payload)
            return ["token issued to", event.userName, "(\(event.grant))", "from", "\(event.clientAddress)"]
        case LoginFailed.schema:
            let event = try LoginFailed(wireBytes: payload)
            return ["login failed for", text(event.claimedName), "(\(event.reason))", "from", "\(event.clientAddress)"]
        case UserChanged.schema:
            let event = try UserChanged(wireBytes: payload)
            return ["user", event.userName, "\(event.change)", "by", event.changedBy]
        case RevocationIssued.schema:
            let event = try RevocationIssued(wireBytes: payload)
            return ["revoked", "\(event.scope)", "\(event.targetID)", "by", event.revokedBy, event.reason]
        case ConfigurationChanged.schema:
            let event = try ConfigurationChanged(wireBytes: payload)
            return ["configuration of", event.service, event.replica, "changed:", event.keys.joined(separator: ", ")]
        case AuditEvent.schema:
            let event = try AuditEvent(wireBytes: payload)
            return [event.actor, event.action, event.target, "(\(event.outcome))"]
        default:
            return []
        }
    }

    private static func describe(_ incident: Incident?) -> [String] {
        guard let incident else { return ["without an incident"] }
        return [incident.title, "(\(incident.severity))", subject(incident.subject)]
    }

    private static func describe(_ decision: Decision?) -> [String] {
        guard let decision else { return ["without a decision"] }
        return ["\(decision.action)", subject(decision.subject), decision.reason, "by", decision.decidedBy]
    }

    private static func subject(_ subject: Subject?) -> String {
        guard let subject else { return "" }
        if let address = subject.clientAddress { return "\(address)" }
        return "\(subject.kind) \(text(subject.value))"
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix(200), as: UTF8.self) }
}
