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

    /// Takes the next line when it is a field like nearly all are: one look finds its end and that it holds no control
    /// byte. False when it is not, or not as a whole there yet: then `nextLine` and `add` say what is to become of it.
    mutating func addUsual(of bytes: Span<UInt8>, isRequest: Bool) throws(HTTPRefusal) -> Bool {
        let end = HTTPSyntax.endOfFieldContent(in: bytes, from: lineStart)
        guard end + 1 < bytes.count, bytes[end] == HTTPSyntax.carriageReturn, bytes[end + 1] == HTTPSyntax.lineFeed,
            end + 2 <= limits.maximumHeadBytes, fields.count < limits.maximumFields,
            let colon = HTTPSyntax.first(HTTPSyntax.colon, in: bytes, lineStart..<end), colon > lineStart
        else { return false }
        let name = lineStart..<colon
        let mark = HTTPNameMark(bytes.extracting(name))
        // Names that are known are tokens.
        guard !mark.isUnknown || HTTPSyntax.endOfToken(in: bytes, name) == colon else { return false }
        let value = Self.trimmed(bytes, colon + 1..<end)
        lineStart = end + 2
        searched = end + 2
        keep(name, value, mark)
        try interpret(mark, bytes.extracting(value), at: value, isRequest: isRequest)
        return true
    }

    private mutating func keep(_ name: Range<Int>, _ value: Range<Int>, _ mark: HTTPNameMark) {
        if fields.isEmpty { fields.reserveCapacity(Self.usualFields) }
        fields.append(HTTPHeaders.Field(name: name, value: value, mark))
    }

    mutating func add(_ line: Range<Int>, of bytes: Span<UInt8>, isRequest: Bool) throws(HTTPRefusal) {
        guard fields.count < limits.maximumFields else { throw .tooManyFields }
        guard !HTTPSyntax.isBlank(bytes[line.lowerBound]) else { throw .foldedField }
        let colon = HTTPSyntax.endOfToken(in: bytes, line)
        guard colon < line.upperBound else { throw .missingColon }
        guard bytes[colon] == HTTPSyntax.colon else {
            throw HTTPSyntax.isBlank(bytes[colon]) ? .spaceBeforeColon : .malformedFieldName
        }
        guard colon > line.lowerBound else { throw .malformedFieldName }
        let value = Self.trimmed(bytes, colon + 1..<line.upperBound)
        guard HTTPSyntax.isFieldContent(bytes, value) else { throw .controlByte }
        let name = line.lowerBound..<colon
        let mark = HTTPNameMark(bytes.extracting(name))
        keep(name, value, mark)
        try interpret(mark, bytes.extracting(value), at: value, isRequest: isRequest)
    }

    private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, HTTPSyntax.isBlank(bytes[start]) { start += 1 }
        while end > start, HTTPSyntax.isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    /// The fields that frame the message.
    private mutating func interpret(
        _ mark: HTTPNameMark, _ value: Span<UInt8>, at range: Range<Int>, isRequest: Bool
    ) throws(HTTPRefusal) {
        guard mark.isExact else { return }
        switch mark.known {
        case .host where isRequest:
            guard host == nil else { throw .duplicateHost }
            host = range
        case .expect where isRequest:
            guard HTTPSyntax.equalIgnoringCase(value, "100-continue") else { throw .unsupportedExpectation }
            expectsContinue = true
        case .connection:
            readConnection(value)
        case .contentLength:
            guard contentLength == nil else { throw .duplicateLength }
            guard let length = HTTPSyntax.decimal(value) else { throw .malformedLength }
            contentLength = length
        case .transferEncoding:
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
