import BusTestSupport
import Contracts
import Core
import Database
import HTTP
import LocalServers
import Messaging
import Outbox
import Reactor
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import ServiceKit
@testable import agent_coordinator

/// The service on a real PostgreSQL and a real RabbitMQ of its own, with the detector and the gateway around it.
private final class Coordinator: Sendable {
    let group: ReactorGroup
    let database: Database
    let gateway: Bus
    let detector: Bus
    let runtime: ServiceRuntime
    private let heard = AsyncQueue<(schema: String, decision: Contracts.Decision?)>(capacity: 10_000)

    init(_ yaml: String = "") async throws {
        let group = BusFixture.current.group
        self.group = group
        let server = try await freshDatabase()
        let database = Database(
            DatabaseConfiguration(
                host: server.host, port: server.port, database: server.name, user: server.user,
                password: server.password, schema: "public"), group: group)
        self.database = database
        let directory = Repository.root + "/Services/AgentCoordinator/Migrations"
        try await Migrator(
            database, owner: nil, migrations: SharedSchema.migrations + MigrationDirectory.read(directory)
        ).migrate()

        detector = try await BusFixture.current.bus(.detector, on: group)
        gateway = try await BusFixture.current.bus(.gateway, on: group)
        let own = try await BusFixture.current.bus(.agentCoordinator, on: group)
        let outbox = Outbox(database, publisher: own)
        outbox.start(on: group.next())
        runtime = ServiceRuntime(
            group: group, log: .silent, metrics: MetricsRegistry(), health: HealthRegistry(),
            lifecycle: Lifecycle(on: group.next(), log: .silent), clock: SystemClock(), bus: own, database: database,
            outbox: outbox, inbox: Inbox(database), admin: HTTPRouter())

        let listening = Promise<Void>()
        gateway.listen(.gatewayControl, started: { listening.fulfil(()) }) { [heard] delivery in
            switch delivery.schema {
            case DecisionMade.schema:
                for event in try delivery.decode(as: DecisionMade.self) {
                    _ = heard.offer((delivery.schema, event.decision))
                }
            case DecisionReverted.schema:
                for event in try delivery.decode(as: DecisionReverted.self) {
                    _ = heard.offer((delivery.schema, event.decision))
                }
            default: break
            }
        }
        try await listening.value(deadline: .after(.seconds(30)))
        let configuration = try LoadedConfiguration<AgentCoordinatorConfiguration>(
            ConfigurationSources(service: .agentCoordinator, file: try YAMLNode.parse(yaml, file: "test.yaml"))
        ).service
        try await AgentCoordinatorService(configuration, runtime).start()
    }

    func stop() async {
        await runtime.lifecycle.stop(deadline: .after(.seconds(10)))
        await runtime.outbox.stop()
        for bus in [detector, gateway, runtime.bus] { await bus.stop(deadline: .after(.seconds(10))) }
        database.shutDown()
        group.shutdown()
    }

    /// The next decision the gateway hears of.
    func nextDecision() async throws -> Contracts.Decision {
        let (schema, decision) = try #require(try await heard.receive(deadline: .after(.seconds(30))))
        #expect(schema == DecisionMade.schema)
        return try #require(decision)
    }

    func nextReverted() async throws -> Contracts.Decision {
        let (schema, decision) = try #require(try await heard.receive(deadline: .after(.seconds(30))))
        #expect(schema == DecisionReverted.schema)
        return try #require(decision)
    }

    func detect(_ threat: ThreatDetected, id: UUIDv7 = UUIDv7()) async throws {
        try await detector.publish(threat.wireBytes(), to: .threatDetected, id: id, deadline: .after(.seconds(30)))
    }

    func ask<Request: WireMessage, Response: WireMessage>(
        _ method: RPCMethod<Request, Response>, _ request: Request, as user: String? = "ada"
    ) async throws -> Response {
        let principal = user.map { Principal(userID: UUIDv7(), name: $0, roles: [.editor]) }
        return try await gateway.call(method, request, principal: principal, deadline: .after(.seconds(30)))
    }

    func count(_ sql: SQL) async throws -> Int { try await database.queryRow(sql)?.get(0) ?? -1 }
}

private func threat(
    _ address: String, _ severity: Contracts.Severity = .high, _ score: Double = 0.9
) -> ThreatDetected {
    ThreatDetected(
        threatID: UUIDv7(), detectedAt: .now,
        subject: Contracts.Subject(kind: .clientAddress, value: Array(address.utf8)),
        category: .sqlInjection, severity: severity, score: score, explanation: "SQL in a parameter")
}

