internal import PatternMatching

/// Takes a request apart into the values that rules look at.
enum RequestValues {
    static func collect(_ request: InspectedRequest, _ limits: InspectionLimits, into table: inout ValueTable) {
        table.add(.method, request.method.utf8.span)
        collectTarget(request.target.span, into: &table)
        var contentType: [UInt8] = []
        // Of several types one reader takes the first, another one the last.
        var otherContentType: [UInt8] = []
        var contentEncoding: [UInt8] = []
        for header in request.headers {
            let name = header.name.utf8.span
            let kind = HeaderKind.table(name, 0..<name.count)
            if kind == .contentType {
                if otherContentType.isEmpty { otherContentType = contentType }
                contentType = header.value
            }
            if kind == .contentEncoding { contentEncoding += header.value + [UInt8(ascii: ",")] }
            collectHeader(name, kind, header.value.span, into: &table)
        }
        guard !request.body.isEmpty else { return }
        var plain: [UInt8] = []
        let outcome = expand(request.body.span, contentEncoding.span, limits, into: &plain)
        if outcome == .cut { table.anomalies.insert(.tooManyBytes) }
        if !otherContentType.isEmpty {
            collectText((plain.isEmpty ? request.body : plain).span, otherContentType.span, limits, into: &table)
        }
        if !plain.isEmpty {
            collectText(plain.span, contentType.span, limits, into: &table)
            collectPacked(in: plain.span, contentType.span, limits, into: &table)
        }
        // What is not what it says it is may be read as it stands, too.
        if outcome == .malformed { collectText(request.body.span, contentType.span, limits, into: &table) }
    }

    /// A body in a character set of its own is read as it stands, its values then in that set, and once more as a whole.
    private static func collectText(
        _ body: Span<UInt8>, _ contentType: Span<UInt8>, _ limits: InspectionLimits, into table: inout ValueTable
    ) {
        let first = table.values.count
        collectBody(body, contentType, limits, into: &table)
        guard contentType.count > 20, let charset = Charset(ofContentType: contentType) else { return }
        for index in first..<table.values.count { table.addDecoded(table.values[index], charset) }
        var plain: [UInt8] = []
        charset.decode(body, into: &plain)
        collectBody(plain.span, contentType, limits, into: &table)
    }

    /// A compressed body, expanded as far as the limits let; malformed if it is not compressed.
    private static func expand(
        _ body: Span<UInt8>, _ encoding: Span<UInt8>, _ limits: InspectionLimits, into plain: inout [UInt8]
    ) -> Inflate.Outcome {
        if encoding.contains("gzip") || encoding.contains("deflate") {
            let outcome = Inflate.expand(body, limit: limits.maximumBytes, into: &plain)
            if outcome != .malformed || !plain.isEmpty || !encoding.contains("br") { return outcome }
        }
        guard encoding.contains("br") else { return .malformed }
        return Inflate.expandBrotli(body, limit: limits.maximumBytes, into: &plain)
    }

    /// `gzip, gzip`: what is packed once more is judged beside what holds it, which may be no gzip to the application.
    private static func collectPacked(
        in plain: Span<UInt8>, _ contentType: Span<UInt8>, _ limits: InspectionLimits, into table: inout ValueTable
    ) {
        var inner = unsafe plain.withUnsafeBufferPointer { unsafe Array($0) }
        for _ in 1..<maximumEncodings where inner.count > 2 && inner[0] == 0x1f && inner[1] == 0x8b {
            let packed = inner
            inner = []
            _ = Inflate.expand(packed.span, limit: limits.maximumBytes, into: &inner)
            if !inner.isEmpty { collectText(inner.span, contentType, limits, into: &table) }
        }
    }

    private static let maximumEncodings = 3

    private static func collectTarget(_ target: Span<UInt8>, into table: inout ValueTable) {
        table.add(.target, target)
        var question = 0
        while question < target.count, target[question] != UInt8(ascii: "?") { question += 1 }
        let path = table.storeDecoded(target.extracting(0..<question), plusIsSpace: false)
        table.add(.path, path)
        if question + 1 < target.count {
            URLEncoded.parseForm(target.extracting((question + 1)..<target.count), into: &table)
        }
    }

    private static func collectHeader(
        _ name: Span<UInt8>, _ kind: HeaderKind?, _ value: Span<UInt8>, into table: inout ValueTable
    ) {
        guard kind != .structural, !value.isEmpty else { return }
        if kind == .negotiation, NegotiationHeader.isWellFormed(value) { return }
        if kind == .cookie { return URLEncoded.parseCookies(value, into: &table) }
        let isBasic = kind == .credentials && value.hasPrefix("basic ", at: 0)
        if kind == .validator || kind == .credentials && !isBasic, !mayBeRead(value) { return }
        let variable: Variable =
            switch kind {
            case .userAgent: .userAgent
            case .referer: .referer
            case .fileName: .fileName
            default: .header
            }
        let stored = table.store(name)
        let value = isBasic ? value.extracting(6..<value.count) : value
        let text = table.storeDecoded(value, plusIsSpace: kind == .referer)
        table.add(variable, name: stored, text)
    }

