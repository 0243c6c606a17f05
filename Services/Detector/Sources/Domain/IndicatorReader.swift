import Core
import JSON

/// Reads lists of indicators as others publish them. What is not understood is skipped, counted and, the first few times,
/// named; what holds no longer is left out. Bounded in every direction.
struct IndicatorReader {
    enum Format: Int, Sendable {
        case plain = 1
        case csv = 2
        case stix = 3

        init?(fileName: String) {
            switch fileName.split(separator: ".").last {
            case "txt", "list", "netset", "ipset": self = .plain
            case "csv": self = .csv
            case "json", "stix": self = .stix
            default: return nil
            }
        }
    }

    struct Result: Sendable, Equatable {
        var indicators: [Indicator] = []
        var skipped = 0
        var problems: [String] = []
    }

    static let maximumIndicators = 200_000
    static let maximumLength = 16 << 20
    private static let maximumProblems = 8
    private static let longestDescription = 200
    /// Wider ones would accuse half of the world by a slip of the pen: an IPv4 /8, an IPv6 /16.
    private static let widestV4 = 96 + 8
    private static let widestV6 = 16

    private let source: String
    private let now: Timestamp
    private let lifetime: Duration
    private var result = Result()

    static func read(
        _ content: [UInt8], _ format: Format, source: String, at now: Timestamp, lifetime: Duration
    ) -> Result {
        var reader = IndicatorReader(source: source, now: now, lifetime: lifetime)
        guard content.count <= maximumLength else {
            reader.skip("the list is longer than \(maximumLength) bytes")
            return reader.result
        }
        switch format {
        case .plain: reader.readPlain(content)
        case .csv: reader.readCSV(content)
        case .stix: reader.readSTIX(content)
        }
        return reader.result
    }

    private init(source: String, now: Timestamp, lifetime: Duration) {
        (self.source, self.now, self.lifetime) = (source, now, lifetime)
    }

    // MARK: Plain lists

