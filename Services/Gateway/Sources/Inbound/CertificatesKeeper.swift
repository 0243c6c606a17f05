import Core
import Reactor
import ServiceKit
import TLS
import Telemetry

/// Keeps the certificates in use the same as their files: all of them are read again on a signal and when one of the files
/// changes. All or nothing: while a certificate and its key do not belong together, as in the moment between the two being
/// written, the old ones stay. Connections that stand keep what they have.
final class CertificatesKeeper: FollowsFiles {
    let context: TLSServerContext
    let files: FileKeeper<Void>

    /// Nil for a gateway without TLS.
    init?(_ configuration: GatewayConfiguration, metrics: GatewayMetrics, log: Logger) throws(TLSFailure) {
        guard !configuration.certificates.isEmpty else { return nil }
        let context = try TLSServerContext(
            TLSServerConfiguration(
                certificates: configuration.certificates, minimumVersion: configuration.minimumTLS,
                applicationProtocols: ["h2", "http/1.1"], clientCertificates: configuration.clientCertificates))
        self.context = context
        metrics.certificateExpiry.set(Int(context.expires ?? 0))
        files = FileKeeper(
            "certificates", (), files: { context.files }, log: log,
            concluded: { metrics.certificatesRefused.set($0 == .refused ? 1 : 0) },
            read: { _, _ in
                try context.reload()
                metrics.certificateExpiry.set(Int(context.expires ?? 0))
                return [:]
            })
    }
}
