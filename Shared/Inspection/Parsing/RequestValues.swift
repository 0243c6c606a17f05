/// Takes a request apart into the values that rules look at.
enum RequestValues {
    static func collect(_ request: InspectedRequest, _ limits: InspectionLimits, into table: inout ValueTable) {
        table.add(.method, request.method.utf8.span)
        collectTarget(request.target.span, into: &table)
        var contentType: [UInt8] = []
        for header in request.headers {
            let name = header.name.lowercased()
            if name == "content-type" { contentType = header.value }
            collectHeader(name, header.value.span, into: &table)
        }
        guard !request.body.isEmpty else { return }
        if let plain = expanded(request, limits, &table) {
            collectBody(plain.span, contentType.span, limits, into: &table)
        } else {
            collectBody(request.body.span, contentType.span, limits, into: &table)
        }
    }

    /// A compressed body, expanded as far as the limits let; nil if it is not compressed, whatever it says it is.
    private static func expanded(
        _ request: InspectedRequest, _ limits: InspectionLimits, _ table: inout ValueTable
    ) -> [UInt8]? {
        guard let encoding = request.headers.first(where: { $0.name.lowercased() == "content-encoding" })?.value,
            encoding.span.contains("gzip") || encoding.span.contains("deflate")
        else { return nil }
        var plain: [UInt8] = []
        let outcome = Inflate.expand(request.body.span, limit: limits.maximumBytes, into: &plain)
        if outcome == .cut { table.anomalies.insert(.tooManyBytes) }
        return plain.isEmpty ? nil : plain
    }

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

    /// Headers that the HTTP parser has already checked and that reach no application logic.
    private static let structuralHeaders: Set<String> = [
        "host", "content-length", "connection", "transfer-encoding", "accept-encoding", "authorization", "date",
        "if-modified-since", "if-none-match", "upgrade-insecure-requests", "dnt",
    ]

    private static func collectHeader(_ name: String, _ value: Span<UInt8>, into table: inout ValueTable) {
        guard !structuralHeaders.contains(name), !value.isEmpty else { return }
        if name == "cookie" { return URLEncoded.parseCookies(value, into: &table) }
        let variable: Variable =
            switch name {
            case "user-agent": .userAgent
            case "referer": .referer
            // What upload scripts take a file's name from.
            case "x-filename", "x-file-name", "x_filename", "x.filename": .fileName
            default: .header
            }
        let stored = table.store(name)
        let text = table.storeDecoded(value, plusIsSpace: name == "referer")
        table.add(variable, name: stored, text)
    }

    private static func collectBody(
        _ body: Span<UInt8>, _ contentType: Span<UInt8>, _ limits: InspectionLimits, into table: inout ValueTable
    ) {
        switch BodyKind(contentType, body) {
        case .form: URLEncoded.parseForm(body, into: &table)
        case .xml: XMLTexts.parse(body, into: &table)
        case .multipart(let boundary):
            Multipart.parse(body, boundary: contentType.extracting(boundary), into: &table)
        case .json:
            if !JSONValues.parse(body, maximumDepth: limits.maximumJSONDepth, into: &table) {
                table.anomalies.insert(.malformedJSON)
                table.add(.body, body)
            }
        case .text: table.add(.body, body)
        case .binary: table.add(.fileContent, body.extracting(0..<min(body.count, 4 << 10)))
        }
    }
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
            self = .binary
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
