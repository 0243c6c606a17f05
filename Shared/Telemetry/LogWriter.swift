/// Writes text from anywhere into a log line so that it stays one line, stays valid JSON, and cannot move a terminal's
/// cursor: control characters (C0, DEL, C1), line and paragraph separators and bidirectional overrides become `\uXXXX`.
/// That is more than JSON asks for, which is why this is not the JSON writer.
struct LogWriter {
    var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(256) }

    /// Text of our own that needs no escaping.
    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func member(_ name: String, _ value: LogValue) {
        raw(",")
        quoted(name)
        raw(":")
        self.value(value)
    }

    mutating func value(_ value: LogValue) {
        switch value {
        case .string(let text): quoted(text)
        case .int(let number): raw(String(number))
        case .double(let number): number.isFinite ? raw(number.description) : quoted(number.description)
        case .bool(let flag): raw(flag ? "true" : "false")
        case .list(let items): list(items)
        }
    }

    mutating func quoted(_ string: String) {
        raw("\"")
        text(string)
        raw("\"")
    }

    mutating func text(_ string: String) {
        let utf8 = string.utf8
        guard utf8.count > LogFormat.maximumValueBytes else { return escape(string.unicodeScalars) }
        var kept = String.UnicodeScalarView()
        var size = 0
        for scalar in string.unicodeScalars {
            size += UTF8.width(scalar)
            guard size <= LogFormat.maximumValueBytes else { break }
            kept.append(scalar)
        }
        escape(kept)
        raw("… (\(utf8.count) bytes)")
    }

    private mutating func list(_ items: [String]) {
        raw("[")
        for (position, item) in items.prefix(LogFormat.maximumListCount).enumerated() {
            if position > 0 { raw(",") }
            quoted(item)
        }
        if items.count > LogFormat.maximumListCount { raw(",\"… (\(items.count) items)\"") }
        raw("]")
    }

    private mutating func escape(_ scalars: String.UnicodeScalarView) {
        for scalar in scalars {
            switch scalar.value {
            case 0x22: raw("\\\"")
            case 0x5c: raw("\\\\")
            case 0x0a: raw("\\n")
            case 0x0d: raw("\\r")
            case 0x09: raw("\\t")
            case 0x20...0x7e: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            case let code where Self.isDangerous(code): unicodeEscape(code)
            default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    private static func isDangerous(_ code: UInt32) -> Bool {
        switch code {
        case 0...0x1f, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
        default: false
        }
    }

    private mutating func unicodeEscape(_ code: UInt32) {
        let digits = String(code, radix: 16)
        raw("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
}
