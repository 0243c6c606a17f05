import Contracts
import Core
import Messaging

/// What the other services say, one event at a time: failed logins are behaviour, decisions contain
/// incidents. The rest
/// of the queue is heard and let go: blocked requests are in the stream of all requests as well.
final class SecurityEvents: Sendable {
    private let judge: Judge
    private let journal: Journal

    init(_ judge: Judge, _ journal: Journal) {
        self.judge = judge
        self.journal = journal
    }

    func handle(_ delivery: Delivery) async throws {
        switch delivery.schema {
        case LoginFailed.schema:
            let logins = try delivery.decode(as: LoginFailed.self).compactMap(FailedLogin.init)
            try await journal.save(logins.flatMap { judge.observe($0) })
        case TokenIssued.schema:
            for token in try delivery.decode(as: TokenIssued.self) where token.clientAddress.isSet {
                judge.observeLogin(of: token.clientAddress, at: token.issuedAt)
            }
        case IntruderStepObserved.schema:
            let steps = try delivery.decode(as: IntruderStepObserved.self).compactMap(IntruderStep.init)
            try await journal.save(steps.flatMap { judge.observe($0) })
        case DecisionMade.schema:
            let decisions = try delivery.decode(as: DecisionMade.self).compactMap(\.decision)
            try await journal.save(decisions.compactMap(\.containedClient).compactMap { judge.contain($0) })
        default: return
        }
    }
}

extension FailedLogin {
    init?(_ event: LoginFailed) {
        guard event.clientAddress.isSet else { return nil }
        self.init(
            request: event.requestID, at: event.failedAt, client: event.clientAddress,
            claimedName: Array(event.claimedName.prefix(64)))
    }
}

extension IntruderStep {
    init?(_ event: IntruderStepObserved) {
        guard event.clientAddress.isSet, event.intruderID.isSet,
            let intent = Intent(rawValue: Int(event.intent.rawValue))
        else { return nil }
        self.init(
            intruder: event.intruderID, request: event.requestID, at: event.observedAt, client: event.clientAddress,
            path: event.path, userAgent: event.userAgent, count: Int(clamping: event.stepCount), intent: intent,
            trace: TraceContext(traceHigh: event.traceHigh, event.traceLow, event.span))
    }
}

extension Decision {
    /// The client that this decision keeps from the applications.
    fileprivate var containedClient: IPAddress? {
        action == .ban || action == .divert ? subject?.clientAddress : nil
    }
}
