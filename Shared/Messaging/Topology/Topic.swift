internal import Contracts
package import Core

/// A kind of event that travels the bus: who may say it, and which way it goes.
///
/// An event's routing key is `<publisher>.<name>`. The broker lets each user write only keys that begin with its own
/// name, so nobody can say what another service says.
package struct Topic: Hashable, Sendable {
    package enum Carrier: Hashable, Sendable {
        /// Single messages through the topic exchange, each confirmed.
        case events
        /// Batches through the consistent-hash partitions: the stream of all requests.
        case requests
    }

    /// "infinite.detector.v1.ThreatDetected".
    package let schema: String
    /// "threat-detected".
    package let name: String
    /// Nil: every service may publish it.
    package let owner: ServiceName?
    package let carrier: Carrier

    private init(_ message: any WireMessage.Type, _ name: String, by owner: ServiceName?, carrier: Carrier = .events) {
        schema = message.schema
        self.name = name
        self.owner = owner
        self.carrier = carrier
    }

    package func mayBePublished(by service: ServiceName) -> Bool { owner == nil || owner == service }

    func routingKey(publisher: ServiceName) -> String { "\(publisher.operatorName).\(name)" }
    var bindingKey: String { "\(owner?.operatorName ?? "*").\(name)" }

    package static let requestsObserved = Topic(
        RequestObserved.self, "requests-observed", by: .gateway, carrier: .requests)
    package static let requestBlocked = Topic(RequestBlocked.self, "request-blocked", by: .gateway)
    package static let decisionEnforced = Topic(DecisionEnforced.self, "decision-enforced", by: .gateway)
    package static let rateUsageReported = Topic(RateUsageReported.self, "rate-usage-reported", by: .gateway)

    package static let threatDetected = Topic(ThreatDetected.self, "threat-detected", by: .detector)
    package static let incidentOpened = Topic(IncidentOpened.self, "incident-opened", by: .detector)
    package static let incidentUpdated = Topic(IncidentUpdated.self, "incident-updated", by: .detector)

    package static let decisionMade = Topic(DecisionMade.self, "decision-made", by: .agentCoordinator)
    package static let decisionReverted = Topic(DecisionReverted.self, "decision-reverted", by: .agentCoordinator)
    package static let approvalRequested = Topic(ApprovalRequested.self, "approval-requested", by: .agentCoordinator)
    package static let approvalResolved = Topic(ApprovalResolved.self, "approval-resolved", by: .agentCoordinator)

    package static let intruderStepObserved = Topic(
        IntruderStepObserved.self, "intruder-step-observed", by: .labyrinth)

    package static let tokenIssued = Topic(TokenIssued.self, "token-issued", by: .auth)
    package static let loginFailed = Topic(LoginFailed.self, "login-failed", by: .auth)
    package static let signingKeysRotated = Topic(SigningKeysRotated.self, "signing-keys-rotated", by: .auth)
    package static let revocationIssued = Topic(RevocationIssued.self, "revocation-issued", by: .auth)
    package static let userChanged = Topic(UserChanged.self, "user-changed", by: .auth)

    package static let configurationChanged = Topic(ConfigurationChanged.self, "configuration-changed", by: nil)
    package static let auditEvent = Topic(AuditEvent.self, "audit-event", by: nil)
    package static let metricSampled = Topic(MetricSample.self, "metric-sampled", by: nil)

    package static let all: [Topic] = [
        requestsObserved, requestBlocked, decisionEnforced, rateUsageReported, threatDetected, incidentOpened,
        incidentUpdated,
        decisionMade, decisionReverted, approvalRequested, approvalResolved, intruderStepObserved, tokenIssued,
        loginFailed, signingKeysRotated, revocationIssued, userChanged, configurationChanged, auditEvent, metricSampled,
    ]

    package static func of(schema: String) -> Topic? { bySchema[schema] }
    private static let bySchema = Dictionary(uniqueKeysWithValues: all.map { ($0.schema, $0) })
}