@Suite(.serialized, .onBroker) struct ServiceTests {
    @Test func `a threat becomes one stored decision that every gateway hears of`() async throws {
        let coordinator = try await Coordinator()
        let seen = threat("203.0.113.7")
        let id = UUIDv7()
        try await coordinator.detect(seen, id: id)
        try await coordinator.detect(seen, id: id)
        let decision = try await coordinator.nextDecision()
        #expect(decision.action == .divert)
        #expect(decision.status == .active)
        #expect(decision.subject == seen.subject)
        #expect(decision.threatID == seen.threatID)
        #expect(decision.expiresAt > .now + .seconds(3_500))
        #expect(decision.evidence.map(\.id) == [seen.threatID])

        // Behind the repetition in the queue: when its decision is out, the repetition has been dealt with.
        try await coordinator.detect(threat("203.0.113.8"))
        #expect(try await coordinator.nextDecision().subject?.clientAddress == IPAddress("203.0.113.8"))
        #expect(try await coordinator.count("SELECT count(*) FROM decisions") == 2)

        let list = try await coordinator.ask(AgentCoordinatorRPC.listDecisions, ListDecisionsRequest(limit: 1))
        #expect(list.decisions.count == 1)
        let rest = try await coordinator.ask(
            AgentCoordinatorRPC.listDecisions,
            ListDecisionsRequest(limit: 10, cursor: list.nextCursor, activeOnly: true))
        #expect(rest.decisions.map(\.decisionID) == [decision.decisionID])
        #expect(rest.nextCursor.isEmpty)
        let one = try await coordinator.ask(
            AgentCoordinatorRPC.getDecision, GetDecisionRequest(decisionID: decision.decisionID))
        #expect(one.decision?.reason == decision.reason)
        await coordinator.stop()
    }

    @Test func `a person takes a decision back, once, and gateways hear of it`() async throws {
        let coordinator = try await Coordinator()
        try await coordinator.detect(threat("203.0.113.9"))
        let decision = try await coordinator.nextDecision()
        let request = RevertDecisionRequest(decisionID: decision.decisionID, reason: "a customer")
        await #expect(throws: Failure.self) {
            try await coordinator.ask(AgentCoordinatorRPC.revertDecision, request, as: nil)
        }
        let answer = try await coordinator.ask(AgentCoordinatorRPC.revertDecision, request)
        #expect(answer.decision?.status == .reverted)
        #expect(try await coordinator.nextReverted().decisionID == decision.decisionID)
        await #expect { try await coordinator.ask(AgentCoordinatorRPC.revertDecision, request) } throws: {
            ($0 as? Failure)?.kind == .conflict
        }
        await #expect {
            try await coordinator.ask(
                AgentCoordinatorRPC.revertDecision, RevertDecisionRequest(decisionID: UUIDv7(), reason: "?"))
        } throws: { ($0 as? Failure)?.kind == .notFound }
        await coordinator.stop()
    }

    @Test func `a person decides, within the limits`() async throws {
        let coordinator = try await Coordinator("protected: [198.51.100.0/24]\n")
        func request(_ address: String) -> CreateDecisionRequest {
            CreateDecisionRequest(
                subject: Contracts.Subject(kind: .clientAddress, value: Array(address.utf8)), action: .ban,
                durationSeconds: 600, reason: "seen in the logs")
        }
        let made = try await coordinator.ask(AgentCoordinatorRPC.createDecision, request("203.0.113.10"))
        #expect(made.decision?.decidedBy == "user/ada")
        #expect(try await coordinator.nextDecision().decisionID == made.decision?.decisionID)
        await #expect {
            try await coordinator.ask(AgentCoordinatorRPC.createDecision, request("198.51.100.9"))
        } throws: {
            ($0 as? Failure)?.kind == .forbidden
        }
        await coordinator.stop()
    }

    @Test func `with the kill switch on people are asked, and their answer takes effect`() async throws {
        let coordinator = try await Coordinator("kill_switch: true\n")
        try await coordinator.detect(threat("203.0.113.11"))
        let approval = try await eventually("a question", within: .seconds(30)) {
            try await coordinator.ask(AgentCoordinatorRPC.listApprovals, ListApprovalsRequest(waitingOnly: true))
                .approvals.first
        }
        #expect(approval.decision?.status == .awaitingApproval)
        #expect(approval.onTimeout == .rejected)
        let answer = ResolveApprovalRequest(approvalID: approval.approvalID, approve: true, comment: "go")
        let resolved = try await coordinator.ask(AgentCoordinatorRPC.resolveApproval, answer)
        #expect(resolved.approval?.status == .approved)
        #expect(try await coordinator.nextDecision().decisionID == approval.decision?.decisionID)
        await #expect { try await coordinator.ask(AgentCoordinatorRPC.resolveApproval, answer) } throws: {
            ($0 as? Failure)?.kind == .conflict
        }
        await coordinator.stop()
    }

    @Test func `an announced decision takes effect when nobody objects, and every decision ends`() async throws {
        let coordinator = try await Coordinator(
            """
            autonomy: {divert: object}
            approvals: {objection_time: 1s}
            sweep_interval: 100ms
            rules: [{name: short, severity: high, action: divert, duration: 1s}]
            """)
        try await coordinator.detect(threat("203.0.113.12"))
        let decision = try await coordinator.nextDecision()
        #expect(decision.status == .active)
        #expect(decision.autonomy == .object)
        try await eventually("the end of the decision", within: .seconds(30)) {
            try await coordinator.count("SELECT count(*) FROM decisions WHERE status = 3") == 1
        }
        await coordinator.stop()
    }

    @Test func `what cannot be read becomes a dead letter and holds up nobody`() async throws {
        let coordinator = try await Coordinator()
        try await coordinator.detector.publish([0xff, 0xff], to: .threatDetected, deadline: .after(.seconds(30)))
        try await coordinator.detect(threat("203.0.113.13"))
        #expect(try await coordinator.nextDecision().subject?.clientAddress == IPAddress("203.0.113.13"))
        try await eventually("the dead letter", within: .seconds(30)) {
            try await coordinator.runtime.bus.deadLetters.peek().count == 1
        }
        await coordinator.stop()
    }
}
