/// Reads a message's head line by line, the way RFC 9112 §5 writes it, and notes what decides where the message ends.
///
/// Lines are judged as soon as their line feed is there, in order, so the verdict does not depend on how the bytes were
/// split. Positions are relative to the head's first byte, which the caller keeps at the start of the buffer.
struct HTTPFieldBlock {
    private static let usualFields = 16

    enum Connection { case unsaid, close, keepAlive }

    private let limits: HTTPLimits
    /// Where the line being looked for begins, and up to where no line feed was found.
    private var lineStart = 0
    private var searched = 0

    private(set) var fields: [HTTPHeaders.Field] = []
    private(set) var host: Range<Int>?
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    private(set) var connection = Connection.unsaid
    private(set) var expectsContinue = false

    init(limits: HTTPLimits) { self.limits = limits }

    /// The next complete line without its CR LF, nil when more bytes are needed.
    mutating func nextLine(in bytes: Span<UInt8>, isFirst: Bool) throws(HTTPRefusal) -> Range<Int>? {
        let end = HTTPSyntax.lineFeed(in: bytes, from: searched)
        let reached = end.map { $0 + 1 } ?? bytes.count
        if isFirst && reached - lineStart > limits.maximumStartLineBytes { throw .startLineTooLong }
        if reached > limits.maximumHeadBytes { throw .headTooLarge }
        guard let end else {
            searched = bytes.count
            return nil
        }
        guard end > lineStart, bytes[end - 1] == HTTPSyntax.carriageReturn else { throw .bareLineFeed }
        defer {
            lineStart = end + 1
            searched = end + 1
        }
        return lineStart..<end - 1
    }

    /// Where the head ends, once `nextLine` returned an empty line.
    var end: Int { lineStart }

    // MARK: One field

    mutating func add(_ line: Range<Int>, of bytes: Span<UInt8>, isRequest: Bool) throws(HTTPRefusal) {
        guard fields.count < limits.maximumFields else { throw .tooManyFields }
        guard !HTTPSyntax.isBlank(bytes[line.lowerBound]) else { throw .foldedField }
        let colon = HTTPSyntax.endOfToken(in: bytes, line)
        guard colon < line.upperBound else { throw .missingColon }
        guard bytes[colon] == HTTPSyntax.colon else {
            throw HTTPSyntax.isBlank(bytes[colon]) ? .spaceBeforeColon : .malformedFieldName
        }
        guard colon > line.lowerBound else { throw .malformedFieldName }
        if fields.isEmpty { fields.reserveCapacity(Self.usualFields) }
        let value = try Self.trimmedValue(bytes, colon + 1..<line.upperBound)
        fields.append(
            HTTPHeaders.Field(
                nameStart: UInt32(line.lowerBound), nameLength: UInt32(colon - line.lowerBound),
                valueStart: UInt32(value.lowerBound), valueLength: UInt32(value.count)))
        try interpret(
            bytes.extracting(line.lowerBound..<colon), bytes.extracting(value), at: value, isRequest: isRequest)
    }

    private static func trimmedValue(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPRefusal) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, HTTPSyntax.isBlank(bytes[start]) { start += 1 }
        while end > start, HTTPSyntax.isBlank(bytes[end - 1]) { end -= 1 }
        guard HTTPSyntax.isFieldContent(bytes, start..<end) else { throw .controlByte }
        return start..<end
    }

    /// The fields that frame the message. Their names differ in length, so most fields cost one comparison.
    private mutating func interpret(
        _ name: Span<UInt8>, _ value: Span<UInt8>, at range: Range<Int>, isRequest: Bool
    ) throws(HTTPRefusal) {
        switch name.count {
        case 4 where isRequest && HTTPSyntax.equalIgnoringCase(name, "host"):
            guard host == nil else { throw .duplicateHost }
            host = range
        case 6 where isRequest && HTTPSyntax.equalIgnoringCase(name, "expect"):
            guard HTTPSyntax.equalIgnoringCase(value, "100-continue") else { throw .unsupportedExpectation }
            expectsContinue = true
        case 10 where HTTPSyntax.equalIgnoringCase(name, "connection"):
            readConnection(value)
        case 14 where HTTPSyntax.equalIgnoringCase(name, "content-length"):
            guard contentLength == nil else { throw .duplicateLength }
            guard let length = HTTPSyntax.decimal(value) else { throw .malformedLength }
            contentLength = length
        case 17 where HTTPSyntax.equalIgnoringCase(name, "transfer-encoding"):
            try readEncoding(value)
        default:
            break
        }
    }

    /// `close` outweighs `keep-alive`, in whatever order they stand.
    private mutating func readConnection(_ value: Span<UInt8>) {
        if connection == .unsaid, HTTPSyntax.equalIgnoringCase(value, "keep-alive") { return connection = .keepAlive }
        for item in Self.items(of: value) {
            let token = value.extracting(item)
            if HTTPSyntax.equalIgnoringCase(token, "close") {
                connection = .close
            } else if connection == .unsaid, HTTPSyntax.equalIgnoringCase(token, "keep-alive") {
                connection = .keepAlive
            }
        }
    }

    /// Exactly one coding, once, and it is `chunked`: anything else is either an attack or something we cannot undo.
    private mutating func readEncoding(_ value: Span<UInt8>) throws(HTTPRefusal) {
        guard !isChunked else { throw .malformedEncoding }
        let codings = Self.items(of: value)
        guard let last = codings.last, HTTPSyntax.equalIgnoringCase(value.extracting(last), "chunked") else {
            throw codings.count == 1 ? .unsupportedEncoding : .malformedEncoding
        }
        for coding in codings.dropLast() {
            let isRepeated = HTTPSyntax.equalIgnoringCase(value.extracting(coding), "chunked")
            throw isRepeated || coding.isEmpty ? .malformedEncoding : .unsupportedEncoding
        }
        isChunked = true
    }

    /// The parts between commas, without the blanks around them.
    private static func items(of list: Span<UInt8>) -> [Range<Int>] {
        var items: [Range<Int>] = []
        var start = 0
        for index in 0...list.count where index == list.count || list[index] == UInt8(ascii: ",") {
            var low = start
            var high = index
            while low < high, HTTPSyntax.isBlank(list[low]) { low += 1 }
            while high > low, HTTPSyntax.isBlank(list[high - 1]) { high -= 1 }
            items.append(low..<high)
            start = index + 1
        }
        return items
    }

    func keepsAlive(_ version: HTTPVersion) -> Bool {
        version == .http11 ? connection != .close : connection == .keepAlive
    }
}