    /// What every logger writes down may hold a lookup or markup, whatever else nobody looks at it for.
    private static func mayBeRead(_ value: Span<UInt8>) -> Bool {
        value.place(of: UInt8(ascii: "$"), or: UInt8(ascii: "<")) < value.count
    }

    private static func collectBody(
        _ body: Span<UInt8>, _ contentType: Span<UInt8>, _ limits: InspectionLimits, into table: inout ValueTable
    ) {
        switch BodyKind(contentType, body) {
        case .form: URLEncoded.parseForm(body, into: &table)
        case .xml: XMLTexts.parse(body, into: &table)
        case .multipart(let boundary):
            Multipart.parse(body, boundary: contentType.extracting(boundary), into: &table)
            if Multipart.isAmbiguous(contentType: contentType) {
                table.anomalies.insert(.ambiguousMultipart)
                addWindows(body, into: &table)
            }
        case .json:
            if !JSONValues.parse(body, maximumDepth: limits.maximumJSONDepth, into: &table) {
                table.anomalies.insert(.malformedJSON)
                table.add(.body, body)
            }
        case .text: addWindows(body, into: &table)
        case .binary: table.add(.fileContent, body.extracting(0..<min(body.count, 4 << 10)))
        }
    }
}

extension RequestValues {
    private static let windowLength = 4 << 10
    private static let windowOverlap = 256

    /// A long text is looked at through windows, so that what one sentence gives reason to look for is not looked for in
    /// all the others. They overlap by more than an attack needs to show.
    private static func addWindows(_ text: Span<UInt8>, into table: inout ValueTable) {
        var start = 0
        while true {
            let end = min(text.count, start + windowLength)
            table.add(.body, text.extracting(start..<end))
            guard end < text.count else { return }
            start = end - windowOverlap
        }
    }
}

/// What the engine does with a header.
enum HeaderKind: UInt8, Sendable {
    /// The HTTP parser has checked it already, and it reaches no application logic.
    case structural
    /// Reaches no application logic either, but nobody has checked it, and loggers write it down.
    case validator
    /// Of these a name and a password, which a client makes up freely; the others are signed or drawn by chance.
    case credentials
    case cookie
    case userAgent
    case referer
    /// What upload scripts take a file's name from.
    case fileName
    case contentType
    case contentEncoding
    /// Says what the browser can read and why it asks: of interest only if it is not what the standards let it be.
    case negotiation

    static let table = WordTable<HeaderKind>([
        (
            .structural,
            "host content-length connection transfer-encoding"
        ),
        (.validator, "accept-encoding date if-modified-since if-none-match upgrade-insecure-requests dnt"),
        (.credentials, "authorization proxy-authorization"), (.cookie, "cookie"), (.userAgent, "user-agent"),
        (.referer, "referer"),
        (.fileName, "x-filename x-file-name x_filename x.filename"), (.contentType, "content-type"),
        (.contentEncoding, "content-encoding"),
        (
            .negotiation,
            "accept accept-language accept-charset sec-fetch-mode sec-fetch-dest sec-fetch-site sec-fetch-user sec-ch-ua-mobile sec-gpc cache-control pragma priority te"
        ),
    ])
}

/// How a body is to be read: as its Content-Type says, and when that says nothing, as its first byte suggests.
enum BodyKind: Equatable {
    case form
    case json
    case xml
    case multipart(boundary: Range<Int>)
    case text
    case binary

    init(_ contentType: Span<UInt8>, _ body: Span<UInt8>) {
        if contentType.hasPrefix("multipart/", at: 0), let boundary = Multipart.boundary(ofContentType: contentType) {
            self = .multipart(boundary: boundary)
        } else if contentType.contains("json") {
            self = .json
        } else if contentType.contains("xml") {
            self = .xml
        } else if contentType.hasPrefix("application/x-www-form-urlencoded", at: 0) {
            self = .form
        } else if contentType.isOneOf([
            "image/", "audio/", "video/", "font/", "application/octet-stream", "application/zip",
        ]) {
            // What begins like JSON is read as JSON by those who do not ask for its type.
            let guess = Self.guess(body)
            self = guess == .json ? guess : .binary
        } else {
            self = Self.guess(body)
        }
    }

    private static func guess(_ body: Span<UInt8>) -> BodyKind {
        var index = 0
        while index < body.count, body[index] <= 0x20 { index += 1 }
        guard index < body.count else { return .text }
        switch body[index] {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return .json
        case UInt8(ascii: "<") where body.hasPrefix("<?xml", at: index) || body.hasPrefix("<!", at: index): return .xml
        default: return .text
        }
    }
}

extension Span<UInt8> {
    func contains(_ text: StaticString) -> Bool {
        for index in indices where hasPrefix(text, at: index) { return true }
        return false
    }

    func isOneOf(_ prefixes: [StaticString]) -> Bool { prefixes.contains { hasPrefix($0, at: 0) } }
}
