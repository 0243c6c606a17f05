/// Reads request heads (RFC 9112 §3 and §5), strictly: where the RFC lets a server repair a malformed message, this one
/// refuses it, because the server behind may repair it differently.
///
/// Pure and incremental: give it everything from the head's first byte on, again with more when it asked for more. The
/// outcome does not depend on how the bytes were split.
///
/// Deviations from the RFC, all towards refusal: a repeated Content-Length is refused even when equal; a host name holds
/// no sub-delims; CONNECT is not offered; a version other than 1.0 and 1.1 is refused.
package struct HTTPRequestParser: HTTPHeadParser {
    private static let longestMethod = 32

    private struct StartLine {
        var method: HTTPMethod
        var version: HTTPVersion
        var target: Range<Int>
    }

    private let limits: HTTPLimits
    private var block: HTTPFieldBlock
    private var startLine: StartLine?
    /// RFC 9112 §2.2: one empty line before the request line is ignored, for clients that end a body with one.
    private var hasSkippedEmptyLine = false

    /// How many bytes the head took, once there is one.
    package private(set) var consumed = 0

    package init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        block = HTTPFieldBlock(limits: limits)
    }

    /// The head, or nil when more bytes are needed.
    package mutating func parse(_ bytes: Span<UInt8>) throws(HTTPRefusal) -> HTTPRequestHead? {
        if startLine != nil { try readUsualFields(bytes) }
        while let line = try block.nextLine(in: bytes, isFirst: startLine == nil) {
            if let start = startLine {
                guard !line.isEmpty else { return try finish(start, bytes) }
                try block.add(line, of: bytes, isRequest: true)
            } else if line.isEmpty && !hasSkippedEmptyLine {
                hasSkippedEmptyLine = true
            } else {
                startLine = try readStartLine(line, of: bytes)
                try readUsualFields(bytes)
            }
        }
        return nil
    }

    private mutating func readUsualFields(_ bytes: Span<UInt8>) throws(HTTPRefusal) {
        while try block.addUsual(of: bytes, isRequest: true) {}
    }

    // MARK: The request line

    private func readStartLine(_ line: Range<Int>, of bytes: Span<UInt8>) throws(HTTPRefusal) -> StartLine {
        let methodEnd = HTTPSyntax.endOfToken(in: bytes, line)
        guard methodEnd < line.upperBound, bytes[methodEnd] == HTTPSyntax.space else { throw .malformedStartLine }
        guard methodEnd > line.lowerBound, methodEnd - line.lowerBound <= Self.longestMethod else {
            throw .malformedMethod
        }
        let targetEnd = HTTPSyntax.endOfTarget(in: bytes, methodEnd + 1..<line.upperBound)
        guard targetEnd < line.upperBound else { throw .malformedStartLine }
        guard bytes[targetEnd] == HTTPSyntax.space else { throw .malformedTarget }
        guard targetEnd > methodEnd + 1 else { throw .malformedStartLine }
        let version = try Self.version(bytes.extracting(targetEnd + 1..<line.upperBound))
        let method = HTTPMethod(bytes.extracting(line.lowerBound..<methodEnd))
        guard method != .connect else { throw .connectNotOffered }
        return StartLine(method: method, version: version, target: methodEnd + 1..<targetEnd)
    }

    static func version(_ text: Span<UInt8>) throws(HTTPRefusal) -> HTTPVersion {
        if HTTPSyntax.equal(text, "HTTP/1.1") { return .http11 }
        if HTTPSyntax.equal(text, "HTTP/1.0") { return .http10 }
        guard text.count == 8, HTTPSyntax.equal(text.extracting(first: 5), "HTTP/"), HTTPSyntax.isDigit(text[5]),
            text[6] == UInt8(ascii: "."), HTTPSyntax.isDigit(text[7])
        else { throw .malformedStartLine }
        throw .unsupportedVersion
    }

    // MARK: The whole head

    private mutating func finish(_ start: StartLine, _ bytes: Span<UInt8>) throws(HTTPRefusal) -> HTTPRequestHead {
        if start.version == .http11 && block.host == nil { throw .missingHost }
        if let host = block.host { try HTTPAuthority.check(bytes.extracting(host)) }
        let framing = try requestFraming(start.version)
        consumed = block.end
        var raw = HTTPSyntax.array(bytes.extracting(first: consumed))
        let (target, authority) = try originForm(start, bytes, appendingTo: &raw)
        return HTTPRequestHead(
            method: start.method, version: start.version, headers: HTTPHeaders(bytes: raw, fields: block.fields),
            framing: framing, keepsAlive: block.keepsAlive(start.version),
            expectsContinue: block.expectsContinue && start.version == .http11 && framing != .none, target: target,
            host: authority ?? block.host)
    }

    /// RFC 9112 §6.3, with every ambiguity refused.
    private func requestFraming(_ version: HTTPVersion) throws(HTTPRefusal) -> HTTPBodyFraming {
        if block.isChunked {
            if block.contentLength != nil { throw .lengthAndEncoding }
            if version == .http10 { throw .encodingInHTTP10 }
            return .chunked
        }
        guard let length = block.contentLength, length > 0 else { return .none }
        if length > limits.maximumBodyBytes { throw .bodyTooLarge }
        return .length(length)
    }

    /// RFC 9112 §3.2: an absolute target is reduced to its origin form; its authority has to agree with Host.
    private func originForm(
        _ start: StartLine, _ bytes: Span<UInt8>, appendingTo raw: inout [UInt8]
    ) throws(HTTPRefusal) -> (target: Range<Int>, authority: Range<Int>?) {
        let target = start.target
        if bytes[target.lowerBound] == UInt8(ascii: "/") { return (target, nil) }
        if target.count == 1, bytes[target.lowerBound] == UInt8(ascii: "*"), start.method == .options {
            return (target, nil)
        }
        guard let authorityStart = HTTPAuthority.start(inAbsolute: bytes.extracting(target)) else {
            throw .malformedTarget
        }
        var end = target.lowerBound + authorityStart
        let authority: Range<Int>
        while end < target.upperBound, !HTTPAuthority.isTerminator(bytes[end]) { end += 1 }
        authority = target.lowerBound + authorityStart..<end
        try HTTPAuthority.check(bytes.extracting(authority))
        if let host = block.host, !HTTPAuthority.equal(bytes.extracting(host), bytes.extracting(authority)) {
            throw .hostMismatch
        }
        if end < target.upperBound, bytes[end] == UInt8(ascii: "/") { return (end..<target.upperBound, authority) }
        let rebuilt = raw.count
        let isWholeServer = start.method == .options && end == target.upperBound
        raw.append(isWholeServer ? UInt8(ascii: "*") : UInt8(ascii: "/"))
        raw.append(contentsOf: raw[end..<target.upperBound])
        return (rebuilt..<raw.count, authority)
    }
}
