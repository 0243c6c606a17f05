internal import Core
package import Messaging
package import TLS

/// `bus.*`: how the service reaches the broker.
package struct BusKeys: Sendable {
    private let plain: BusConfiguration
    private let tls: TLSClientConfiguration?

    /// The files that TLS names are read here, so that a missing one is told like any other trouble of a start.
    package func configuration() throws(TLSFailure) -> BusConfiguration {
        var configuration = plain
        if let tls { configuration.tls = try TLSClientContext(tls) }
        return configuration
    }

    init(from reader: ConfigurationReader, service: ServiceName) {
        let isSecure = reader.boolean("tls", default: false, about: "TLS with a certificate that is checked.")
        let caFile = reader.optionalString(
            "ca_file", about: "Certificates that may sign the broker's, as PEM; the system's when not set.")
        plain = BusConfiguration(
            host: reader.string("host", default: "127.0.0.1"),
            port: UInt16(reader.integer("port", default: 5_672, in: 1...65_535)),
            user: reader.string("user", default: service.operatorName, atMost: 255),
            password: reader.string("password", default: "", secret: true),
            virtualHost: reader.string("virtual_host", default: "infinite", atMost: 255),
            replica: reader.optionalString(
                "replica", atMost: 64, about: "Tells one replica from another; random when not set."),
            heartbeat: reader.duration(
                "heartbeat", default: .seconds(10), in: .seconds(1) ... .seconds(600),
                about: "A broker that is silent for twice as long is gone."),
            connectTimeout: reader.duration(
                "connect_timeout", default: .seconds(10), in: .milliseconds(100) ... .seconds(60)),
            maximumMessage: reader.byteCount(
                "maximum_message", default: .mebibytes(16), in: .kibibytes(64) ... .mebibytes(128),
                about: "A larger message becomes a dead letter unread."),
            maximumUnconfirmedMessages: reader.integer(
                "maximum_unconfirmed_messages", default: 4_096, in: 1...1_000_000,
                about: "Published and not yet confirmed; beyond it publishers wait."),
            maximumUnconfirmed: reader.byteCount(
                "maximum_unconfirmed", default: .mebibytes(32), in: .mebibytes(1) ... .mebibytes(1_024)),
            maximumCalls: reader.integer(
                "maximum_calls", default: 8_192, in: 1...1_000_000,
                about: "Calls that may wait for replies; the next fails at once."))
        var configuration = TLSClientConfiguration()
        configuration.caFile = caFile
        tls = isSecure ? configuration : nil
    }
}
