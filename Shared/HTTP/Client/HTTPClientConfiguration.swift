package import TLS

package struct HTTPClientConfiguration: Sendable {
    /// Needed for https endpoints.
    package var tls: TLSClientContext?
    /// Whom certificates have to name, and what SNI asks for; the endpoint's own host when nil.
    package var serverName: String?
    /// Speak HTTP/2 to http endpoints without asking (RFC 9113 §3.3). To https endpoints it is spoken when `tls` offers
    /// `h2` and the peer chooses it.
    package var assumesVersion2 = false
    package var limits = HTTPLimits()
    /// To one endpoint, of all reactors together; each reactor may hold its even share.
    package var maximumConnectionsPerEndpoint = 256
    /// Requests waiting for a connection, per endpoint and reactor. Beyond it `exhausted`.
    package var maximumWaiting = 1_024
    package var connectTimeout = Duration.seconds(5)
    /// How long an unused connection is kept. Shorter than what servers usually allow, so that ours ends first.
    package var idleTimeout = Duration.seconds(15)
    /// Without any progress in sending or in receiving a body.
    package var stallTimeout = Duration.seconds(30)

    package init() {}
}
