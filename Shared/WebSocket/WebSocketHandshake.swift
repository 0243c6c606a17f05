internal import Core
internal import Cryptography
package import HTTP

/// The opening handshake (RFC 6455 §4), both sides of it.
package enum WebSocketHandshake {
    /// §1.3
    private static let identifier = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    private static let deflate = "permessage-deflate"
    private static let upgrade = HTTPFieldName("Upgrade")

    /// What a client asked for, valid.
    package struct Request: Sendable, Equatable {
        /// Nil over HTTP/2, whose framing proves what the key was made to prove (RFC 8441 §5).
        package let key: String?
        /// As offered, in order.
        package let protocols: [String]
        /// The client offers compression on terms that we accept: no window outlives a message (RFC 7692 §7.1.1).
        package let offersCompression: Bool
    }

    /// Whether the request wants to become a WebSocket at all, rightly or not.
    package static func isWanted(_ head: HTTPRequestHead) -> Bool {
        if head.method == .connect { return head.connectProtocol == "websocket" }
        guard head.headers.contains(upgrade) else { return false }
        return head.headers.hasToken("websocket", in: "upgrade") && head.headers.hasToken("upgrade", in: "connection")
    }

    /// - Throws: what the client did wrong; it is answered with a problem that says so.
    package static func read(_ head: HTTPRequestHead) throws(WebSocketRefusal) -> Request {
        let headers = head.headers
        guard headers.values(of: "sec-websocket-version") == ["13"] else { throw .version }
        return Request(
            key: try key(head), protocols: list(headers, "sec-websocket-protocol"),
            offersCompression: list(headers, "sec-websocket-extensions").contains(where: isAcceptable))
    }

    private static func key(_ head: HTTPRequestHead) throws(WebSocketRefusal) -> String? {
        if head.method == .connect { return nil }
        guard head.method == .get, head.version == .http11 else { throw .notAGet }
        let keys = head.headers.values(of: "sec-websocket-key")
        guard keys.count == 1, Base64.decode(keys[0])?.count == 16 else { throw .key }
        return keys[0]
    }

    /// The fields of our 101, beside `Connection` and `Upgrade`.
    package static func answer(_ request: Request, protocolName: String?, compresses: Bool) -> HTTPHeaders {
        var headers = HTTPHeaders()
        if let key = request.key { headers.add("Sec-WebSocket-Accept", accept(key)) }
        if let protocolName { headers.add("Sec-WebSocket-Protocol", protocolName) }
        if compresses {
            headers.add(
                "Sec-WebSocket-Extensions", "\(deflate); server_no_context_takeover; client_no_context_takeover")
        }
        return headers
    }

    /// What a client sends beside `Connection` and `Upgrade`, and the key to check the answer with.
    package static func ask(protocols: [String]) -> (headers: HTTPHeaders, key: String) {
        let key = Base64.encode((0..<16).map { _ in UInt8.random(in: .min ... .max) })
        var headers = HTTPHeaders()
        headers.add("Sec-WebSocket-Version", "13")
        headers.add("Sec-WebSocket-Key", key)
        if !protocols.isEmpty { headers.add("Sec-WebSocket-Protocol", protocols.joined(separator: ", ")) }
        return (headers, key)
    }

    /// §4.1: the server proves that it read our key, and chooses only among what we offered.
    /// - Returns: the protocol it chose.
    package static func check(
        _ head: HTTPResponseHead, key: String, protocols: [String]
    ) throws(WebSocketRefusal) -> String? {
        guard head.status == .switchingProtocols, head.headers.hasToken("websocket", in: "upgrade"),
            head.headers.values(of: "sec-websocket-accept") == [accept(key)],
            !head.headers.contains("sec-websocket-extensions")
        else { throw .notAccepted }
        let chosen = head.headers.values(of: "sec-websocket-protocol")
        guard chosen.count <= 1, chosen.allSatisfy(protocols.contains) else { throw .notAccepted }
        return chosen.first
    }

    private static func accept(_ key: String) -> String { Base64.encode(SHA1.hash(Array((key + identifier).utf8))) }

    /// Parameters that limit our own window, or the client's, are met by windows that end with each message only when the
    /// client lets us say so; a demand for a smaller window of ours is not.
    private static func isAcceptable(_ offer: String) -> Bool {
        let parts = offer.split(separator: ";").map { trimmed($0).lowercased() }
        return parts.first == deflate
            && parts.dropFirst().allSatisfy { part in
                part == "server_no_context_takeover" || part == "client_no_context_takeover"
                    || part.hasPrefix("client_max_window_bits")
            }
    }

    private static func list(_ headers: HTTPHeaders, _ name: String) -> [String] {
        headers.values(of: name).flatMap { $0.split(separator: ",") }.prefix(32).map(trimmed).filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}

/// Why a handshake failed.
package enum WebSocketRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    case notAGet
    case version
    case key
    /// By a server that does not speak WebSocket, or not for this.
    case notAccepted

    package var description: String {
        switch self {
        case .notAGet: "A WebSocket begins with a GET of HTTP/1.1."
        case .version: "Only version 13 of the WebSocket protocol is spoken here (Sec-WebSocket-Version)."
        case .key: "Sec-WebSocket-Key has to be 16 random bytes in base64."
        case .notAccepted: "The service behind this gateway did not accept the WebSocket."
        }
    }
}
