import Contracts
import Core
import Messaging
import Telemetry

/// Keeps the enforcement table as the decisions say: started, reverted, expired. Each change is stored and reported.
struct DecisionEvents: Sendable {
    let state: GatewayState
    let replica: String
    let metrics: GatewayMetrics
    let log: Logger
    let store: @Sendable (EnforcementChangeToStore) -> Void
    let enforced: @Sendable (DecisionEnforced) -> Void

    func apply(_ decision: Decision) {
        guard decision.status == .active || decision.status == .unspecified else { return }
        guard let enforcement = Enforcement(decision) else {
            return log.warning(
                "a decision cannot be enforced here: its subject, action or end is not known to this gateway",
                ["decision": .describing(decision.decisionID)])
        }
        let isNew = state.enforcements.update { table in
            let isKnown = table.contains(enforcement.decision)
            table.apply(enforcement, now: .now)
            return !isKnown && table.contains(enforcement.decision)
        }
        guard isNew else { return }
        note(enforcement, .started, delay: .now - decision.decidedAt)
        store(.start(enforcement))
        log.info(
            "a decision is in force",
            [
                "decision": .describing(enforcement.decision), "action": .string("\(enforcement.action)"),
                "subject": .describing(enforcement.subject),
            ])
    }

    func revert(_ decision: UUIDv7) {
        let removed = state.enforcements.update { $0.remove(decision) }
        guard let removed else { return }
        note(removed, .reverted)
        store(.end(decision))
        log.info("a decision was reverted", ["decision": .describing(decision)])
    }

    func expire(now: Timestamp) {
        guard state.enforcements.current.hasExpired(now: now) else { return }
        for enforcement in state.enforcements.update({ $0.expire(now: now) }) { note(enforcement, .expired) }
        store(.removeExpired)
    }

    private func note(_ enforcement: Enforcement, _ change: EnforcementChange, delay: Duration = .zero) {
        metrics.enforcements.set(state.enforcements.current.count)
        var event = DecisionEnforced()
        event.eventID = UUIDv7()
        event.decisionID = enforcement.decision
        event.incidentID = enforcement.incident ?? .unset
        event.enforcedAt = .now
        event.replica = replica
        event.subject = Subject(enforcement.subject)
        event.action = Action(enforcement.action)
        event.expiresAt = enforcement.expires
        event.change = change
        event.delayMicroseconds = UInt64(max(0, delay.wholeNanoseconds / 1_000))
        enforced(event)
    }
}

enum EnforcementChangeToStore: Sendable {
    case start(Enforcement)
    case end(UUIDv7)
    case removeExpired
}

extension Enforcement {
    /// Nil for what this gateway cannot enforce: no end, an action or a kind of subject it does not know.
    init?(_ decision: Decision) {
        guard decision.decisionID.isSet, decision.expiresAt.isSet, let action = EnforcementAction(decision.action),
            let subject = decision.subject.flatMap(EnforcementSubject.init)
        else { return nil }
        self.init(
            decision: decision.decisionID, subject: subject, action: action, expires: decision.expiresAt,
            reason: String(decision.reason.prefix(500)),
            allowedPerSecond: decision.throttlePerMinute > 0 ? Double(decision.throttlePerMinute) / 60 : nil,
            incident: decision.incidentID.isSet ? decision.incidentID : nil)
    }
}

extension EnforcementAction {
    init?(_ action: Action) {
        switch action {
        case .ban: self = .ban
        case .divert: self = .divert
        case .throttle: self = .throttle
        case .challenge: self = .challenge
        case .stepUp: self = .stepUp
        default: return nil
        }
    }
}

extension Action {
    init(_ action: EnforcementAction) {
        self =
            switch action {
            case .ban: .ban
            case .divert: .divert
            case .throttle: .throttle
            case .challenge: .challenge
            case .stepUp: .stepUp
            }
    }
}

extension EnforcementSubject: CustomStringConvertible {
    init?(_ subject: Subject) {
        let text = String(decoding: subject.value.prefix(256), as: UTF8.self)
        switch subject.kind {
        case .clientAddress:
            guard let address = IPAddress(text), let network = IPNetwork(address, prefixLength: 128)
            else { return nil }
            self = .network(network)
        case .network:
            guard let network = IPNetwork(text) else { return nil }
            self = .network(network)
        case .user:
            self = .account(text)
        case .session:
            guard let session = UUIDv7(text) else { return nil }
            self = .session(session)
        case .apiKey:
            guard text.utf8.count == 64, Hex.decode(Array(text.utf8)) != nil else { return nil }
            self = .apiKey(text.lowercased())
        default:
            return nil
        }
    }

    package var description: String {
        switch self {
        case .network(let network): network.description
        case .account(let name): name
        case .session(let session): session.description
        case .apiKey(let digest): digest
        }
    }
}

extension Subject {
    init(_ subject: EnforcementSubject) {
        switch subject {
        case .network(let network):
            let isSingle = network.prefixLength == 128
            self.init(
                kind: isSingle ? .clientAddress : .network,
                value: Array((isSingle ? network.address.description : network.description).utf8))
        case .account(let name):
            self.init(kind: .user, value: Array(name.utf8))
        case .session(let session):
            self.init(kind: .session, value: Array(session.description.utf8))
        case .apiKey(let digest):
            self.init(kind: .apiKey, value: Array(digest.utf8))
        }
    }
}
