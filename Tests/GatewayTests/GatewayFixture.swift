import Contracts
import Core
import Cryptography
import Foundation
import HTTP
import Inspection
import JSON
import Reactor
import RuleKeeping
import ServiceKit
import Synchronization
import TLS
import Telemetry

@testable import gateway

/// The gateway's whole way of a request on real sockets: an upstream, a labyrinth, a client. Only the bus is the test's.
final class GatewayFixture: Sendable {
    struct Seen: Sendable {
        var observed: [RequestObserved] = []
        var blocked: [RequestBlocked] = []
        var upstream: [HTTPRequestHead] = []
        var labyrinth: [HTTPRequestHead] = []
        var calls: [(name: String, payload: [UInt8], principal: Principal)] = []
    }

    static let key = try? SigningKey.generate(.ed25519)

    let group: ReactorGroup
    let state: GatewayState
    let directory: UpstreamDirectory
    let registry = MetricsRegistry()
    let seen: Box
    let feed: LiveFeed
    let endpoint: HTTPEndpoint
    let admin: HTTPEndpoint
    let keeper: RoutesKeeper?
    let firewall: FirewallKeeper
    let client: HTTPClient
    private let servers: [HTTPServer]

    final class Box: Sendable {
        private let state = Mutex(Seen())
        var value: Seen { state.withLock { $0 } }
        func change(_ change: (inout Seen) -> Void) { state.withLock { change(&$0) } }
    }

    init(
        routes: ((String) -> [Route])? = nil, routing: ((String) throws -> RoutesKeeper)? = nil,
        accessLog: AccessLog? = nil, route adjust: (inout Route) -> Void = { _ in }, trustedHops: Int = 0,
        reactors: Int = 1, rules: RuleSetKeeper? = nil, routesFile: String? = nil, proxies: TrustedProxies? = nil,
        challenge: ChallengeGate.Settings = ChallengeGate.Settings(), tls: TLSServerContext? = nil,
        upstream: (@Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void)? = nil,
        idempotency: IdempotencyStore? = nil,
        answers: @escaping @Sendable (RPCName) async throws -> [UInt8] = { _ in [] }
    ) async throws {
        let group = try ReactorGroup(count: reactors)
        let seen = Box()
        let upstreamServer = HTTPServer(
            HTTPServerConfiguration(address: .loopback(port: 0)), group: group,
            handler: HTTPHandlerFunction { request, response in
                seen.change { $0.upstream.append(request.head) }
                if let upstream { return try await upstream(request, response) }
                let body = try await request.body.collect(upTo: 1 << 24)
                try await response.respond(.ok, headers: ["X-Powered-By": "shop", "Keep-Alive": "5"], body: body)
            })
        let labyrinthServer = HTTPServer(
            HTTPServerConfiguration(address: .loopback(port: 0)), group: group,
            handler: HTTPHandlerFunction { request, response in
                seen.change { $0.labyrinth.append(request.head) }
                try await response.respond(.ok, text: "deeper")
            })
        let upstreamAddress = try await upstreamServer.start()
        let labyrinthAddress = try await labyrinthServer.start()
        var route = Route(name: "shop", upstream: "\(upstreamAddress)")
        adjust(&route)
        let keeper = try routing?(route.upstream)
        let state =
            if let keeper {
                keeper.published
            } else if let routesFile {
                GatewayState(routing: try RoutesFile.read(try YAMLNode.parse(routesFile, file: "routes.yaml")))
            } else {
                GatewayState(
                    routing: Routing(
                        routes: RouteTable(routes?(route.upstream) ?? [route]),
                        upstreams: [route.upstream: Upstream(name: route.upstream, endpoints: [route.upstream])]))
            }
        if let key = Self.key { state.tokens.update { $0.replaceKeys(["k1": key.verificationKey]) } }
        let metrics = GatewayMetrics(registry)
        let directory = UpstreamDirectory(group: group, metrics: metrics, log: .silent)
        let checking = group.reactors[0]
        let firewall = FirewallKeeper(state, metrics: metrics, log: .silent)
        try state.prepareRoutes { routing throws(GatewayFailure) in
            try firewall.use(routing.firewall) { () throws(GatewayFailure) in try directory.apply(routing) }
            directory.startChecks(on: checking)
        }
        let feed = LiveFeed(maximumViewers: 10, gauge: metrics.viewers)
        let client = HTTPClient(group: group)
        let calls: APIDispatcher.Call = { name, payload, principal, _, _ in
            seen.change { $0.calls.append((name.name, payload, principal)) }
            return try await answers(name)
        }
        let configuration = try Self.configuration(trustedHops, labyrinthAddress)
        let assets = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Services/Gateway/Assets").path
        let lanes = try group.reactors.map { try RequestLane($0, state, rules: rules?.published) }
        let captcha = try challenge.captcha.map { try CaptchaVerifier($0, group: group, log: .silent) }
        let challenges = ChallengeGate(challenge, captcha: captcha, metrics: metrics)
        let engine = try InspectionEngine.builtIn()
        let proxy = try UpstreamProxy(
            directory: directory, labyrinth: labyrinthAddress, group: group,
            caches: AnswerCaches(group: group, entries: 1_024, bytes: .mebibytes(8), metrics: metrics.cache),
            metrics: metrics, log: .silent)
        let handler = GatewayHandler(
            configuration, lanes: lanes, engine: engine, proxy: proxy,
            api: APIDispatcher(
                timeout: .seconds(5), metrics: metrics,
                idempotency: idempotency.map { IdempotentCalls($0, timeout: .seconds(60), log: .silent) }, calls: calls),
            page: try LivePage(
                assetsDirectory: assets, feed: feed, node: "test", timeout: .seconds(5), challenges: challenges,
                calls: calls),
            recorder: RequestRecorder(
                metrics: metrics, feed: feed, accessLog: accessLog,
                observed: { event in
                    guard let read = try? RequestObserved(wireBytes: event.wireBytes()) else { return }
                    seen.change { $0.observed.append(read) }
                },
                blocked: { event, _ in seen.change { $0.blocked.append(event) } }),
            rates: RateGate(capacity: 1_024), challenges: challenges, log: .silent)
        var listening = HTTPServerConfiguration(address: .loopback(port: 0))
        listening.abandonAfter = .milliseconds(100)
        listening.proxyProtocol = proxies
        listening.tls = tls
        let server = HTTPServer(listening, group: group, handler: handler)
        endpoint = HTTPEndpoint(try await server.start())
        let router = HTTPRouter()
        AdminRoutes(
            state: state, upstreams: UpstreamReport(directory, group: group), keeper: keeper, rules: rules,
            firewall: FirewallReport(state: state, keeper: firewall), lanes: lanes, engine: engine
        ).add(to: router)
        let adminServer = HTTPServer(
            HTTPServerConfiguration(address: .loopback(port: 0)), group: group, handler: router)
        admin = HTTPEndpoint(try await adminServer.start())
        self.keeper = keeper
        self.firewall = firewall
        self.directory = directory
        (self.group, self.state, self.seen, self.feed, self.client) = (group, state, seen, feed, client)
        servers = [server, adminServer, upstreamServer, labyrinthServer]
    }

