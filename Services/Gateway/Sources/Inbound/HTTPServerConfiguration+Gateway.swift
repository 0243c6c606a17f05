import HTTP
import TLS
import Telemetry

extension HTTPServerConfiguration {
    /// A client that ended its side may only have finished sending; after so long it counts as gone.
    private static let patience = Duration.seconds(1)

    /// What clients of the gateway meet before the first request.
    init(
        _ configuration: GatewayConfiguration, _ certificates: TLSServerContext?, _ metrics: GatewayMetrics,
        _ log: Logger
    ) {
        self.init(address: configuration.listen, tls: certificates)
        maximumConnections = configuration.maximumConnections
        limits.maximumBodyBytes = .max
        version2.allowsPriorKnowledge = configuration.allowsPlainHTTP2
        version2.allowsExtendedConnect = true
        abandonAfter = Self.patience
        proxyProtocol = configuration.proxyProtocol
        timeouts.proxyHeader = configuration.proxyHeaderTimeout
        onRefusal = { refusal, peer in
            log.debug(
                "a malformed request was refused", ["reason": .string(refusal.rawValue), "peer": .describing(peer)])
        }
        onProxyRefusal = { refusal, peer in
            metrics.proxyHeadersRefused.increment()
            log.warning(
                "a trusted proxy's header was refused", ["reason": .describing(refusal), "peer": .describing(peer)])
        }
    }
}
