internal import PatternMatching

/// What a rule asks of a value (ModSecurity reference manual, "Operators").
enum RuleOperator: Sendable, Equatable {
    enum Comparison: Sendable, Equatable {
        case equal
        case greater
        case greaterOrEqual
        case less
        case lessOrEqual
    }

    enum TextTest: Sendable, Equatable {
        case equals
        case contains
        case containsWord
        case beginsWith
        case endsWith
        /// The value stands within the argument.
        case within
    }

    enum IdentityNumber: Sendable, Equatable {
        case creditCard
        case usSocialSecurity
        case brazilianCPF
        case austrianSVNR
    }

    case regex([UInt8])
    /// A regular expression with a macro in it, which is not known before the request.
    case composedRegex(MacroText)
    case phrases([[UInt8]])
    case text(TextTest, MacroText)
    case number(Comparison, MacroText)
    case addresses([String])
    case bytesOutside(ByteSet)
    case malformedURLEncoding
    case malformedUTF8
    case sqlInjection
    case crossSiteScripting
    case identity(IdentityNumber, [UInt8])
    case always
    /// Also `@geoLookup` and `@rbl`: they need a database or the network, which an engine in the request's path has not.
    case never
}

/// `@name argument`, `!@name argument`, or a bare regular expression.
struct OperatorParser {
    /// Reads a file that a rule names, beside the rule's own file.
    var file: (String) -> [UInt8]?

    func parse(_ text: [UInt8]) throws(RuleTextProblem) -> (RuleOperator, isNegated: Bool) {
        var rest = text[...]
        let isNegated = rest.first == UInt8(ascii: "!")
        if isNegated { rest = rest.dropFirst() }
        guard rest.first == UInt8(ascii: "@") else {
            return (try regex(Array(rest)), isNegated)
        }
        let name = rest.dropFirst().prefix { $0 > 0x20 }
        let argument = Array(rest[name.endIndex...].drop { $0 <= 0x20 })
        return (try parse(String(decoding: name, as: UTF8.self), argument), isNegated)
    }

    private func parse(_ name: String, _ argument: [UInt8]) throws(RuleTextProblem) -> RuleOperator {
        switch name.lowercased() {
        case "rx": return try regex(argument)
        case "pm": return .phrases(try nonEmpty(phrases(argument), name))
        case "pmfromfile", "pmf": return .phrases(try nonEmpty(phrasesFromFiles(argument), name))
        case "ipmatch": return .addresses(words(argument, separator: UInt8(ascii: ",")))
        case "ipmatchfromfile", "ipmatchf": return .addresses(try addressesFromFiles(argument))
        case "validatebyterange": return .bytesOutside(try byteRanges(argument))
        case "validateurlencoding": return .malformedURLEncoding
        case "validateutf8encoding": return .malformedUTF8
        case "detectsqli": return .sqlInjection
        case "detectxss": return .crossSiteScripting
        case "verifycc": return .identity(.creditCard, argument)
        case "verifyssn": return .identity(.usSocialSecurity, argument)
        case "verifycpf": return .identity(.brazilianCPF, argument)
        case "verifysvnr": return .identity(.austrianSVNR, argument)
        case "unconditionalmatch": return .always
        case "nomatch", "geolookup", "rbl": return .never
        default:
            if let test = Self.textTests[name.lowercased()] { return .text(test, try MacroText.parse(argument)) }
            if let comparison = Self.comparisons[name.lowercased()] {
                return .number(comparison, try MacroText.parse(argument))
            }
            throw RuleTextProblem(
                "the operator @\(name) is not supported", "take the rule away or write it as @rx or @pm")
        }
    }

    private static let textTests: [String: RuleOperator.TextTest] = [
        "streq": .equals, "contains": .contains, "strmatch": .contains, "containsword": .containsWord,
        "beginswith": .beginsWith, "endswith": .endsWith, "within": .within,
    ]
    private static let comparisons: [String: RuleOperator.Comparison] = [
        "eq": .equal, "gt": .greater, "ge": .greaterOrEqual, "lt": .less, "le": .lessOrEqual,
    ]

    private func regex(_ text: [UInt8]) throws(RuleTextProblem) -> RuleOperator {
        // `%{` is also what a pattern for template expressions looks for: only what names a variable is a macro.
        guard let macro = try? MacroText.parse(text), macro.literal == nil, !text.isEmpty else { return .regex(text) }
        return .composedRegex(macro)
    }

    // MARK: Lists

    private func nonEmpty(_ phrases: [[UInt8]], _ name: String) throws(RuleTextProblem) -> [[UInt8]] {
        guard !phrases.isEmpty else { throw RuleTextProblem("@\(name) has no phrase", "give at least one") }
        return phrases
    }

    private func words(_ text: [UInt8], separator: UInt8) -> [String] {
        text.split { $0 == separator || $0 <= 0x20 }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Phrases separated by spaces; `|41 42|` within one stands for those bytes.
    private func phrases(_ text: [UInt8]) -> [[UInt8]] {
        var phrases: [[UInt8]] = [[]]
        var isHex = false
        var digits: [UInt8] = []
        let hasHex = text.count { $0 == UInt8(ascii: "|") }.isMultiple(of: 2)
        for byte in text {
            if byte == UInt8(ascii: "|"), hasHex {
                isHex.toggle()
            } else if isHex, let digit = byte.hexValue {
                digits.append(digit)
                guard digits.count == 2 else { continue }
                phrases[phrases.count - 1].append(digits[0] << 4 | digits[1])
                digits = []
            } else if byte <= 0x20 {
                if !isHex { phrases.append([]) }
            } else {
                phrases[phrases.count - 1].append(byte)
            }
        }
        return phrases.filter { !$0.isEmpty }
    }

    private func lines(_ argument: [UInt8]) throws(RuleTextProblem) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for name in words(argument, separator: 0x20) {
            guard let content = file(name) else {
                throw RuleTextProblem("the file \(name) cannot be read", "put it beside the rule's file")
            }
            for line in content.split(separator: 0x0a) {
                let text = line.drop { $0 <= 0x20 }.reversed().drop { $0 == 0x0d || $0 == 0x0a }.reversed()
                if !text.isEmpty, text.first != UInt8(ascii: "#") { lines.append(Array(text)) }
            }
        }
        return lines
    }

    private func phrasesFromFiles(_ argument: [UInt8]) throws(RuleTextProblem) -> [[UInt8]] { try lines(argument) }

    private func addressesFromFiles(_ argument: [UInt8]) throws(RuleTextProblem) -> [String] {
        try lines(argument).map { String(decoding: $0.prefix { $0 > 0x20 }, as: UTF8.self) }
    }

    /// `1-255,9`: the bytes that are permitted. The operator matches a value with any other byte.
    private func byteRanges(_ argument: [UInt8]) throws(RuleTextProblem) -> ByteSet {
        var permitted = ByteSet()
        for word in words(argument, separator: UInt8(ascii: ",")) {
            let ends = word.split(separator: "-", omittingEmptySubsequences: false).map { UInt8($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last else {
                throw RuleTextProblem("\(word) is not a range of bytes", "write for example 32-126,9")
            }
            for byte in first...last { permitted.insert(byte) }
        }
        return ByteSet((0...255 as ClosedRange<UInt8>).filter { !permitted.contains($0) })
    }
}
