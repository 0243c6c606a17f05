import Contracts
import Core
import JSON
import Messaging

/// Turns what other services say into the live page's words.
struct LiveEvents: Sendable {
    let feed: LiveFeed

    func handle(_ delivery: Delivery) throws {
        guard feed.isWatched else { return }
        switch delivery.schema {
        case ThreatDetected.schema: for threat in try delivery.decode(as: ThreatDetected.self) { show(threat) }
        case IncidentOpened.schema:
            for event in try delivery.decode(as: IncidentOpened.self) { event.incident.map { show($0, "opened") } }
        case IncidentUpdated.schema:
            for event in try delivery.decode(as: IncidentUpdated.self) {
                event.incident.map { show($0, $0.status == .resolved ? "closed" : "updated") }
            }
        case DecisionMade.schema:
            for event in try delivery.decode(as: DecisionMade.self) {
                event.decision.map { show($0, $0.status == .awaitingApproval ? "awaiting-approval" : "made") }
            }
        case DecisionReverted.schema:
            for event in try delivery.decode(as: DecisionReverted.self) { event.decision.map { show($0, "reverted") } }
        case DecisionEnforced.schema: for event in try delivery.decode(as: DecisionEnforced.self) { show(event) }
        case IntruderStepObserved.schema:
            for step in try delivery.decode(as: IntruderStepObserved.self) { show(step) }
        default: break  // Blocked requests are shown as they are answered; approvals have no place on the page yet.
        }
    }

    private func show(_ threat: ThreatDetected) {
        feed.send("threat") { json in
            json.text("id", threat.threatID.description)
            json.text("at", threat.detectedAt.rfc3339)
            json.text("client", Self.text(threat.subject))
            json.text("category", threat.category.name)
            json.key("score")
            json.number(threat.score)
            json.text("summary", threat.explanation)
        }
    }

    private func show(_ incident: Incident, _ state: String) {
        feed.send("incident") { json in
            json.text("id", incident.incidentID.description)
            json.text("at", incident.updatedAt.rfc3339)
            json.text("client", Self.text(incident.subject))
            json.text("stage", incident.stage.name)
            json.text("severity", incident.severity.name)
            json.text("title", incident.title)
            json.text("technique", incident.techniques.joined(separator: " "))
            json.integer("requests", incident.threatCount)
            json.text("state", state)
        }
    }

    private func show(_ decision: Decision, _ state: String) {
        feed.send("decision") { json in
            json.text("id", decision.decisionID.description)
            json.text("at", decision.decidedAt.rfc3339)
            json.text("subject", Self.text(decision.subject))
            json.text("action", decision.action.name)
            json.text("until", decision.expiresAt.rfc3339)
            json.text("reason", decision.reason)
            if decision.incidentID.isSet { json.text("incident", decision.incidentID.description) }
            json.text("state", state)
        }
    }

    private func show(_ enforced: DecisionEnforced) {
        let states: [EnforcementChange: String] = [.started: "enforced", .reverted: "reverted", .expired: "expired"]
        guard let state = states[enforced.change] else { return }
        feed.send("decision") { json in
            json.text("id", enforced.decisionID.description)
            json.text("at", enforced.enforcedAt.rfc3339)
            json.text("subject", Self.text(enforced.subject))
            json.text("action", enforced.action.name)
            json.text("until", enforced.expiresAt.rfc3339)
            json.text("state", state)
        }
    }

    private func show(_ step: IntruderStepObserved) {
        feed.send("step") { json in
            json.text("intruder", step.intruderID.description)
            json.text("at", step.observedAt.rfc3339)
            json.text("client", step.clientAddress.description)
            json.integer("depth", step.depth)
            json.text("path", String(String(decoding: step.path, as: UTF8.self).prefix(512)))
            json.text("trap", step.trap.name)
            json.integer("dwell_ms", step.dwellMilliseconds)
            json.text("tool", step.tool)
        }
    }

    private static func text(_ subject: Subject?) -> String {
        String(String(decoding: subject?.value ?? [], as: UTF8.self).prefix(256))
    }
}
