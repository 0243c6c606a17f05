/// Whether a value, made part of a template, would make the template engine compute something: `{{7*7}}`, `${…}`,
/// `<%= … %>`, `#{…}`, `{% … %}` and their kin.
///
/// Editors, mail builders and translators send templates all day: braces decide nothing. What an attack cannot do without
/// is what stands in them: an expression of constants alone (it shows that something computes), a member of a constant,
/// a way from a value to its class and on to the run time, or an object that only the engine's inside has.
package enum TemplateGrammar {
    private static let maximumOpenings = 24
    private static let maximumExpression = 320

    package static func judge(_ text: Span<UInt8>) -> GrammarVerdict? {
        var verdict: GrammarVerdict?
        var openings = 0
        var index = 0
        while index + 2 < text.count, openings < maximumOpenings, verdict?.confidence != .certain {
            guard let opening = TemplateOpening(text, at: index) else {
                index += 1
                continue
            }
            openings += 1
            let end = end(of: text, from: opening.body, closing: opening.closing)
            if let confidence = judge(text, opening.body..<end, opening) {
                verdict = GrammarVerdict.stronger(verdict, GrammarVerdict(confidence, index..<end))
            }
            index = opening.body
        }
        return verdict
    }

    private static func end(of text: Span<UInt8>, from start: Int, closing: UInt8) -> Int {
        let limit = min(text.count, start + maximumExpression)
        var depth = 0
        var index = start
        while index < limit {
            let byte = text[index]
            if byte == closing, depth == 0 { return index }
            if closing == UInt8(ascii: ")"), byte == UInt8(ascii: "(") { depth += 1 }
            if byte == closing { depth -= 1 }
            index += 1
        }
        return limit
    }

    private static func judge(_ text: Span<UInt8>, _ body: Range<Int>, _ opening: TemplateOpening) -> Confidence? {
        let expression = TemplateExpression(text, body, runsCommands: opening.kind != .loose)
        if expression.isDangerous { return .certain }
        switch opening.kind {
        case .expression: return expression.isComputedConstant || expression.reachesFromConstant ? .certain : nil
        // `@(` and `[[` stand in addresses and wikis.
        case .loose: return expression.isComputedConstant ? .certain : nil
        case .statement: return isTelling(text, body) ? .certain : nil
        case .code: return .certain
        }
    }
}

extension TemplateGrammar {
    /// `{% import os %}`, `{% debug %}`: statements that reach for the system, or show everything there is.
    private static func isTelling(_ text: Span<UInt8>, _ body: Range<Int>) -> Bool {
        var start = body.lowerBound
        while start < body.upperBound, text[start] <= 0x20 || text[start] == UInt8(ascii: "-") { start += 1 }
        if text.hasPrefix("debug", at: start) {
            return ((start + 5)..<max(start + 5, body.upperBound)).allSatisfy { text[$0] <= 0x20 || text[$0] == 0x25 }
        }
        guard text.hasPrefix("import ", at: start) else { return false }
        return text.isOne(of: ["os", "sys", "subprocess", "importlib", "pty", "socket"], at: start + 7)
    }
}

/// What begins a template's expression.
struct TemplateOpening {
    enum Kind {
        case expression
        case loose
        case statement
        /// Nothing but code follows.
        case code
    }

    var kind: Kind
    /// Where what stands inside begins.
    var body: Int
    var closing: UInt8

    init?(_ text: Span<UInt8>, at index: Int) {
        let next = text[index + 1]
        closing = UInt8(ascii: "}")
        switch text[index] {
        case UInt8(ascii: "{"):
            switch next {
            case UInt8(ascii: "{"): (kind, body) = (.expression, index + 2)
            case UInt8(ascii: "%"): (kind, body) = (.statement, index + 2)
            case UInt8(ascii: "$"): (kind, body) = (.statement, index + 2)
            case UInt8(ascii: "s") where text.hasPrefix("{smarty_", at: index): (kind, body) = (.code, index + 8)
            case UInt8(ascii: "p") where text.hasPrefix("{php}", at: index): (kind, body) = (.code, index + 5)
            case UInt8(ascii: "i") where text.hasPrefix("{if ", at: index): (kind, body) = (.statement, index + 4)
            default: return nil
            }
        case UInt8(ascii: "$"), UInt8(ascii: "#"), UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: "%"):
            if next == UInt8(ascii: "{") {
                // `${{ … }}` is read at its second brace.
                if text[index + 2] == next { return nil }
                (kind, body) = (.expression, index + 2)
            } else if text.hasPrefix("#set", at: index) {
                guard let start = Self.velocity(text, index + 4) else { return nil }
                (kind, body, closing) = (.code, start, UInt8(ascii: ")"))
            } else {
                return nil
            }
        case UInt8(ascii: "<"):
            if next == UInt8(ascii: "%") {
                (kind, body, closing) = (.expression, index + 2, UInt8(ascii: "%"))
                if text[body] == UInt8(ascii: "=") || text[body] == UInt8(ascii: "-") { body += 1 }
            } else if text.hasPrefix("<#assign", at: index) {
                (kind, body, closing) = (.statement, index + 8, UInt8(ascii: ">"))
            } else {
                return nil
            }
        case UInt8(ascii: "@"):
            if next == UInt8(ascii: "(") {
                (kind, body, closing) = (.loose, index + 2, UInt8(ascii: ")"))
            } else if next == UInt8(ascii: "{") {
                (kind, body) = (.statement, index + 2)
            } else {
                return nil
            }
        case UInt8(ascii: "[") where next == UInt8(ascii: "["):
            (kind, body, closing) = (.loose, index + 2, UInt8(ascii: "]"))
        default: return nil
        }
    }

    /// `#set($x = …`, `#set ($x`
    private static func velocity(_ text: Span<UInt8>, _ start: Int) -> Int? {
        var index = start
        while index < text.count, text[index] == 0x20 { index += 1 }
        guard index < text.count, text[index] == UInt8(ascii: "(") else { return nil }
        index += 1
        while index < text.count, text[index] == 0x20 { index += 1 }
        return index < text.count && text[index] == UInt8(ascii: "$") ? index : nil
    }
}
