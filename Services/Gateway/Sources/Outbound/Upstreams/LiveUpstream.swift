import Core
import HTTP
import Reactor
import Synchronization
import TLS

/// An upstream in use: its connections, what is known of its endpoints, and one lane for each reactor.
final class LiveUpstream: Sendable {
    let settings: Upstream
    let endpoints: [HTTPEndpoint]
    let client: HTTPClient
    let clientConfiguration: HTTPClientConfiguration
    let board: EndpointBoard
    let lanes: [UpstreamLane]
    let metrics: UpstreamMetrics
    private let requests = Atomic<Int>(0)

    init(_ settings: Upstream, group: ReactorGroup, zone: String?, metrics: GatewayMetrics) throws(GatewayFailure) {
        let endpoints = settings.endpoints.compactMap { HTTPEndpoint(upstream: $0.address) }
        precondition(endpoints.count == settings.endpoints.count, "the routes file's reader has checked the addresses")
        let board = EndpointBoard(settings)
        self.settings = settings
        self.endpoints = endpoints
        self.board = board
        self.metrics = metrics.upstream(settings.name)
        clientConfiguration = try Self.configuration(settings, endpoints, reactors: group.reactors.count)
        client = HTTPClient(clientConfiguration, group: group)
        lanes = group.reactors.map { _ in UpstreamLane(settings, board: board, zone: zone) }
    }

    /// Whether all it names can be had: authorities, certificates, keys.
    static func check(_ settings: Upstream) throws(GatewayFailure) {
        _ = try configuration(
            settings, settings.endpoints.compactMap { HTTPEndpoint(upstream: $0.address) }, reactors: 1)
    }

    private static func configuration(
        _ settings: Upstream, _ endpoints: [HTTPEndpoint], reactors: Int
    ) throws(GatewayFailure) -> HTTPClientConfiguration {
        var configuration = HTTPClientConfiguration()
        configuration.maximumConnectionsPerEndpoint = settings.limits.connections
        configuration.maximumWaiting = max(1, settings.limits.pending / reactors)
        configuration.serverName = settings.tls.serverName
        // Bodies stream through: the route's own limit is what bounds them.
        configuration.limits.maximumBodyBytes = .max
        configuration.assumesVersion2 = settings.version == .http2
        guard endpoints.contains(where: \.isSecure) else { return configuration }
        let tls = settings.tls
        var trust = TLSClientConfiguration(verification: tls.isInsecure ? .none : .full, caFile: tls.authority)
        if let chain = tls.certificate, let key = tls.key {
            trust.certificate = TLSCertificateFiles(chain: chain, key: key)
        }
        if settings.version == .http2 { trust.applicationProtocols = ["h2", "http/1.1"] }
        do {
            configuration.tls = try TLSClientContext(trust)
        } catch {
            throw .routes(["upstream \(settings.name): \(error)"])
        }
        return configuration
    }

    /// Handlers run on the group's reactors, and a lane belongs to one of them.
    var lane: UpstreamLane {
        guard let reactor = Reactor.current, lanes.indices.contains(reactor.index) else {
            preconditionFailure("requests are handled on the reactors of the gateway's group")
        }
        return lanes[reactor.index]
    }

    var requestsUnderWay: Int { requests.load(ordering: .relaxed) }

    /// The bulkhead: false when so many requests are under way that this one has to be refused.
    func enter() -> Bool {
        guard requests.wrappingAdd(1, ordering: .relaxed).newValue > settings.limits.requests else { return true }
        leave()
        return false
    }

    func leave() { requests.wrappingSubtract(1, ordering: .relaxed) }
}
