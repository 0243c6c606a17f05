/// One header or trailer section, field by field (RFC 9113 §8.2 and §8.3), judged as strictly as HTTP/1.1's heads are:
/// the same limits, the same refusals, and what only this version can get wrong.
///
/// Pure: names and values in, at the end a head or a refusal. The first refusal stays; what follows it is counted, not
/// kept, so a section blown up by compression costs its bytes on the wire and nothing more.
///
/// Deviations from the RFC, all towards refusal: an authority holds no sub-delims; schemes other than http and https are
/// refused; Host beside `:authority` has to be equal.
package struct HTTP2FieldSection: Sendable {
    package enum Kind: Sendable { case request, response, trailers }

    private static let longestMethod = 32
    private static let usualFields = 16
    private static let usualBytes = 960
    /// Beyond so many times the limit the section is an attack, not a mistake.
    private static let floodFactor = 8

    private let kind: Kind
    private let limits: HTTPLimits

    private var bytes: [UInt8] = []
    private var fields: [HTTPHeaders.Field] = []
    private var refusal: HTTPRefusal?
    private var seenBytes = 0
    private var hasRegularField = false
    /// The pseudo-header fields in the order they came, by their second letters: programs have habits.
    private(set) var pseudoOrder: UInt64 = 0

    private var method: HTTPMethod?
    private var scheme = false
    private var path: Range<Int>?
    private var authority: Range<Int>?
    private var connectProtocol: Range<Int>?
    private var status: HTTPStatus?
    private var host: Range<Int>?
    package private(set) var contentLength: Int?
    private var expectsContinue = false
    /// Where the only Cookie field stands, and the crumbs of all (RFC 9113 §8.2.3).
    private var cookieIndex: Int?
    private var cookie: [UInt8] = []

    package init(_ kind: Kind, limits: HTTPLimits) {
        self.kind = kind
        self.limits = limits
    }

    private var maximumBytes: Int { kind == .trailers ? limits.maximumTrailerBytes : limits.maximumHeadBytes }

    /// False once the section is so large that the connection should end.
    package var isBearable: Bool { seenBytes <= maximumBytes * Self.floodFactor }

    // MARK: Field by field

    package mutating func add(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        // As HTTP/1.1 would write the line, so that one limit means the same in both.
        seenBytes += name.count + value.count + 4
        guard refusal == nil else { return }
        do throws(HTTPRefusal) {
            guard seenBytes <= maximumBytes else { throw kind == .trailers ? .trailersTooLong : .headTooLarge }
            if !name.isEmpty, name[0] == HTTPSyntax.colon {
                try addPseudo(name, value)
            } else {
                try addRegular(name, value)
            }
        } catch {
            refusal = error
        }
    }

    private mutating func addPseudo(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(HTTPRefusal) {
        guard kind != .trailers, !hasRegularField else { throw .misplacedPseudoField }
        if name.count > 1 { pseudoOrder = pseudoOrder << 8 | UInt64(name[1]) }
        switch (kind, name.count) {
        case (.request, 5) where HTTPSyntax.equal(name, ":path"):
            guard path == nil else { throw .duplicatePseudoField }
            path = try keepTarget(value)
        case (.request, 7) where HTTPSyntax.equal(name, ":method"):
            guard method == nil else { throw .duplicatePseudoField }
            method = try Self.method(value)
        case (.request, 7) where HTTPSyntax.equal(name, ":scheme"):
            guard !scheme else { throw .duplicatePseudoField }
            guard HTTPSyntax.equalIgnoringCase(value, "https") || HTTPSyntax.equalIgnoringCase(value, "http") else {
                throw .malformedScheme
            }
            scheme = true
        case (.request, 10) where HTTPSyntax.equal(name, ":authority"):
            guard authority == nil else { throw .duplicatePseudoField }
            try HTTPAuthority.check(value)
            authority = keep(value)
        case (.request, 9) where HTTPSyntax.equal(name, ":protocol"):
            guard connectProtocol == nil else { throw .duplicatePseudoField }
            for index in value.indices where !HTTPSyntax.isToken(value[index]) { throw .malformedMethod }
            connectProtocol = keep(value)
        case (.response, 7) where HTTPSyntax.equal(name, ":status"):
            guard status == nil else { throw .duplicatePseudoField }
            guard value.count == 3, let code = HTTPSyntax.decimal(value), (100...599).contains(code) else {
                throw .malformedStatus
            }
            status = HTTPStatus(code)
        default:
            throw .unknownPseudoField
        }
    }

    private static func method(_ value: Span<UInt8>) throws(HTTPRefusal) -> HTTPMethod {
        guard !value.isEmpty, value.count <= longestMethod else { throw .malformedMethod }
        for index in value.indices where !HTTPSyntax.isToken(value[index]) { throw .malformedMethod }
        return HTTPMethod(value)
    }

    private mutating func keepTarget(_ value: Span<UInt8>) throws(HTTPRefusal) -> Range<Int> {
        guard value.count <= limits.maximumStartLineBytes else { throw .startLineTooLong }
        guard !value.isEmpty, value[0] == UInt8(ascii: "/") || (value.count == 1 && value[0] == UInt8(ascii: "*"))
        else { throw .malformedTarget }
        guard HTTPSyntax.endOfTarget(in: value, 0..<value.count) == value.count else { throw .malformedTarget }
        return keep(value)
    }

    private mutating func addRegular(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(HTTPRefusal) {
        hasRegularField = true
        let mark = HTTPNameMark(name)
        // A name that is known and has no capital is as it should be.
        if !mark.isExact || HTTPSyntax.mayHoldCapital(name) { try Self.checkName(name) }
        try Self.checkValue(value)
        guard kind != .trailers else { return }
        if mark.isExact, try interpret(mark, value) { return }
        guard fields.count < limits.maximumFields else { throw .tooManyFields }
        append(name, value, mark)
    }

    private static func checkName(_ name: Span<UInt8>) throws(HTTPRefusal) {
        guard !name.isEmpty else { throw .malformedFieldName }
        for index in name.indices {
            let byte = name[index]
            guard HTTPSyntax.isToken(byte) else { throw .malformedFieldName }
            guard byte &- 0x41 >= 26 else { throw .uppercaseFieldName }
        }
    }

    private static func checkValue(_ value: Span<UInt8>) throws(HTTPRefusal) {
        guard !value.isEmpty else { return }
        guard !HTTPSyntax.isBlank(value[0]), !HTTPSyntax.isBlank(value[value.count - 1]) else {
            throw .paddedFieldValue
        }
        guard HTTPSyntax.isFieldContent(value, 0..<value.count) else { throw .controlByte }
    }

    /// The fields that mean something to the connection. True when nothing is to be kept of this one.
    private mutating func interpret(_ mark: HTTPNameMark, _ value: Span<UInt8>) throws(HTTPRefusal) -> Bool {
        switch mark.known {
        case .te:
            guard HTTPSyntax.equalIgnoringCase(value, "trailers") else { throw .connectionField }
        case .host where kind == .request:
            guard host == nil else { throw .duplicateHost }
            try HTTPAuthority.check(value)
            host = keep(value)
            return true
        case .cookie where kind == .request:
            return addCrumb(value)
        case .expect where kind == .request:
            guard HTTPSyntax.equalIgnoringCase(value, "100-continue") else { throw .unsupportedExpectation }
            expectsContinue = true
        case .upgrade, .connection, .keepAlive, .proxyConnection, .transferEncoding:
            throw .connectionField
        case .contentLength:
            guard contentLength == nil else { throw .duplicateLength }
            guard let length = HTTPSyntax.decimal(value) else { throw .malformedLength }
            contentLength = length
        default:
            break
        }
        return false
    }

    /// RFC 9113 §8.2.3: crumbs become one field again before anybody else sees them.
    private mutating func addCrumb(_ value: Span<UInt8>) -> Bool {
        guard let first = cookieIndex else {
            cookieIndex = fields.count
            return false
        }
        if cookie.isEmpty { cookie = Array(bytes[fields[first].value]) }
        cookie.append(UInt8(ascii: ";"))
        cookie.append(HTTPSyntax.space)
        unsafe value.withUnsafeBufferPointer { unsafe cookie.append(contentsOf: $0) }
        return true
    }

    // MARK: Keeping

    private mutating func keep(_ text: Span<UInt8>) -> Range<Int> {
        if bytes.isEmpty { bytes.reserveCapacity(Self.usualBytes) }
        let start = bytes.count
        unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        return start..<bytes.count
    }

    /// As a line of HTTP/1.1, so that an upstream of that version gets the fields by one copy.
    private mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>, _ mark: HTTPNameMark) {
        if fields.isEmpty { fields.reserveCapacity(Self.usualFields) }
        if bytes.isEmpty { bytes.reserveCapacity(Self.usualBytes) }
        let nameStart = bytes.count
        let valueStart = nameStart + name.count + 2
        bytes.append(addingCapacity: name.count + value.count + 4) { line in
            unsafe line.withUnsafeMutableBufferPointer { line, count in
                unsafe count = Self.write(name, value, to: line)
            }
        }
        fields.append(
            HTTPHeaders.Field(
                name: nameStart..<nameStart + name.count, value: valueStart..<valueStart + value.count, mark))
    }

    private static func write(
        _ name: Span<UInt8>, _ value: Span<UInt8>, to line: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        unsafe name.withUnsafeBufferPointer { name in
            _ = unsafe line.extracting(..<name.count).initialize(fromContentsOf: name)
        }
        var count = name.count
        unsafe line.initializeElement(at: count, to: HTTPSyntax.colon)
        unsafe line.initializeElement(at: count + 1, to: HTTPSyntax.space)
        count += 2
        unsafe value.withUnsafeBufferPointer { value in
            _ = unsafe line.extracting(count..<count + value.count).initialize(fromContentsOf: value)
        }
        count += value.count
        unsafe line.initializeElement(at: count, to: HTTPSyntax.carriageReturn)
        unsafe line.initializeElement(at: count + 1, to: HTTPSyntax.lineFeed)
        return count + 2
    }

    private mutating func append(_ name: StaticString, _ value: Range<Int>) {
        let start = bytes.count
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        let name = start..<bytes.count
        fields.append(HTTPHeaders.Field(name: name, value: value, HTTPNameMark(bytes.span.extracting(name))))
    }

    private mutating func joinCookie() {
        guard let cookieIndex, !cookie.isEmpty else { return }
        let start = bytes.count
        bytes += cookie
        fields[cookieIndex].valueStart = UInt32(start)
        fields[cookieIndex].valueLength = UInt32(cookie.count)
    }

    // MARK: The whole section

    package consuming func finishTrailers() throws(HTTPRefusal) {
        if let refusal { throw refusal }
    }

    /// A head like one of HTTP/1.1: Host is always among the fields, Cookie at most once.
    package consuming func finishRequest(
        endsStream: Bool, allowsExtendedConnect: Bool
    ) throws(HTTPRefusal) -> HTTPRequestHead {
        if let refusal { throw refusal }
        guard let method else { throw .missingPseudoField }
        if method == .connect || connectProtocol != nil {
            guard method == .connect, connectProtocol != nil, allowsExtendedConnect else { throw .connectNotOffered }
        }
        guard let path, scheme else { throw .missingPseudoField }
        guard bytes[path.lowerBound] == UInt8(ascii: "/") || method == .options else { throw .malformedTarget }
        guard let host = authority ?? host else { throw .missingHost }
        if let authority, let other = self.host {
            guard HTTPAuthority.equal(bytes.span.extracting(authority), bytes.span.extracting(other)) else {
                throw .hostMismatch
            }
        }
        let framing = try framing(endsStream: endsStream)
        joinCookie()
        append("host", host)
        if let connectProtocol { append(":protocol", connectProtocol) }
        return HTTPRequestHead(
            method: method, version: .http2, headers: HTTPHeaders(bytes: bytes, fields: fields), framing: framing,
            keepsAlive: true, expectsContinue: expectsContinue && framing != .none, target: path, host: host)
    }

    package consuming func finishResponse(
        endsStream: Bool, answersHead: Bool
    ) throws(HTTPRefusal) -> HTTPResponseHead {
        if let refusal { throw refusal }
        guard let status else { throw .malformedStatus }
        let isEmpty = answersHead || status.forbidsBody || status.isInformational
        return HTTPResponseHead(
            status: status, version: .http2, headers: HTTPHeaders(bytes: bytes, fields: fields),
            framing: isEmpty ? .none : try framing(endsStream: endsStream), keepsAlive: true)
    }

    /// RFC 9113 §8.1.1: an announced length has to come true.
    private func framing(endsStream: Bool) throws(HTTPRefusal) -> HTTPBodyFraming {
        guard let contentLength else { return endsStream ? .none : .chunked }
        if contentLength > limits.maximumBodyBytes { throw .bodyTooLarge }
        if endsStream {
            guard contentLength == 0 else { throw .lengthMismatch }
            return .none
        }
        return .length(contentLength)
    }
}