    static func configuration(
        _ trustedHops: Int = 0, _ labyrinth: SocketAddress = .loopback(port: 1), routesFile: String = "routes.yaml"
    ) throws -> GatewayConfiguration {
        let text = """
            routes_file: \(routesFile)
            labyrinth: { address: "\(labyrinth)" }
            clients: { trusted_hops: \(trustedHops) }
            """
        var reader = ConfigurationReader(
            ConfigurationSources(service: .gateway, file: try YAMLNode.parse(text, file: "test.yaml"), environment: [:])
        )
        return GatewayConfiguration(from: &reader)
    }

    struct Answer: Sendable {
        var head: HTTPResponseHead
        var body: String
        var status: Int { head.status.code }
    }

    func send(
        _ method: HTTPMethod, _ target: String, host: String? = nil, headers: HTTPHeaders = [:],
        body: HTTPClientRequest.Body = .none
    ) async throws -> Answer {
        let raw = try await sendRaw(method, target, host: host, headers: headers, body: body)
        return Answer(head: raw.head, body: String(decoding: raw.body, as: UTF8.self))
    }

    func sendRaw(
        _ method: HTTPMethod, _ target: String, host: String? = nil, headers: HTTPHeaders = [:],
        body: HTTPClientRequest.Body = .none
    ) async throws -> (head: HTTPResponseHead, body: [UInt8]) {
        let response = try await client.send(
            HTTPClientRequest(method, target, host: host, headers: headers, body: body), to: endpoint,
            deadline: .after(.seconds(20)))
        return (response.head, try await response.body.collect(upTo: 1 << 24))
    }

    func enforce(_ action: EnforcementAction, _ client: String = "127.0.0.1", perSecond: Double? = nil) throws {
        guard let address = IPAddress(client), let network = IPNetwork(address, prefixLength: 128) else { return }
        let enforcement = Enforcement(
            decision: UUIDv7(), subject: .network(network), action: action, expires: .now + .seconds(60),
            reason: "test",
            allowedPerSecond: perSecond)
        state.enforcements.update { $0.apply(enforcement, now: .now) }
    }

    static func token(
        roles: [String], header: String? = nil, issued: Timestamp = .now, lifetime: Duration = .seconds(60),
        user: UUIDv7 = UUIDv7(), session: UUIDv7? = nil, scope: String? = nil, key: SigningKey? = GatewayFixture.key
    ) throws -> String {
        var claims = JSONWriter()
        claims.object { json in
            json.text("sub", user.description)
            if let session { json.text("sid", session.description) }
            json.text("name", "ada")
            if let scope { json.text("scope", scope) }
            json.integer("iat", issued.seconds)
            json.integer("exp", (issued + lifetime).seconds)
            json.key("roles")
            json.array { list in for role in roles { list.string(role) } }
        }
        let head = header ?? #"{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}"#
        let signed = Base64.encodeURL(head.utf8) + "." + Base64.encodeURL(claims.bytes)
        let signature = try key?.sign(Array(signed.utf8)) ?? []
        return signed + "." + Base64.encodeURL(signature)
    }
}
