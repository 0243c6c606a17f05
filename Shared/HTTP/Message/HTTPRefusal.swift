/// Why a message was not understood, each case one rule of RFC 9112, RFC 9113 or RFC 9110.
package enum HTTPRefusal: String, Error, Sendable, CaseIterable {
    // RFC 9112 §2.2
    case bareLineFeed = "bare-line-feed"
    case controlByte = "control-byte"
    // RFC 9112 §3 and §4
    case malformedStartLine = "malformed-start-line"
    case malformedMethod = "malformed-method"
    case malformedTarget = "malformed-target"
    case startLineTooLong = "start-line-too-long"
    case unsupportedVersion = "unsupported-version"
    case connectNotOffered = "connect-not-offered"
    case malformedStatus = "malformed-status"
    // RFC 9112 §3.2
    case missingHost = "missing-host"
    case duplicateHost = "duplicate-host"
    case malformedHost = "malformed-host"
    case hostMismatch = "host-mismatch"
    // RFC 9112 §5
    case malformedFieldName = "malformed-field-name"
    case spaceBeforeColon = "space-before-colon"
    case foldedField = "folded-field"
    case missingColon = "missing-colon"
    case headTooLarge = "head-too-large"
    case tooManyFields = "too-many-fields"
    // RFC 9112 §6
    case lengthAndEncoding = "length-and-encoding"
    case malformedLength = "malformed-length"
    case duplicateLength = "duplicate-length"
    case malformedEncoding = "malformed-encoding"
    case unsupportedEncoding = "unsupported-encoding"
    case encodingInHTTP10 = "encoding-in-http-1.0"
    case bodyTooLarge = "body-too-large"
    // RFC 9112 §7.1
    case malformedChunkSize = "malformed-chunk-size"
    case chunkTooLarge = "chunk-too-large"
    case malformedChunk = "malformed-chunk"
    case chunkExtensionsTooLong = "chunk-extensions-too-long"
    case malformedTrailer = "malformed-trailer"
    case trailersTooLong = "trailers-too-long"
    // RFC 9110 §10.1.1
    case unsupportedExpectation = "unsupported-expectation"
    // RFC 9113 §8.1.1
    case lengthMismatch = "length-mismatch"
    // RFC 9113 §8.2
    case uppercaseFieldName = "uppercase-field-name"
    case paddedFieldValue = "padded-field-value"
    case connectionField = "connection-field"
    // RFC 9113 §8.3
    case misplacedPseudoField = "misplaced-pseudo-field"
    case unknownPseudoField = "unknown-pseudo-field"
    case duplicatePseudoField = "duplicate-pseudo-field"
    case missingPseudoField = "missing-pseudo-field"
    case malformedScheme = "malformed-scheme"

    /// What a server answers.
    package var status: HTTPStatus {
        switch self {
        case .startLineTooLong: .targetTooLong
        case .unsupportedVersion: .versionNotSupported
        case .connectNotOffered, .unsupportedEncoding: .notImplemented
        case .headTooLarge, .tooManyFields: .fieldsTooLarge
        case .bodyTooLarge, .chunkTooLarge, .chunkExtensionsTooLong, .trailersTooLong: .contentTooLarge
        case .unsupportedExpectation: .expectationFailed
        default: .badRequest
        }
    }

    /// For the person who sent it: what is wrong and what would be right.
    package var explanation: String {
        switch self {
        case .bareLineFeed: "A line ends with LF alone; HTTP lines end with CR LF (RFC 9112 §2.2)."
        case .controlByte: "A control byte stands in the head; only visible text, blanks and tabs may (RFC 9110 §5.5)."
        case .malformedStartLine: "The first line is not \"METHOD target HTTP/1.1\" with single blanks (RFC 9112 §3)."
        case .malformedMethod: "The method is no token of at most 32 characters (RFC 9110 §9.1)."
        case .malformedTarget:
            "The request target is neither a path nor an http address, or holds bytes to be percent-encoded (RFC 9112 §3.2)."
        case .startLineTooLong: "The first line is longer than this server accepts; shorten the path or the query."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .connectNotOffered: "CONNECT is for forward proxies, and this is none."
        case .malformedStatus: "The status line is not \"HTTP/1.1 code reason\" (RFC 9112 §4)."
        case .missingHost: "A request names its host, in Host or in :authority (RFC 9112 §3.2, RFC 9113 §8.3.1)."
        case .duplicateHost: "Host is given more than once (RFC 9112 §3.2)."
        case .malformedHost: "Host is not a name or address with an optional port (RFC 9112 §3.2)."
        case .hostMismatch: "The request's authority and its Host field name different hosts (RFC 9112 §3.2.2)."
        case .malformedFieldName: "A field's name is empty or holds a byte that no token may (RFC 9110 §5.1)."
        case .spaceBeforeColon: "White space stands between a field's name and its colon (RFC 9112 §5.1)."
        case .foldedField: "A field is continued on a second line, which is obsolete and refused (RFC 9112 §5.2)."
        case .missingColon: "A field line has no colon (RFC 9112 §5)."
        case .headTooLarge: "The header fields are larger than this server accepts; send fewer or smaller cookies."
        case .tooManyFields: "There are more header fields than this server accepts."
        case .lengthAndEncoding: "Content-Length and Transfer-Encoding must not be sent together (RFC 9112 §6.1)."
        case .malformedLength: "Content-Length is not a plain decimal number (RFC 9110 §8.6)."
        case .duplicateLength: "Content-Length is given more than once (RFC 9112 §6.3)."
        case .malformedEncoding: "Transfer-Encoding has to be a single, final \"chunked\" (RFC 9112 §6.1)."
        case .unsupportedEncoding: "No transfer coding but \"chunked\" is understood here (RFC 9112 §6.1)."
        case .encodingInHTTP10: "HTTP/1.0 knows no Transfer-Encoding (RFC 9112 §6.1)."
        case .bodyTooLarge: "The body is larger than this server accepts."
        case .malformedChunkSize: "A chunk's size is not plain hexadecimal (RFC 9112 §7.1)."
        case .chunkTooLarge: "A chunk's size is beyond any real body."
        case .malformedChunk: "A chunk does not end where its size says (RFC 9112 §7.1)."
        case .chunkExtensionsTooLong: "The chunk extensions are longer than this server accepts (RFC 9112 §7.1.1)."
        case .malformedTrailer: "A trailer line is no field line (RFC 9112 §7.1.2)."
        case .trailersTooLong: "The trailers are longer than this server accepts (RFC 9112 §7.1.2)."
        case .unsupportedExpectation: "The only expectation met here is \"100-continue\" (RFC 9110 §10.1.1)."
        case .lengthMismatch: "The body is not as long as Content-Length says (RFC 9113 §8.1.1)."
        case .uppercaseFieldName: "A field's name holds a capital letter; HTTP/2 wants small ones (RFC 9113 §8.2.1)."
        case .paddedFieldValue: "A field's value begins or ends with a blank (RFC 9113 §8.2.1)."
        case .connectionField:
            "A field speaks of the connection (Connection, Transfer-Encoding, Upgrade …), which HTTP/2 forbids (RFC 9113 §8.2.2)."
        case .misplacedPseudoField: "A pseudo-field stands after a regular field or in trailers (RFC 9113 §8.3)."
        case .unknownPseudoField: "A pseudo-field is none of :method, :scheme, :authority and :path (RFC 9113 §8.3)."
        case .duplicatePseudoField: "A pseudo-field is given more than once (RFC 9113 §8.3.1)."
        case .missingPseudoField: "One of :method, :scheme and :path is missing (RFC 9113 §8.3.1)."
        case .malformedScheme: "The scheme is neither http nor https (RFC 9113 §8.3.1)."
        }
    }
}
