import JSON

/// A JSON value as an operator reads it at a terminal: one thing a line, indented, without punctuation.
enum ReadableText {
    static func of(_ value: JSONValue) -> String {
        var text = ""
        append(value, depth: 0, to: &text)
        return text
    }

    private static func append(_ value: JSONValue, depth: Int, to text: inout String) {
        let indent = String(repeating: "  ", count: depth)
        switch value {
        case .object(let object):
            for (key, member) in object.members {
                text += "\(indent)\(key):"
                appendMember(member, depth: depth, to: &text)
            }
        case .array(let items):
            for item in items {
                text += "\(indent)-"
                appendMember(item, depth: depth, to: &text)
            }
        default: text += "\(indent)\(line(value))\n"
        }
    }

    private static func appendMember(_ value: JSONValue, depth: Int, to text: inout String) {
        switch value {
        case .object(let object) where !object.isEmpty:
            text += "\n"
            append(value, depth: depth + 1, to: &text)
        case .array(let items) where !items.isEmpty:
            text += "\n"
            append(value, depth: depth + 1, to: &text)
        default: text += " \(line(value))\n"
        }
    }

    /// Controls of a terminal that came with a request stay harmless.
    private static func line(_ value: JSONValue) -> String {
        switch value {
        case .string(let text):
            String(
                String.UnicodeScalarView(
                    text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "\u{fffd}" : $0 }))
        case .null: "-"
        case .array: "none"
        default: String(decoding: value.serialized(), as: UTF8.self)
        }
    }
}
