import Contracts
import Core
import Messaging
import Reactor
import RuleKeeping
import ServiceKit
import Synchronization
import Telemetry

/// What the rest of the suite tells every gateway: decisions, keys that tokens are signed with, what was revoked, and
/// that another replica runs with new files. What was said while nobody here listened is asked for.
final class ControlEvents: Sendable {
    private static let callPatience = Duration.seconds(10)
    private static let retryPause = Duration.seconds(2)
    private static let decisionsPerPage: UInt32 = 500

    private let bus: Bus
    private let decisions: DecisionEvents
    private let keys: SigningKeys
    private let routes: RoutesKeeper
    private let routeSets: RouteSetCalls
    private let rules: RuleSetKeeper?
    private let log: Logger
    /// By what they ask for: a later one takes the place of an earlier.
    private let questions = Mutex<[String: TaskHandle]>([:])

    init(
        _ bus: Bus, _ decisions: DecisionEvents, _ keys: SigningKeys, _ routes: RoutesKeeper,
        _ routeSets: RouteSetCalls, _ rules: RuleSetKeeper?, _ log: Logger
    ) {
        (self.bus, self.decisions, self.keys, self.routes) = (bus, decisions, keys, routes)
        (self.routeSets, self.rules, self.log) = (routeSets, rules, log)
    }

    func listen() {
        bus.listen(.gatewayControl, started: { [self] in catchUp() }) { [self] delivery in try handle(delivery) }
    }

    func stop() {
        for question in questions.withLock({ $0 }).values { question.cancel() }
    }

    private func handle(_ delivery: Delivery) throws {
        switch delivery.schema {
        case DecisionMade.schema:
            for event in try delivery.decode(as: DecisionMade.self) { event.decision.map(decisions.apply) }
        case DecisionReverted.schema:
            for event in try delivery.decode(as: DecisionReverted.self) {
                if let decision = event.decision { decisions.revert(decision.decisionID) }
            }
        case SigningKeysRotated.schema:
            for event in try delivery.decode(as: SigningKeysRotated.self) { keys.replace(event.keys) }
        case RevocationIssued.schema:
            for event in try delivery.decode(as: RevocationIssued.self) { keys.revoke(event) }
        case ConfigurationChanged.schema:
            for event in try delivery.decode(as: ConfigurationChanged.self) { follow(event) }
        default: break
        }
    }

    /// Another replica runs with a new file: where files are shared, ours is new too.
    private func follow(_ event: ConfigurationChanged) {
        guard event.service == ServiceName.gateway.operatorName, event.replica != bus.configuration.replica else {
            return
        }
        bus.reactor.run { [self] in
            // What fails now is done when the table is next looked at.
            if event.keys.contains(where: { $0.hasPrefix(RouteSetCalls.changedKey) }) { try? await routeSets.follow() }
            if event.keys.contains("routes") { await routes.reload(because: "bus") }
            if event.keys.contains(GatewayService.ruleSetKey) { await rules?.reload(because: "bus") }
        }
    }

    // MARK: Questions

    private func catchUp() {
        ask("signing keys") { [self] in
            let answer = try await bus.call(
                AuthRPC.getSigningKeys, GetSigningKeysRequest(), deadline: .after(Self.callPatience))
            keys.replace(answer.keys)
        }
        ask("revocations") { [self] in
            let answer = try await bus.call(
                AuthRPC.listRevocations, ListRevocationsRequest(limit: 10_000), deadline: .after(Self.callPatience))
            for revocation in answer.revocations { keys.revoke(revocation) }
        }
        askForDecisions()
    }

    func askForDecisions() {
        ask("decisions") { [self] in
            var cursor = ""
            repeat {
                let answer = try await bus.call(
                    AgentCoordinatorRPC.listDecisions,
                    ListDecisionsRequest(limit: Self.decisionsPerPage, cursor: cursor, activeOnly: true),
                    deadline: .after(Self.callPatience))
                for decision in answer.decisions { decisions.apply(decision) }
                cursor = answer.nextCursor
            } while !cursor.isEmpty
        }
    }

    /// Until it is answered, because a fresh stack starts in any order; and in the background, because what is asked for
    /// must not hold up what is being said.
    private func ask(_ what: String, _ work: @escaping @Sendable () async throws -> Void) {
        let question = bus.reactor.run { [log] in
            while !Task.isCancelled {
                do {
                    return try await work()
                } catch {
                    log.info("asking again soon", ["for": .string(what), "error": .error(error)])
                }
                try? await Reactor.sleep(for: Self.retryPause)
            }
        }
        questions.withLock { $0.updateValue(question, forKey: what) }?.cancel()
    }
}