    private mutating func readPlain(_ content: [UInt8]) {
        for (number, line) in Self.lines(content).enumerated() {
            let text = line.prefix { $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: ";") }
            let word = Self.trimmed(text)
            if !word.isEmpty { add(word, "line \(number + 1)") }
        }
    }

    // MARK: Comma-separated values

    private mutating func readCSV(_ content: [UInt8]) {
        let lines = Self.lines(content).filter { !$0.isEmpty && $0.first != UInt8(ascii: "#") }
        guard let head = lines.first else { return }
        let names = Self.fields(head).map { $0.lowercased() }
        let values = ["indicator", "ip", "address", "network", "cidr", "ip_address", "ipaddress"]
        guard let value = names.firstIndex(where: values.contains) else {
            return skip("the first line names no column indicator, ip, address, network or cidr")
        }
        let columns = ["confidence", "valid_until", "description"].map { names.firstIndex(of: $0) }
        for (number, line) in lines.dropFirst().enumerated() {
            let fields = Self.fields(line)
            func field(_ column: Int?) -> String? { column.flatMap { $0 < fields.count ? fields[$0] : nil } }
            guard let text = field(value), !text.isEmpty else {
                skip("row \(number + 1) has too few columns")
                continue
            }
            let until = field(columns[1]).flatMap { $0.isEmpty ? nil : $0 }
            guard let expiry = expiry(until) else {
                skip("row \(number + 1): valid_until is not a date such as 2026-11-21T10:00:00Z")
                continue
            }
            add(
                text, "row \(number + 1)", confidence: field(columns[0]).flatMap { Int($0) }, expiry,
                field(columns[2]) ?? "")
        }
    }

    // MARK: STIX 2.1

    private mutating func readSTIX(_ content: [UInt8]) {
        let limits = JSONLimits(
            maximumLength: Self.maximumLength, maximumDepth: 32, maximumValues: 40 * Self.maximumIndicators)
        let bundle: JSONValue
        do {
            bundle = try JSONValue(parsing: content, limits: limits)
        } catch {
            return skip("\(error)")
        }
        guard bundle["type"]?.stringValue == "bundle", let objects = bundle["objects"]?.arrayValue else {
            return skip("it is no STIX bundle: an object of type bundle with a list of objects")
        }
        for (position, object) in objects.enumerated() where object["type"]?.stringValue == "indicator" {
            readIndicator(object, "object \(position + 1)")
        }
    }

    private mutating func readIndicator(_ object: JSONValue, _ place: String) {
        guard object["revoked"]?.boolValue != true else { return }
        guard object["pattern_type"]?.stringValue ?? "stix" == "stix", let pattern = object["pattern"]?.stringValue
        else {
            return skip("\(place): its pattern is not in the language of STIX")
        }
        guard let values = STIXPattern.addresses(pattern) else {
            return skip("\(place): its pattern is not made of addresses alone, joined by OR")
        }
        guard let expiry = expiry(object["valid_until"]?.stringValue) else {
            return skip("\(place): valid_until is not a date such as 2026-11-21T10:00:00Z")
        }
        let confidence = object["confidence"]?.integerValue.map { Int(clamping: $0) }
        let name = object["name"]?.stringValue ?? object["description"]?.stringValue ?? ""
        for value in values { add(value, place, confidence: confidence, expiry, name) }
    }

    // MARK: One indicator

    private func expiry(_ text: String?) -> Timestamp? {
        guard let text else { return now + lifetime }
        return Timestamp(rfc3339: text)
    }

    private mutating func add(
        _ text: String, _ place: String, confidence: Int? = nil, _ expiry: Timestamp? = nil, _ description: String = ""
    ) {
        guard result.indicators.count < Self.maximumIndicators else {
            return skip("\(place): more than \(Self.maximumIndicators) indicators")
        }
        guard let network = IPNetwork(text) else {
            return skip("\(place) is neither an address nor a network whose host bits are zero")
        }
        guard network.prefixLength >= (network.address.isV4 ? Self.widestV4 : Self.widestV6) else {
            return skip("\(place) is a network wider than we take: an IPv4 /8, an IPv6 /16")
        }
        let expires = expiry ?? (now + lifetime)
        guard expires > now else { return }
        let words = description.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
        result.indicators.append(
            Indicator(
                network: network, source: source, expiresAt: expires, confidence: min(max(confidence ?? 50, 0), 100),
                description: String(String(String.UnicodeScalarView(words)).prefix(Self.longestDescription))))
    }

    private mutating func skip(_ problem: String) {
        result.skipped += 1
        if result.problems.count < Self.maximumProblems { result.problems.append(problem) }
    }

    // MARK: Text

    private static func lines(_ content: [UInt8]) -> [ArraySlice<UInt8>] {
        content.split(separator: 0x0a, omittingEmptySubsequences: false).map { $0.last == 0x0d ? $0.dropLast() : $0 }
    }

    private static func trimmed(_ bytes: some Collection<UInt8>) -> String {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let start = Array(bytes.drop(while: isBlank))
        let end = start.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? 0
        return String(decoding: start[..<end], as: UTF8.self)
    }

    /// RFC 4180: quotes around a field, doubled within it.
    static func fields(_ line: ArraySlice<UInt8>) -> [String] {
        var fields: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var rest = line
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") {
                if isQuoted, rest.first == byte { field.append(rest.removeFirst()) } else { isQuoted.toggle() }
            } else if byte == UInt8(ascii: ","), !isQuoted {
                fields.append(trimmed(field))
                field = []
            } else {
                field.append(byte)
            }
        }
        return fields + [trimmed(field)]
    }
}

/// The part of STIX patterning that names addresses: `[ipv4-addr:value = '1.2.3.4' OR ipv6-addr:value = '::1']`, also
/// several observations joined by OR, and ISSUBSET for networks.
enum STIXPattern {
    private static let maximumLength = 16 << 10

    /// Nil for a pattern that says anything else: half of a condition would accuse those the other half spares.
    static func addresses(_ pattern: String) -> [String]? {
        guard pattern.utf8.count <= maximumLength else { return nil }
        var rest = Substring(pattern)
        var found: [String] = []
        repeat {
            guard let group = observation(&rest) else { return nil }
            found += group
        } while word("OR", &rest)
        skipBlanks(&rest)
        return rest.isEmpty ? found : nil
    }

    private static func observation(_ rest: inout Substring) -> [String]? {
        guard word("[", &rest) else { return nil }
        var found: [String] = []
        repeat {
            guard word("ipv4-addr:value", &rest) || word("ipv6-addr:value", &rest),
                word("=", &rest) || word("ISSUBSET", &rest), let value = quoted(&rest)
            else { return nil }
            found.append(value)
        } while word("OR", &rest)
        return word("]", &rest) ? found : nil
    }

    private static func quoted(_ rest: inout Substring) -> String? {
        guard word("'", &rest), let end = rest.firstIndex(of: "'") else { return nil }
        defer { rest = rest[rest.index(after: end)...] }
        let value = rest[..<end]
        return value.contains("\\") ? nil : String(value)
    }

    private static func word(_ word: String, _ rest: inout Substring) -> Bool {
        skipBlanks(&rest)
        guard rest.hasPrefix(word) else { return false }
        rest = rest.dropFirst(word.count)
        return true
    }

    private static func skipBlanks(_ rest: inout Substring) {
        rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "\n" }
    }
}
