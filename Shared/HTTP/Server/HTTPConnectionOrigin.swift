internal import Reactor
internal import TLS

/// Who is at the other end of a connection, as far as is known before its first request.
struct HTTPConnectionOrigin: Sendable {
    /// Or whom a trusted proxy named.
    var peer: SocketAddress
    var certificate: TLSPeerCertificate?
    var isSecure = false
}
