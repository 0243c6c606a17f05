import Core
import Reactor
import Synchronization
import TLS
import Telemetry

/// Keeps the certificates in use the same as their files: all of them are read again on a signal and when one of the files
/// changes. All or nothing: while a certificate and its key do not belong together, as in the moment between the two being
/// written, the old ones stay. Connections that stand keep what they have.
final class CertificatesKeeper: Sendable {
    let context: TLSServerContext
    private let metrics: GatewayMetrics
    private let log: Logger
    private let threads = BlockingThreads(maximum: 1, queueLimit: 16)
    private let follower: Mutex<FileFollower?> = Mutex(nil)

    /// Nil for a gateway without TLS.
    init?(_ configuration: GatewayConfiguration, metrics: GatewayMetrics, log: Logger) throws(TLSFailure) {
        guard !configuration.certificates.isEmpty else { return nil }
        context = try TLSServerContext(
            TLSServerConfiguration(
                certificates: configuration.certificates, minimumVersion: configuration.minimumTLS,
                applicationProtocols: ["h2", "http/1.1"], clientCertificates: configuration.clientCertificates))
        (self.metrics, self.log) = (metrics, log)
        tellExpiry()
    }

    func reload(because origin: String) async {
        // As many readings as may wait do wait: one of them will see this change too.
        try? await threads.run { [self] in readAgain(because: origin) }
    }

    private func readAgain(because origin: String) {
        do throws(TLSFailure) {
            try context.reload()
            metrics.certificatesRefused.set(0)
            tellExpiry()
            log.info("the certificates were read again", ["because": .string(origin)])
        } catch {
            metrics.certificatesRefused.set(1)
            log.error("new certificates are not used", ["because": .string(origin), "error": .error(error)])
        }
    }

    private func tellExpiry() { metrics.certificateExpiry.set(Int(context.expires ?? 0)) }

    /// From now on, until `stop`, a change of a file is noticed.
    func watch(on reactor: Reactor) {
        let following = FileFollower("a certificate", on: reactor, log: log) { [self] in await reload(because: "file") }
        following.follow(context.files)
        follower.withLock { $0 = following }
    }

    func stop() { follower.withLock { $0?.stop() } }
}
