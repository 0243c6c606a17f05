internal import Reactor
internal import TLS

/// Who is at the other end of a connection, as far as is known before its first request.
struct HTTPConnectionOrigin: Sendable {
    /// Or whom a trusted proxy named.
    var peer: SocketAddress
    var certificate: TLSPeerCertificate?
    var isSecure = false
    var manner = HTTPConnectionManner()
}

/// What a connection says of the program at its other end by how it was opened, whatever that program calls itself: a
/// hash of its ClientHello, and one of what it announced in HTTP/2. Zero where there is nothing to tell.
package struct HTTPConnectionManner: Sendable, Equatable {
    package var tls: UInt64 = 0
    package var http2: UInt64 = 0
}
