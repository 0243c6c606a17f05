import Contracts
import Core
import Messaging

/// Counts what the services say beside the stream of requests.
struct DomainEvents: Sendable {
    let ledger: TallyLedger
    let clock: any WallClock

    func take(_ deliveries: [Delivery], from queue: Queue) async throws {
        let now = clock.now
        try await ledger.apply(ids: deliveries.map(\.id), source: queue.name) { fresh in
            var (tally, ongoing) = (Tally(now: now), [Ongoing]())
            for position in fresh { try Self.count(deliveries[position], now, &tally, &ongoing) }
            return (tally, ongoing)
        }
    }

    static func count(
        _ delivery: Delivery, _ now: Timestamp, _ tally: inout Tally, _ ongoing: inout [Ongoing]
    ) throws(Failure) {
        switch delivery.schema {
        case ThreatDetected.schema:
            for threat in try delivery.decode(as: ThreatDetected.self) { count(threat, &tally) }
        case IncidentOpened.schema:
            for event in try delivery.decode(as: IncidentOpened.self) {
                guard let incident = event.incident else { continue }
                tally.add(.incidentsOpened, at: incident.openedAt)
                ongoing.append(Ongoing(incident, now))
            }
        case IncidentUpdated.schema:
            for event in try delivery.decode(as: IncidentUpdated.self) {
                if let incident = event.incident { ongoing.append(Ongoing(incident, now)) }
            }
        case DecisionMade.schema:
            for event in try delivery.decode(as: DecisionMade.self) {
                guard let decision = event.decision else { continue }
                tally.add(.decisions, at: decision.decidedAt)
                ongoing.append(Ongoing(kind: .decision, id: decision.decisionID, endsAt: decision.expiresAt))
            }
        case DecisionReverted.schema:
            for event in try delivery.decode(as: DecisionReverted.self) {
                guard let decision = event.decision else { continue }
                ongoing.append(Ongoing(kind: .decision, id: decision.decisionID, endsAt: event.revertedAt))
            }
        default: try countFrequent(delivery, &tally, &ongoing)
        }
    }

    /// What comes in numbers: steps of intruders, logins, tokens. Everything else is not counted.
    private static func countFrequent(
        _ delivery: Delivery, _ tally: inout Tally, _ ongoing: inout [Ongoing]
    ) throws(Failure) {
        switch delivery.schema {
        case IntruderStepObserved.schema:
            for step in try delivery.decode(as: IntruderStepObserved.self) {
                tally.add(.intruderSteps, at: step.observedAt)
                ongoing.append(
                    Ongoing(kind: .intruder, id: step.intruderID, endsAt: step.observedAt + Ongoing.intruderRests))
            }
        case LoginFailed.schema:
            for login in try delivery.decode(as: LoginFailed.self) { tally.add(.loginsFailed, at: login.failedAt) }
        case TokenIssued.schema:
            for token in try delivery.decode(as: TokenIssued.self) { tally.add(.tokensIssued, at: token.issuedAt) }
        default: break
        }
    }

    private static func count(_ threat: ThreatDetected, _ tally: inout Tally) {
        tally.add(.threats, at: threat.detectedAt)
        tally.add(.category, at: threat.detectedAt, key: String(threat.category.rawValue))
        if let subject = threat.subject, !subject.value.isEmpty {
            // PostgreSQL's text has no zero bytes.
            let name = String(decoding: subject.value.filter { $0 != 0 }, as: UTF8.self)
            tally.addAttacker(name, at: threat.detectedAt)
        }
    }
}

extension Ongoing {
    init(_ incident: Incident, _ now: Timestamp) {
        let isOver = incident.status == .resolved
        self.init(kind: .incident, id: incident.incidentID, endsAt: isOver ? now : now + Self.longestIncident)
    }
}
