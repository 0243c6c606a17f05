import Core
import HTTP
import Reactor
import ServiceKit

/// Every key of the gateway's configuration file beyond the kit's own.
struct GatewayConfiguration: ServiceConfiguration {
    /// Plain or TLS, for clients.
    var listen: SocketAddress
    var certificate: String?
    var certificateKey: String?
    var maximumConnections: Int
    /// Whether plain connections may speak HTTP/2 from their first byte; over TLS it is agreed in the handshake.
    var allowsPlainHTTP2: Bool
    var routesFile: String
    /// A file, `-` for standard output, nil for none.
    var accessLog: String?
    var accessLogHasQuery: Bool
    /// Where diverted clients are sent.
    var labyrinth: SocketAddress
    /// Proxies before us that write `X-Forwarded-For`, and where they stand.
    var trustedHops: Int
    var trustedNetworks: [IPNetwork]
    /// Of a body, before the upstream sees its first byte.
    var inspectedBodyBytes: Int
    /// Found by itself when nil.
    var assetsDirectory: String?
    var apiTimeout: Duration
    var maximumViewers: Int
    var maximumPendingEvents: Int
    /// Where events wait while the broker is away; in memory only when nil.
    var spoolDirectory: String?
    /// Of protected events, and as much again of ordinary ones.
    var spoolSize: ByteCount
    /// Where this replica stands: endpoints of the same zone are preferred.
    var zone: String?
    /// Keys of all rate limits together that are remembered at once, 16 bytes each.
    var rateKeys: Int
    /// What is left of an adaptive limit under the worst attack.
    var rateFloor: Double

    init(from reader: inout ConfigurationReader) {
        let listening = reader.section("listen")
        listen = listening.address("address", default: .loopback(port: 8080), about: "where clients connect")
        certificate = listening.optionalString(
            "certificate", about: "PEM file with the certificate chain; plain HTTP without")
        certificateKey = listening.optionalString(
            "certificate_key", about: "PEM file with the certificate's private key")
        maximumConnections = listening.integer("maximum_connections", default: 10_000, in: 1...1_000_000)
        allowsPlainHTTP2 = listening.boolean(
            "plain_http2", default: false, about: "whether plain connections may speak HTTP/2 without being asked")
        if (certificate == nil) != (certificateKey == nil) {
            listening.report("has only one of certificate and certificate_key; set both or neither")
        }
        routesFile = reader.string("routes_file", about: "YAML file with the routes; see the service's README")
        let access = reader.section("access_log")
        accessLog = access.optionalString(
            "file", about: "one JSON line a request goes there; - is standard output; none without")
        accessLogHasQuery = access.boolean(
            "query", default: false, about: "write queries too; they often hold what should not be kept")
        labyrinth = reader.section("labyrinth").address("address", about: "the labyrinth's internal listener")
        let clients = reader.section("clients")
        trustedHops = clients.integer(
            "trusted_hops", default: 0, in: 0...ClientAddressPolicy.maximumHops,
            about: "how many proxies before us write X-Forwarded-For")
        trustedNetworks = Self.networks(clients)
        inspectedBodyBytes =
            reader.section("inspection").byteCount(
                "body_bytes", default: .kibibytes(64), in: .kibibytes(1) ... .mebibytes(4),
                about: "how much of a body is inspected before it is forwarded"
            ).bytes
        assetsDirectory = reader.optionalString(
            "assets_directory", about: "the live page's files; found beside the executable when not set")
        apiTimeout = reader.section("api").duration(
            "timeout", default: .seconds(10), in: .milliseconds(100) ... .seconds(120))
        let live = reader.section("live")
        maximumViewers = live.integer("maximum_viewers", default: 1_000, in: 1...100_000)
        zone = reader.section("upstreams").optionalString(
            "zone", about: "where this replica stands; endpoints with the same zone are preferred")
        let events = reader.section("events")
        spoolDirectory = events.optionalString(
            "spool_directory", about: "folder for events that wait for the broker; without one they wait in memory")
        spoolSize = events.byteCount(
            "spool_size", default: .mebibytes(256), in: .mebibytes(1)...ByteCount(1 << 36),
            about: "how much may wait there: of protected events, and as much again of ordinary ones")
        maximumPendingEvents = events.integer(
            "maximum_pending", default: 10_000, in: 100...1_000_000,
            about: "protected events kept in memory while the broker is away")
        let rates = reader.section("rate_limits")
        rateKeys = rates.integer(
            "maximum_keys", default: 1 << 18, in: 64...(1 << 26),
            about: "clients, users, … remembered at once, 16 bytes each; beyond it who owes least is forgotten")
        rateFloor = rates.number(
            "adaptive_floor", default: 0.2, in: 0.01...1,
            about: "what is left of an adaptive limit under the worst attack")
    }

    private static func networks(_ reader: ConfigurationReader) -> [IPNetwork] {
        reader.list("trusted_networks", about: "where those proxies stand, as CIDR; empty: anywhere").compactMap {
            text in
            if let network = IPNetwork(text) { return network }
            reader.report(
                "holds \(text.prefix(64)), which is no network; write it like 10.0.0.0/8", at: "trusted_networks")
            return nil
        }
    }
}
