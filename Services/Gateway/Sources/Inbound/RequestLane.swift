import Core
import HTTP
import Inspection
import Reactor

/// What one reactor needs for every request: its own copies of what is published, and its own scratch space.
///
/// Confined to its reactor, which is what makes it Sendable.
final class RequestLane: @unchecked Sendable {
    /// More than a routes file can name; reloads leave old ones behind.
    private static let mostEndpoints = 2_000

    let reactor: Reactor
    private var routing: PublishedReader<Routing>
    private var enforcements: PublishedReader<EnforcementTable>
    private var tokens: PublishedReader<TokenVerifier>
    private var scratch: InspectionScratch
    /// For what every request is given: an identifier, a trace.
    private var random = RandomReserve()
    /// Of the routes' upstreams, so that no request has to read its address again.
    private var endpoints: [String: HTTPEndpoint] = [:]
    private(set) var pulse = LivePulse()

    init(_ reactor: Reactor, _ state: GatewayState) throws {
        self.reactor = reactor
        routing = PublishedReader(state.routing)
        enforcements = PublishedReader(state.enforcements)
        tokens = PublishedReader(state.tokens)
        scratch = try InspectionScratch()
    }

    func begin(_ request: HTTPServerRequest, client: IPAddress) -> Exchange {
        Exchange(request, client: client, &random)
    }

    func route(_ head: HTTPRequestHead, host: String, path: RequestPath) -> ActiveRoute? {
        routing.read().routes.match(host: host, method: head.method.description, path: path) { head.headers.meets($0) }
    }

    var routingInForce: Routing { routing.read() }

    /// Where the route leads: the first address of its upstream.
    func endpoint(of route: Route) -> HTTPEndpoint? {
        guard let text = routing.read().upstreams[route.upstream]?.endpoints.first else { return nil }
        if let known = endpoints[text] { return known }
        if endpoints.count >= Self.mostEndpoints { endpoints = [:] }
        endpoints[text] = HTTPEndpoint(upstream: text)
        return endpoints[text]
    }

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
