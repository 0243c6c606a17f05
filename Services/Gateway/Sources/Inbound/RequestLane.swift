import Core
import HTTP
import Inspection
import Reactor

/// What one reactor needs for every request: its own copies of what is published, and its own scratch space.
///
/// Confined to its reactor, which is what makes it Sendable.
final class RequestLane: @unchecked Sendable {
    let reactor: Reactor
    private var routing: PublishedReader<Routing>
    private var enforcements: PublishedReader<EnforcementTable>
    private var tokens: PublishedReader<TokenVerifier>
    private var scratch: InspectionScratch
    private(set) var pulse = LivePulse()

    init(_ reactor: Reactor, _ state: GatewayState) throws {
        self.reactor = reactor
        routing = PublishedReader(state.routing)
        enforcements = PublishedReader(state.enforcements)
        tokens = PublishedReader(state.tokens)
        scratch = try InspectionScratch()
    }

    func route(_ head: HTTPRequestHead, host: String, path: RequestPath) -> ActiveRoute? {
        routing.read().routes.match(host: host, method: head.method.description, path: path) { head.headers.meets($0) }
    }

    func upstream(of route: Route) -> Upstream? { routing.read().upstreams[route.upstream] }

    func enforcement(of client: IPAddress, account: String?, now: Timestamp) -> Enforcement? {
        enforcements.read().lookUp(address: client, account: account, now: now)
    }

    func verify(_ token: some StringProtocol, now: Timestamp) throws(TokenFailure) -> AccessToken {
        try tokens.read().verify(token, now: now)
    }

    func inspect(_ request: InspectedRequest, _ policy: InspectionPolicy, by engine: InspectionEngine)
        -> InspectionVerdict
    {
        engine.inspect(request, policy, &scratch)
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
    let tokens = Published(TokenVerifier())

    init(routing: Routing) { self.routing = Published(routing) }
}
