package enum HTTPVersion: Sendable, Hashable, CustomStringConvertible {
    case http10, http11, http2

    package var description: String {
        switch self {
        case .http10: "HTTP/1.0"
        case .http11: "HTTP/1.1"
        case .http2: "HTTP/2"
        }
    }
}

/// How the end of a body is known (RFC 9112 §6.3). In HTTP/2 a body of unknown length counts as `chunked`.
package enum HTTPBodyFraming: Sendable, Hashable {
    case none
    case length(Int)
    case chunked
    /// Responses only.
    case untilClose
}

/// What a request says before its body.
package struct HTTPRequestHead: Sendable {
    package let method: HTTPMethod
    package let version: HTTPVersion
    /// Their bytes are the head as it came over the wire, in which the target and the host stand as well.
    package let headers: HTTPHeaders
    package let framing: HTTPBodyFraming
    /// The peer wants this connection to serve further requests.
    package let keepsAlive: Bool
    /// `Expect: 100-continue`: the body comes only after an interim response.
    package let expectsContinue: Bool
    /// The value of Host (or the authority of an absolute target), as sent, without blanks. Nil in HTTP/1.0 only.
    package var host: String? { hostBytes.map { String(decoding: $0, as: UTF8.self) } }
    package var hostBytes: ArraySlice<UInt8>? { hostRange.map { headers.bytes[$0] } }
    /// In origin form (`/path?query`) or `*`, whatever form it came in.
    package var target: String { String(decoding: targetBytes, as: UTF8.self) }
    package var targetBytes: ArraySlice<UInt8> { headers.bytes[targetRange] }

    private let targetRange: Range<Int>
    /// Where the query's `?` stands, or else the target ends.
    private let pathEnd: Int
    private let hostRange: Range<Int>?

    init(
        method: HTTPMethod, version: HTTPVersion, headers: HTTPHeaders, framing: HTTPBodyFraming, keepsAlive: Bool,
        expectsContinue: Bool, target: Range<Int>, host: Range<Int>?
    ) {
        self.method = method
        self.version = version
        self.headers = headers
        self.framing = framing
        self.keepsAlive = keepsAlive
        self.expectsContinue = expectsContinue
        targetRange = target
        pathEnd = HTTPSyntax.first(UInt8(ascii: "?"), in: headers.bytes.span, target) ?? target.upperBound
        hostRange = host
    }

    /// The target up to its query, not percent-decoded.
    package var path: String { String(decoding: pathBytes, as: UTF8.self) }
    package var pathBytes: ArraySlice<UInt8> { headers.bytes[targetRange.lowerBound..<pathEnd] }

    /// What an extended CONNECT (RFC 8441) asks to speak, `websocket` for one; nil in every other request. Stands among
    /// the fields under a name that none of HTTP/1.1 can have.
    package var connectProtocol: String? { method == .connect ? headers[":protocol"] : nil }

    /// What follows the first `?`; nil without one.
    package var query: String? { queryBytes.map { String(decoding: $0, as: UTF8.self) } }
    package var queryBytes: ArraySlice<UInt8>? {
        pathEnd < targetRange.upperBound ? headers.bytes[(pathEnd + 1)..<targetRange.upperBound] : nil
    }
}

/// What a response says before its body.
package struct HTTPResponseHead: Sendable {
    package var status: HTTPStatus
    package var version: HTTPVersion
    package var headers: HTTPHeaders
    package var framing: HTTPBodyFraming
    package var keepsAlive: Bool
}
