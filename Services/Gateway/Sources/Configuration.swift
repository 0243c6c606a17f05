import Core
import HTTP
import Inspection
import Reactor
import RuleKeeping
import ServiceKit
import TLS

/// Every key of the gateway's configuration file beyond the kit's own.
struct GatewayConfiguration: ServiceConfiguration {
    /// Plain or TLS, for clients.
    var listen: SocketAddress
    /// The first is for clients that name no host, or none that a certificate names. Empty: plain HTTP.
    var certificates: [TLSCertificateFiles]
    var clientCertificates: TLSServerConfiguration.ClientCertificates
    var minimumTLS: TLSVersion
    var maximumConnections: Int
    /// Balancers before us that begin every connection with a PROXY header; nil without any.
    var proxyProtocol: TrustedProxies?
    var proxyHeaderTimeout: Duration
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
    /// The field that holds a client's API key, for decisions about keys.
    var apiKeyField: String
    /// What clients are asked for, and how passes are signed.
    var challenge: ChallengeGate.Settings
    /// Where browsers sign in when a decision asks for it.
    var signInPage: String
    /// Of a body, before the upstream sees its first byte.
    var inspectedBodyBytes: Int
    /// Whether what follows is inspected too, while it is forwarded.
    var inspectsWholeBodies: Bool
    /// Asked beside the built-in engine; nil for none.
    var coreRuleSet: CoreRuleSet?
    /// The learned model's file; the shipped one when nil, none when `none`.
    var textModel: String?
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
    /// Of stored answers, all reactors together.
    var cacheSize: ByteCount
    var cacheEntries: Int

    init(from reader: inout ConfigurationReader) {
        let listening = reader.section("listen")
        listen = listening.address("address", default: .loopback(port: 8080), about: "where clients connect")
        certificates = Self.certificates(listening)
        clientCertificates = Self.clientCertificates(listening)
        minimumTLS = listening.choice("minimum_tls", default: MinimumTLS.tls12, about: "1.2 or 1.3").version
        maximumConnections = listening.integer("maximum_connections", default: 10_000, in: 1...1_000_000)
        allowsPlainHTTP2 = listening.boolean(
            "plain_http2", default: false, about: "whether plain connections may speak HTTP/2 without being asked")
        let proxied = listening.section("proxy_protocol")
        proxyProtocol = Self.proxies(proxied)
        proxyHeaderTimeout = proxied.duration("timeout", default: .seconds(5), in: .milliseconds(100) ... .seconds(60))
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
        trustedNetworks = Self.networks(
            clients.list("trusted_networks", about: "where those proxies stand, as CIDR; empty: anywhere"), clients,
            "trusted_networks")
        apiKeyField = clients.string("api_key_field", default: "X-API-Key", about: "the field that holds an API key")
        challenge = ChallengeGate.Settings(from: reader.section("challenge"))
        signInPage = reader.section("step_up").string(
            "sign_in_page", default: LivePage.root, about: "where browsers sign in; they come with ?return=")
        let inspection = reader.section("inspection")
        inspectedBodyBytes =
            inspection.byteCount(
                "body_bytes", default: .kibibytes(64), in: .kibibytes(1) ... .mebibytes(4),
                about: "how much of a body is inspected before it is forwarded"
            ).bytes
        inspectsWholeBodies = inspection.boolean(
            "whole_bodies", default: true,
            about: "inspect what follows too, in windows of that size, while it is forwarded")
        coreRuleSet = CoreRuleSet.read(inspection)
        textModel = inspection.optionalString(
            "text_model", about: "file with the learned model; the shipped one when not set, none when it says none")
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
        let cache = reader.section("cache")
        cacheSize = cache.byteCount(
            "size", default: .mebibytes(256), in: .mebibytes(1)...ByteCount(1 << 40),
            about: "how much the answers stored for routes with a cache may take; each reactor has its share")
        cacheEntries = cache.integer(
            "entries", default: 65_536, in: 64...(1 << 24), about: "how many resources answers are stored of")
        let rates = reader.section("rate_limits")
        rateKeys = rates.integer(
            "maximum_keys", default: 1 << 18, in: 64...(1 << 26),
            about: "clients, users, … remembered at once, 16 bytes each; beyond it who owes least is forgotten")
        rateFloor = rates.number(
            "adaptive_floor", default: 0.2, in: 0.01...1,
            about: "what is left of an adaptive limit under the worst attack")
    }

    private enum MinimumTLS: String, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"

        var version: TLSVersion { self == .tls12 ? .tls12 : .tls13 }
    }

    /// `certificate` and `certificate_key`, then the list `certificates` of the same two.
    private static func certificates(_ listening: ConfigurationReader) -> [TLSCertificateFiles] {
        let own = certificate(
            listening, "certificate", "certificate_key",
            about: "PEM file with the certificate chain; plain HTTP without")
        let others = listening.sections("certificates").compactMap { reader -> TLSCertificateFiles? in
            let files = certificate(reader, "certificate", "key", about: "PEM file with a certificate chain")
            if files == nil { reader.report("needs certificate and key") }
            return files
        }
        return (own.map { [$0] } ?? []) + others
    }

    private static func certificate(
        _ reader: ConfigurationReader, _ chainName: String, _ keyName: String, about: String
    ) -> TLSCertificateFiles? {
        let chain = reader.optionalString(chainName, about: about)
        let key = reader.optionalString(keyName, about: "PEM file with the certificate's private key")
        if (chain == nil) != (key == nil) {
            reader.report("has only one of \(chainName) and \(keyName); set both or neither")
        }
        guard let chain, let key else { return nil }
        return TLSCertificateFiles(chain: chain, key: key)
    }

    private enum ClientCertificateMode: String, CaseIterable { case ignored, optional, required }

    private static func clientCertificates(
        _ listening: ConfigurationReader
    ) -> TLSServerConfiguration.ClientCertificates {
        let reader = listening.section("client_certificates")
        let mode = reader.choice(
            "mode", default: ClientCertificateMode.ignored, about: "whether clients show certificates of their own")
        let caFile = reader.optionalString("ca", about: "PEM file with whom those have to come from")
        guard mode != .ignored else { return .ignored }
        guard let caFile else {
            reader.report("asks for certificates and does not say from whom; set ca")
            return .ignored
        }
        return mode == .optional ? .optional(caFile: caFile) : .required(caFile: caFile)
    }

    private static func proxies(_ reader: ConfigurationReader) -> TrustedProxies? {
        let texts = reader.list(
            "trusted", about: "balancers that begin every connection with a PROXY header, as CIDR, or unix")
        let networks = networks(texts.filter { $0 != "unix" }, reader, "trusted")
        return texts.isEmpty ? nil : TrustedProxies(networks: networks, includesUnix: texts.contains("unix"))
    }

    private static func networks(_ texts: [String], _ reader: ConfigurationReader, _ key: String) -> [IPNetwork] {
        texts.compactMap { text in
            if let network = IPNetwork(text) { return network }
            reader.report("holds \(text.prefix(64)), which is no network; write it like 10.0.0.0/8", at: key)
            return nil
        }
    }
}
