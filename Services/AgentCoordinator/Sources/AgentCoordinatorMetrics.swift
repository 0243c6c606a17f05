internal import Telemetry

/// Every metric of this service.
struct AgentCoordinatorMetrics: Sendable {
    let assessments: CounterFamily
    let decisions: CounterFamily
    let questions: Counter
    let answers: CounterFamily
    let expired: Counter
    let reverted: Counter
    let duration: Histogram
    let inForce: Gauge

    init(_ registry: MetricsRegistry) {
        assessments = registry.counter(
            "agent_coordinator_assessments", help: "Threats and incidents, by what came of them.",
            labels: ["outcome": ["decided", "asked"] + DecisionEngine.Reason.allCases.map(\.rawValue)])
        decisions = registry.counter(
            "agent_coordinator_decisions", help: "Decisions that took effect.",
            labels: ["action": Action.allCases.map(\.name), "by": ["agent", "person"]])
        questions = registry.counter("agent_coordinator_questions", help: "Decisions people were asked about.")
        answers = registry.counter(
            "agent_coordinator_answers", help: "Questions settled.",
            labels: ["answer": ["approved", "rejected"], "by": ["person", "timeout"]])
        expired = registry.counter("agent_coordinator_expired", help: "Decisions that ran their time.")
        reverted = registry.counter("agent_coordinator_reverted", help: "Decisions taken back.")
        duration = registry.histogram(
            "agent_coordinator_batch_seconds", help: "From a batch's arrival to its commit.")
        inForce = registry.gauge("agent_coordinator_decisions_in_force", help: "Decisions in force, as last counted.")
    }
}
