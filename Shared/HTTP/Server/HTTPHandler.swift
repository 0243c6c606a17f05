package import Core
package import Reactor
package import TLS

/// What answers requests. Called on the reactor of the connection, one request of a connection at a time.
///
/// A thrown `Failure` becomes a problem document (RFC 9457) when no response has begun; any other error becomes a 500
/// without its text, and both are reported to the server's owner.
package protocol HTTPHandler: Sendable {
    func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws
}

/// A handler made of a closure.
package struct HTTPHandlerFunction: HTTPHandler {
    private let work: @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void

    package init(_ work: @escaping @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void) {
        self.work = work
    }

    package func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
        try await work(request, response)
    }
}

/// A class, so that every asynchronous function on the way of a request keeps one pointer in its frame instead of
/// twenty words, and counts one reference.
package final class HTTPServerRequest: Sendable {
    package let head: HTTPRequestHead
    /// The other end of the connection: a client, or a proxy before us.
    package let peer: SocketAddress
    package let isSecure: Bool
    /// The certificate the client proved to own, where the server asks for one.
    package let certificate: TLSPeerCertificate?
    package let manner: HTTPConnectionManner
    package let receivedAt: Timestamp
    package let body: HTTPBody

    init(
        head: consuming HTTPRequestHead, peer: SocketAddress, isSecure: Bool, certificate: TLSPeerCertificate?,
        manner: HTTPConnectionManner, receivedAt: Timestamp, body: HTTPBody
    ) {
        self.head = head
        self.peer = peer
        self.isSecure = isSecure
        self.certificate = certificate
        self.manner = manner
        self.receivedAt = receivedAt
        self.body = body
    }
}
