/// The seven services, with the one name each goes by in every place that names it.
package enum ServiceName: String, CaseIterable, Sendable, Codable {
    case gateway
    case auth
    case detector
    case labyrinth
    case agentCoordinator = "agent-coordinator"
    case metrics
    case audit

    /// What operators, containers and the broker call it: `agent-coordinator`.
    package var operatorName: String { rawValue }

    /// What SQL schemas, roles and protobuf packages call it: `agent_coordinator`.
    package var schemaName: String {
        self == .agentCoordinator ? "agent_coordinator" : rawValue
    }
}
