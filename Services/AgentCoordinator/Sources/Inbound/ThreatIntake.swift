internal import Contracts
internal import Core
internal import Messaging
internal import Outbox
internal import ServiceKit
internal import Synchronization
internal import Telemetry

/// Threats and incidents come in, decisions go out.
///
/// One batch is one transaction: what the inbox knows already is left out, the subjects' histories are read in one
/// question, the engine decides, and decisions, approvals and the events about them are written together. The broker
/// gets its acknowledgement after the commit, so a batch counts once however often it comes.
final class ThreatIntake: Sendable {
    private static let source = "threats"

    private let runtime: ServiceRuntime
    private let metrics: AgentCoordinatorMetrics
    private let policy: ResponsePolicy
    private let decisions = DecisionTable()

    init(_ runtime: ServiceRuntime, policy: ResponsePolicy, metrics: AgentCoordinatorMetrics) {
        self.runtime = runtime
        self.policy = policy
        self.metrics = metrics
    }

    func take(_ deliveries: [Delivery]) async throws {
        let begun = Deadline.now
        var items: [(id: UUIDv7, assessments: [Assessment])] = []
        for delivery in deliveries {
            let assessments = try Self.assessments(in: delivery)
            if !assessments.isEmpty { items.append((delivery.id, assessments)) }
        }
        guard !items.isEmpty else { return }
        let outcomes = try await apply(items)
        metrics.duration.observe(Deadline.now - begun)
        for outcome in outcomes { tell(outcome) }
    }

    private static func assessments(in delivery: Delivery) throws(Failure) -> [Assessment] {
        switch delivery.schema {
        case ThreatDetected.schema:
            try delivery.decode(as: ThreatDetected.self).compactMap { Assessment($0) }
        case IncidentOpened.schema:
            try delivery.decode(as: IncidentOpened.self).compactMap { $0.incident.flatMap { Assessment($0) } }
        case IncidentUpdated.schema:
            try delivery.decode(as: IncidentUpdated.self).compactMap { $0.incident.flatMap { Assessment($0) } }
        default: []
        }
    }

    private func apply(_ items: [(id: UUIDv7, assessments: [Assessment])]) async throws -> [DecisionEngine.Outcome] {
        try await runtime.outbox.transaction { transaction in
            let fresh = try await self.runtime.inbox.claim(items.map(\.id), source: Self.source, in: transaction)
            let assessments = fresh.flatMap { items[$0].assessments }
            guard !assessments.isEmpty else { return ([], []) }
            let now = self.runtime.clock.now
            let histories = try await self.decisions.histories(
                of: Array(Set(assessments.map(\.subject))), memory: self.policy.memory, now: now, in: transaction)
            let active = try await self.decisions.countActive(in: transaction)
            self.metrics.inForce.set(active)
            let outcomes = self.decide(assessments, histories, activeDecisions: active, now: now)
            return (outcomes, try await OutcomeWriter().write(outcomes, in: transaction))
        }
    }

    private func decide(
        _ assessments: [Assessment], _ known: [Subject: SubjectHistory], activeDecisions: Int, now: Timestamp
    ) -> [DecisionEngine.Outcome] {
        let engine = DecisionEngine(policy: policy)
        var (histories, active) = (known, activeDecisions)
        return assessments.map { assessment in
            let outcome = engine.decide(
                assessment, histories[assessment.subject] ?? SubjectHistory(), activeDecisions: active, now: now)
            if let decision = outcome.decision {
                active += 1
                histories[assessment.subject, default: SubjectHistory()].add(
                    decision.action, decision.status, expiresAt: decision.expiresAt, now: now)
            }
            return outcome
        }
    }

    private func tell(_ outcome: DecisionEngine.Outcome) {
        switch outcome {
        case .nothing(let reason):
            metrics.assessments[reason.rawValue].increment()
        case .decision(let decision):
            metrics.assessments["decided"].increment()
            metrics.decisions[decision.action.name, "agent"].increment()
            runtime.log.with(trace: decision.trace).info("decided", decision.logFields)
        case .question(let decision, let approval):
            metrics.assessments["asked"].increment()
            metrics.questions.increment()
            runtime.log.with(trace: decision.trace).info(
                "asked people", decision.logFields.merging(["approval": .describing(approval.id)]))
        }
    }
}

extension DecisionEngine.Outcome {
    var decision: Decision? {
        switch self {
        case .nothing: nil
        case .decision(let decision), .question(let decision, _): decision
        }
    }

    var approval: Approval? {
        if case .question(_, let approval) = self { approval } else { nil }
    }
}

extension Decision {
    var logFields: LogFields {
        [
            "decision": .describing(id), "action": .string(action.name), "subject": .string(subject.text),
            "expires": .string(expiresAt.rfc3339), "by": .string(decidedBy), "reason": .string(reason),
        ]
    }
}
