/// Reads response heads (RFC 9112 §4 and §5) as strictly as requests are read: an upstream whose framing is ambiguous
/// would poison the connection for the next client.
///
/// Pure and incremental like `HTTPRequestParser`. It needs to know the request's method, because a response to HEAD ends
/// with its head.
package struct HTTPResponseParser: HTTPHeadParser {
    private let limits: HTTPLimits
    private let answersHead: Bool
    private var block: HTTPFieldBlock
    private var statusLine: (version: HTTPVersion, status: HTTPStatus)?

    /// How many bytes the head took, once there is one.
    package private(set) var consumed = 0

    package init(answering method: HTTPMethod, limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        answersHead = method == .head
        block = HTTPFieldBlock(limits: limits)
    }

    /// The head, or nil when more bytes are needed. An interim (1xx) head is returned like any other.
    package mutating func parse(_ bytes: Span<UInt8>) throws(HTTPRefusal) -> HTTPResponseHead? {
        while let line = try block.nextLine(in: bytes, isFirst: statusLine == nil) {
            guard let (version, status) = statusLine else {
                statusLine = try Self.readStatusLine(bytes.extracting(line))
                while try block.addUsual(of: bytes, isRequest: false) {}
                continue
            }
            guard line.isEmpty else {
                try block.add(line, of: bytes, isRequest: false)
                continue
            }
            let framing = try responseFraming(version, status)
            consumed = block.end
            let raw = HTTPSyntax.array(bytes.extracting(first: consumed))
            return HTTPResponseHead(
                status: status, version: version, headers: HTTPHeaders(bytes: raw, fields: block.fields),
                framing: framing, keepsAlive: block.keepsAlive(version) && framing != .untilClose)
        }
        return nil
    }

    /// `HTTP/1.1 200 OK`; the reason may be missing together with its blank, as many servers leave it out.
    private static func readStatusLine(
        _ line: Span<UInt8>
    ) throws(HTTPRefusal) -> (version: HTTPVersion, status: HTTPStatus) {
        guard line.count >= 12, line[8] == HTTPSyntax.space, line.count == 12 || line[12] == HTTPSyntax.space else {
            throw .malformedStatus
        }
        let version = try HTTPRequestParser.version(line.extracting(first: 8))
        guard let code = HTTPSyntax.decimal(line.extracting(9..<12)), (100...599).contains(code) else {
            throw .malformedStatus
        }
        for index in 12..<line.count where !HTTPSyntax.isFieldContent(line[index]) { throw .controlByte }
        return (version, HTTPStatus(code))
    }

    private func responseFraming(_ version: HTTPVersion, _ status: HTTPStatus) throws(HTTPRefusal) -> HTTPBodyFraming {
        if block.isChunked && block.contentLength != nil { throw .lengthAndEncoding }
        if block.isChunked && version == .http10 { throw .encodingInHTTP10 }
        if answersHead || status.forbidsBody { return .none }
        if block.isChunked { return .chunked }
        guard let length = block.contentLength else { return .untilClose }
        if length > limits.maximumBodyBytes { throw .bodyTooLarge }
        return length == 0 ? .none : .length(length)
    }
}
