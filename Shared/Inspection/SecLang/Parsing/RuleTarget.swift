/// One place a rule looks at: `ARGS`, `REQUEST_HEADERS:Host`, `TX:/^a/`, `&ARGS`, `!ARGS:password`.
struct RuleTarget: Sendable, Equatable {
    enum Selector: Sendable, Equatable {
        case all
        /// One member's name, letter case ignored.
        case name([UInt8])
        case pattern([UInt8])
        /// `XML:/*` and `XML://@*`.
        case xmlText
        case xmlAttributes
    }

    var variable: SecLangVariable
    var selector: Selector
    var isCount = false
    var isExclusion = false

    /// Parses a list separated by `|`. The reason is for a person.
    static func parseList(_ text: [UInt8]) throws(RuleTextProblem) -> [RuleTarget] {
        var targets: [RuleTarget] = []
        for piece in split(text) where !piece.isEmpty { targets.append(try parse(piece)) }
        guard !targets.isEmpty else { throw RuleTextProblem("no variable is named", "name one, such as ARGS") }
        return targets
    }

    /// At each `|` that is not inside a selector's regular expression or quotes.
    private static func split(_ text: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var piece: [UInt8] = []
        var closing: UInt8?
        for (index, byte) in text.enumerated() {
            if let end = closing {
                let next = index + 1 < text.count ? text[index + 1] : UInt8(ascii: "|")
                let isEnd = byte == end && (next == UInt8(ascii: "|") || next == UInt8(ascii: ","))
                if isEnd { closing = nil }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "/"), piece.last == UInt8(ascii: ":"),
                piece.map(\.lowercased) != Array("xml:".utf8)
            {
                closing = byte
            } else if byte == UInt8(ascii: "|") || byte == UInt8(ascii: ",") {
                pieces.append(trim(piece))
                piece = []
                continue
            }
            piece.append(byte)
        }
        return pieces + [trim(piece)]
    }

    private static func trim(_ bytes: [UInt8]) -> [UInt8] {
        Array(bytes.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed())
    }

    static func parse(_ text: [UInt8]) throws(RuleTextProblem) -> RuleTarget {
        var rest = text[...]
        var isCount = false
        var isExclusion = false
        if rest.first == UInt8(ascii: "!") {
            isExclusion = true
            rest = rest.dropFirst()
        }
        if rest.first == UInt8(ascii: "&") {
            isCount = true
            rest = rest.dropFirst()
        }
        let colon = rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
        let name = String(decoding: rest[..<colon], as: UTF8.self).uppercased()
        guard let variable = SecLangVariable.byName[name] else {
            throw RuleTextProblem("the variable \(name) is not supported", "take it out of the rule, or the rule away")
        }
        let selector = try selector(Array(rest[colon...].dropFirst()), of: variable, isMissing: colon == rest.endIndex)
        return RuleTarget(variable: variable, selector: selector, isCount: isCount, isExclusion: isExclusion)
    }

    private static func selector(
        _ text: [UInt8], of variable: SecLangVariable, isMissing: Bool
    ) throws(RuleTextProblem) -> Selector {
        guard !isMissing else { return .all }
        guard variable.isCollection else {
            throw RuleTextProblem(
                "\(variable.name) has no members to select from", "write \(variable.name) without a colon")
        }
        if variable == .xml { return try xmlSelector(text) }
        var inner = text
        if inner.count >= 2, inner.first == UInt8(ascii: "'"), inner.last == UInt8(ascii: "'") {
            inner = Array(inner.dropFirst().dropLast())
        }
        guard !inner.isEmpty else {
            throw RuleTextProblem("\(variable.name): has no name after the colon", "name a member")
        }
        if inner.count >= 2, inner.first == UInt8(ascii: "/"), inner.last == UInt8(ascii: "/") {
            return .pattern(Array(inner.dropFirst().dropLast()))
        }
        return .name(inner.map(\.lowercased))
    }

    private static func xmlSelector(_ text: [UInt8]) throws(RuleTextProblem) -> Selector {
        switch String(decoding: text, as: UTF8.self) {
        case "/*": return .xmlText
        case "//@*": return .xmlAttributes
        case let path:
            throw RuleTextProblem(
                "the XPath \(path) is not supported", "use XML:/* for all text or XML://@* for all attributes")
        }
    }
}

/// What is wrong with one word of a rule, before file and line are known.
struct RuleTextProblem: Error {
    var reason: String
    var fix: String

    init(_ reason: String, _ fix: String) {
        self.reason = reason
        self.fix = fix
    }
}
