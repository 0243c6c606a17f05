import Contracts
import Core
import HTTP
import Inspection
import Reactor
import Synchronization

/// What one reactor needs for every request: its own copies of what is published, and its own scratch space.
///
/// Confined to its reactor, which is what makes it Sendable.
final class RequestLane: @unchecked Sendable {
    let reactor: Reactor
    private var routing: PublishedReader<Routing>
    private var enforcements: PublishedReader<EnforcementTable>
    private var firewall: PublishedReader<Firewall>
    private var tokens: PublishedReader<TokenVerifier>
    /// Nil without a rule set configured.
    private var rules: PublishedReader<RuleSetInForce>?
    private var scratch: InspectionScratch
    private let ruleSetSeat = RuleSetSeat()
    private var candidates: PublishedReader<InspectionCandidates?>
    private var trialSeat: TrialSeat?
    /// For what every request is given: an identifier, a trace.
    private var random = RandomReserve()
    private(set) var pulse = LivePulse()
    /// What the other replicas have not been told yet, and room for the key that is asked for now.
    var rateUsage = RateUsage()
    var rateKey: [UInt8] = []

    init(_ reactor: Reactor, _ state: GatewayState, rules: Published<RuleSetInForce>? = nil) throws {
        self.reactor = reactor
        routing = PublishedReader(state.routing)
        enforcements = PublishedReader(state.enforcements)
        firewall = PublishedReader(state.firewall)
        tokens = PublishedReader(state.tokens)
        self.rules = rules.map { PublishedReader($0) }
        candidates = PublishedReader(state.candidates)
        scratch = try InspectionScratch()
    }

    func begin(_ request: HTTPServerRequest, client: IPAddress) -> Exchange {
        Exchange(request, client: client, &random)
    }

    func route(_ head: HTTPRequestHead, host: String, path: RequestPath) -> ActiveRoute? {
        routing.read().routes.match(host: host, method: head.method.description, path: path) { head.headers.meets($0) }
    }

    var routingInForce: Routing { routing.read() }

    /// Most gateways have no rules: then nothing is made for them to look at.
    func firewall(
        _ client: IPAddress, host: String, method: @autoclosure () -> String, path: RequestPath?
    ) -> Firewall.Verdict? {
        let firewall = firewall.read()
        guard !firewall.rules.isEmpty else { return nil }
        return firewall.judge(client, host: host, method: method(), path: path)
    }

    func enforcement(of client: IPAddress, account: String?, now: Timestamp) -> Enforcement? {
        enforcements.read().lookUp(address: client, account: account, now: now)
    }

    var enforcementsInForce: EnforcementTable { enforcements.read() }

    func verify(_ token: some StringProtocol, now: Timestamp) throws(TokenFailure) -> AccessToken {
        try tokens.read().verify(token, now: now)
    }

    func asksRuleSet(_ policy: InspectionPolicy) -> Bool {
        policy.asksRuleSet && (rules != nil || candidates.read()?.haveRules == true)
    }

    /// What the built-in engine says, and, when told of the connection, the rule set with it, where there is one. A
    /// promoted candidate's take the place of those that are configured.
    func inspect(
        _ request: InspectedRequest, _ policy: InspectionPolicy, by engine: InspectionEngine,
        _ connection: SecLangConnection? = nil
    ) -> InspectionVerdict {
        let promoted = candidates.read()?.promoted
        let verdict = (promoted?.engine ?? engine).inspect(request, policy, &scratch)
        guard let connection, let rules = promoted?.rules ?? rules?.read() else { return verdict }
        return ruleSetSeat.judge(request, connection, policy, by: rules, joining: verdict)
    }

    /// What the candidate in the shadow would have said of a request, of few; it changes nothing.
    @inline(__always)
    func tryCandidate(
        _ request: InspectedRequest, _ policy: InspectionPolicy, by engine: InspectionEngine,
        _ connection: SecLangConnection?, beside verdict: InspectionVerdict
    ) -> Trial? {
        guard let candidates = candidates.read() else { return nil }
        return tryCandidate(candidates, request, policy, by: engine, connection, beside: verdict)
    }

    @inline(never)
    private func tryCandidate(
        _ candidates: InspectionCandidates, _ request: InspectedRequest, _ policy: InspectionPolicy,
        by engine: InspectionEngine, _ connection: SecLangConnection?, beside verdict: InspectionVerdict
    ) -> Trial? {
        guard let candidate = candidates.shadow, policy.mode != .off else { return nil }
        if trialSeat == nil { trialSeat = try? TrialSeat() }
        guard let seat = trialSeat, seat.takes(candidates) else { return nil }
        let found = seat.judge(request, policy, by: candidate, engine, rules?.read(), connection)
        return Trial(candidate.id, found, inForce: verdict)
    }

    func count(_ outcome: LiveOutcome, microseconds: Int) { pulse.count(outcome, microseconds: microseconds) }

    func takePulse() -> LivePulse {
        defer { pulse = LivePulse() }
        return pulse
    }
}

/// What changes while the gateway runs and every reactor reads: replaced as a whole, never changed in place.
final class GatewayState: Sendable {
    let routing: Published<Routing>
    let enforcements = Published(EnforcementTable())
    let firewall = Published(Firewall())
    let tokens = Published(TokenVerifier())
    let candidates = Published<InspectionCandidates?>(nil)

    /// Called with routes that are about to be in force: it makes what they need, or says why that cannot be had.
    private let preparation = Mutex<(@Sendable (Routing) throws(GatewayFailure) -> Void)?>(nil)

    init(routing: Routing) { self.routing = Published(routing) }

    /// For the routes in force now, and from now on for all that follow.
    func prepareRoutes(
        _ prepare: @escaping @Sendable (Routing) throws(GatewayFailure) -> Void
    ) throws(GatewayFailure) {
        try prepare(routing.current)
        preparation.withLock { $0 = prepare }
    }

    func use(_ next: Routing) throws(GatewayFailure) {
        if let prepare = preparation.withLock({ $0 }) { try prepare(next) }
        routing.update { $0 = next }
    }
}
