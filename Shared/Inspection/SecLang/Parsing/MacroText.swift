/// A text with `%{VARIABLE.member}` in it, which stands for a value of the moment.
struct MacroText: Sendable, Equatable {
    enum Part: Sendable, Equatable {
        case literal([UInt8])
        case value(RuleTarget)
    }

    var parts: [Part]

    /// The text itself if nothing in it is to be replaced.
    var literal: [UInt8]? {
        switch parts.count {
        case 0: return []
        case 1:
            guard case .literal(let text) = parts[0] else { return nil }
            return text
        default: return nil
        }
    }

    static func parse(_ text: [UInt8]) throws(RuleTextProblem) -> MacroText {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "%"), index + 1 < text.count, text[index + 1] == UInt8(ascii: "{"),
                let end = text[index...].firstIndex(of: UInt8(ascii: "}"))
            else {
                literal.append(text[index])
                index += 1
                continue
            }
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = []
            parts.append(.value(try target(Array(text[(index + 2)..<end]))))
            index = end + 1
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        return MacroText(parts: parts)
    }

    /// `TX.name`, or with a colon as targets have it.
    private static func target(_ text: [UInt8]) throws(RuleTextProblem) -> RuleTarget {
        var text = text
        if let dot = text.firstIndex(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }) {
            text[dot] = UInt8(ascii: ":")
        }
        return try RuleTarget.parse(text)
    }
}
