package import Reactor
package import TLS

package struct HTTPServerConfiguration: Sendable {
    package var address: SocketAddress
    /// Plain text when nil.
    package var tls: TLSServerContext?
    /// Who has to begin every connection with a PROXY header that names its client; nil: nobody may.
    package var proxyProtocol: TrustedProxies?
    package var limits = HTTPLimits()
    package var timeouts = HTTPServerTimeouts()
    package var version2 = HTTP2ServerSettings()
    /// Of all reactors together. Beyond it a connection is accepted, told 503 and closed.
    package var maximumConnections = 10_000
    /// A handler whose client has ended its side of the connection is cancelled after so long: a client that only
    /// finished sending gets its answer if it comes by then. Nil: handlers run to their end.
    package var abandonAfter: Duration?
    /// Told of every message that was refused before a handler saw it.
    package var onRefusal: (@Sendable (HTTPRefusal, SocketAddress) -> Void)?
    /// Told of every trusted proxy whose header was refused; its connection is closed.
    package var onProxyRefusal: (@Sendable (ProxyHeaderRefusal, SocketAddress) -> Void)?
    /// Told of every error a handler threw that is no `Failure` of the request's own making.
    package var onFailure: (@Sendable (any Error, HTTPRequestHead) -> Void)?

    package init(address: SocketAddress, tls: TLSServerContext? = nil) {
        self.address = address
        self.tls = tls
    }

    /// Whether something has to be read before it is known what is spoken, and with whom.
    var startsWithWaiting: Bool { tls != nil || proxyProtocol != nil || version2.allowsPriorKnowledge }
}

/// What is particular to HTTP/2. Over TLS it is spoken with who agreed to `h2` (see `TLSServerConfiguration`).
package struct HTTP2ServerSettings: Sendable {
    /// Whether a plain connection may begin with HTTP/2's preface (RFC 9113 §3.3). Costs every plain connection a look at
    /// its first bytes.
    package var allowsPriorKnowledge = false
    /// At once, per connection.
    package var maximumConcurrentStreams = 100
    /// How much of a request's body may wait for its handler, and of all bodies of a connection.
    package var streamWindowBytes = 256 << 10
    package var connectionWindowBytes = 1 << 20
    /// RFC 8441: a CONNECT that names a protocol reaches the handler, see `HTTPRequestHead.connectProtocol`; answer it
    /// with `HTTPResponseWriter.upgrade`.
    package var allowsExtendedConnect = false

    package init() {}
}

/// How long a peer may take, so that slow ones hold a connection for a known time only.
package struct HTTPServerTimeouts: Sendable {
    package var handshake = Duration.seconds(10)
    /// For a trusted proxy's PROXY header, which it sends first.
    package var proxyHeader = Duration.seconds(5)
    /// Between two requests of a connection.
    package var idle = Duration.seconds(60)
    /// A connection that waits longer than this gives back its task, and gets another with its next request: what it
    /// holds while it rests is a third of what it holds while it is served.
    package var rest = Duration.milliseconds(250)
    /// From a head's first byte to its last.
    package var head = Duration.seconds(10)
    /// For a body, and one second more for each `minimumBodyRate` bytes received.
    package var body = Duration.seconds(20)
    package var minimumBodyRate = 1_024
    /// Without any progress in sending.
    package var write = Duration.seconds(30)
    /// For the peer to read a last answer and close.
    package var linger = Duration.seconds(2)
    /// When the server stops, for who has just connected to ask.
    package var firstRequest = Duration.seconds(2)

    package init() {}
}
