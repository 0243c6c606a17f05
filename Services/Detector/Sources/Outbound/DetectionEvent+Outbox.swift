import Contracts
import Core
import Outbox

extension OutboxMessage {
    /// What others are told of an event; nil when it is kept only. One client's events keep their order.
    init?(_ event: DetectionEvent) {
        switch event {
        case .threat(let threat):
            self.init(ThreatDetected(threat), key: "\(threat.client)", trace: threat.trace)
        case .opened(let incident):
            self.init(
                IncidentOpened(eventID: UUIDv7(), incident: Contracts.Incident(incident)), key: "\(incident.client)")
        case .updated(let incident, let change, let previousStage):
            self.init(IncidentUpdated(incident, change, previousStage), key: "\(incident.client)")
        case .contained: return nil
        }
    }
}

extension IncidentUpdated {
    fileprivate init(_ incident: Incident, _ change: DetectionEvent.Change, _ previousStage: AttackStage) {
        let advance = KillChainAdvance(
            previous: KillChainStage(rawValue: Int32(previousStage.rawValue)),
            current: KillChainStage(rawValue: Int32(incident.stage.rawValue)))
        self.init(
            eventID: UUIDv7(), incident: Contracts.Incident(incident),
            change: IncidentChange(rawValue: Int32(change.rawValue)), advance: change == .stageAdvanced ? advance : nil)
    }
}
