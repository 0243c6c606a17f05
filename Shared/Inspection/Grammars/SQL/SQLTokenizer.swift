/// One word of SQL.
struct SQLToken {
    enum Kind: UInt8 {
        case number
        case string
        /// A string whose closing quote is missing: the application's own quote will close it.
        case openString
        case word
        /// A word with a parenthesis behind it.
        case call
        /// `@x`, `@@x`, `:x`
        case variable
        case comparison
        /// `&&`; `||` is a connective to some databases and joins strings for others: see `isConcatenation`.
        case connective
        case arithmetic
        /// `!`, `~`
        case prefix
        case comma
        case opening
        case closing
        case semicolon
        /// A comment that runs to the end of the text.
        case finalComment
        /// What looks like one and is a place in a page, or an option.
        case mark
        case other
    }

    var kind: Kind
    var range: Range<Int>
    var word: SQLWord?
}

/// SQL as the union of what MySQL, PostgreSQL, SQL Server, Oracle and SQLite read. Where they differ, the reading that
/// lets an attack work wins: `#` begins a comment, what stands in `/*! … */` is code, `\` escapes a quote.
struct SQLTokenizer {
    var index: Int
    /// Comments seen between words: nobody writes prose with them.
    private(set) var innerComments = 0
    private var isConditional = false

    init(from index: Int) { self.index = index }

    mutating func next(_ text: Span<UInt8>) -> SQLToken? {
        while index < text.count {
            let byte = text[index]
            if byte <= 0x20 || byte == 0xa0 {
                index += 1
            } else if let token = comment(text, byte) {
                if token.kind == .finalComment || token.kind == .mark { return token }
                innerComments += 1
            } else {
                return token(text, byte)
            }
        }
        return nil
    }

    /// Skips a comment, or gives the one that ends the text. Nil if none stands here.
    private mutating func comment(_ text: Span<UInt8>, _ byte: UInt8) -> SQLToken? {
        let start = index
        switch byte {
        case UInt8(ascii: "-") where isNext(text, "-"), UInt8(ascii: "#"):
            while index < text.count, text[index] != 0x0a { index += 1 }
            // `page#place` at an address's end, ` --option` of a command, a name such as `xn--caf`.
            if index == text.count, isMark(text, start) {
                return SQLToken(kind: .mark, range: start..<index)
            }
        case UInt8(ascii: "/") where isNext(text, "*"):
            index += 2
            if index < text.count, text[index] == UInt8(ascii: "!") {
                isConditional = true
                index += 1
                while index < text.count, text[index].isDigit { index += 1 }
                return SQLToken(kind: .other, range: start..<index)
            }
            while index < text.count {
                index += 1
                guard text[index - 1] == UInt8(ascii: "*"), index < text.count, text[index] == UInt8(ascii: "/") else {
                    continue
                }
                index += 1
                return SQLToken(kind: .other, range: start..<index)
            }
        case UInt8(ascii: "*") where isConditional && isNext(text, "/"):
            isConditional = false
            index += 2
            return SQLToken(kind: .other, range: start..<index)
        default: return nil
        }
        return SQLToken(kind: index < text.count ? .other : .finalComment, range: start..<index)
    }

    private func isMark(_ text: Span<UInt8>, _ start: Int) -> Bool {
        let length = text[start] == UInt8(ascii: "#") ? 1 : 2
        guard start > 0, start + length < text.count, text[start + length].isLetter else { return false }
        let before = text[start - 1]
        return length == 1 ? before.isWordByte : before == 0x20 || before.isLetter
    }

    private func isNext(_ text: Span<UInt8>, _ byte: Unicode.Scalar) -> Bool {
        index + 1 < text.count && text[index + 1] == UInt8(ascii: byte)
    }

    private mutating func token(_ text: Span<UInt8>, _ byte: UInt8) -> SQLToken {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return string(text, byte)
        case UInt8(ascii: "`"): return quotedName(text, closing: UInt8(ascii: "`"))
        case UInt8(ascii: "["): return quotedName(text, closing: UInt8(ascii: "]"))
        case 0x30...0x39: return number(text)
        case UInt8(ascii: ".") where index + 1 < text.count && text[index + 1].isDigit: return number(text)
        case UInt8(ascii: "@"), UInt8(ascii: ":"): return variable(text)
        case UInt8(ascii: "("): return single(.opening)
        case UInt8(ascii: ")"): return single(.closing)
        case UInt8(ascii: ","): return single(.comma)
        case UInt8(ascii: ";"): return single(.semicolon)
        case UInt8(ascii: "{"), UInt8(ascii: "}"): return brace(text)
        case UInt8(ascii: "\\") where index + 1 < text.count && text[index + 1].lowercased == UInt8(ascii: "n"):
            index += 2
            return SQLToken(kind: .word, range: (index - 2)..<index, word: .constant)
        default: return byte.isWordByte ? word(text) : symbol(text, byte)
        }
    }

    private mutating func single(_ kind: SQLToken.Kind) -> SQLToken {
        index += 1
        return SQLToken(kind: kind, range: (index - 1)..<index)
    }

    /// ODBC's escape: `{d '2026-01-01'}`, and MySQL's `{x expression}`. The brace and its word are dropped.
    private mutating func brace(_ text: Span<UInt8>) -> SQLToken {
        let start = index
        index += 1
        if text[start] == UInt8(ascii: "{") {
            while index < text.count, text[index].isWordByte { index += 1 }
            return SQLToken(kind: .opening, range: start..<index)
        }
        return SQLToken(kind: .closing, range: start..<index)
    }

    private mutating func string(_ text: Span<UInt8>, _ quote: UInt8) -> SQLToken {
        let start = index
        index += 1
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: "\\") {
                index = min(index + 1, text.count)
            } else if byte == quote {
                guard index < text.count, text[index] == quote else {
                    return SQLToken(kind: .string, range: start..<index)
                }
                index += 1
            }
        }
        return SQLToken(kind: .openString, range: start..<index)
    }

    private mutating func quotedName(_ text: Span<UInt8>, closing: UInt8) -> SQLToken {
        let start = index
        index += 1
        let limit = min(text.count, index + 128)
        while index < limit {
            index += 1
            if text[index - 1] == closing { return SQLToken(kind: .word, range: start..<index) }
        }
        index = start + 1
        return SQLToken(kind: .other, range: start..<index)
    }

    private mutating func number(_ text: Span<UInt8>) -> SQLToken {
        let start = index
        while index < text.count, text[index].isDigit || text[index] == UInt8(ascii: ".") { index += 1 }
        // `1or`, `0x41`, `1e5`: a keyword that touches the digits is a word of its own, anything else is part of it.
        let letters = index
        while index < text.count, text[index].isWordByte { index += 1 }
        if let known = SQLWord.table(text, letters..<index), known != .function, known != .constant { index = letters }
        // MySQL passes over `1.e` before a bracket.
        if letters + 1 == index, index < text.count, text[index] == UInt8(ascii: "("),
            text[letters - 1] == UInt8(ascii: "."),
            text[letters].lowercased == UInt8(ascii: "e"), let token = next(text)
        {
            return token
        }
        if letters < index, !isNumberTail(text, start, letters..<index) {
            return SQLToken(kind: .word, range: start..<index)
        }
        return SQLToken(kind: .number, range: start..<index)
    }

    private func isNumberTail(_ text: Span<UInt8>, _ start: Int, _ tail: Range<Int>) -> Bool {
        let first = text[tail.lowerBound].lowercased
        if first == UInt8(ascii: "x") || first == UInt8(ascii: "b"), tail.lowerBound == start + 1 {
            return tail.dropFirst().allSatisfy { text[$0].hexValue != nil }
        }
        return first == UInt8(ascii: "e") && tail.dropFirst().allSatisfy { text[$0].isDigit }
    }

    private mutating func variable(_ text: Span<UInt8>) -> SQLToken {
        let start = index
        let sign = text[index]
        while index < text.count, text[index] == sign { index += 1 }
        if index < text.count, text[index] == UInt8(ascii: "="), sign == UInt8(ascii: ":") {
            index += 1
            return SQLToken(kind: .comparison, range: start..<index)
        }
        let name = index
        while index < text.count, text[index].isWordByte || text[index] == UInt8(ascii: ".") { index += 1 }
        return SQLToken(kind: index > name ? .variable : .other, range: start..<index)
    }

    private mutating func word(_ text: Span<UInt8>) -> SQLToken {
        let start = index
        while index < text.count, text[index].isWordByte { index += 1 }
        let first = start..<index
        var meaning = SQLWord.table(text, first)
        if first.count == 1, index < text.count, text[index] == UInt8(ascii: "'") { return literalPrefix(text, start) }
        // `schema.table`, `db..table`
        while index < text.count, text[index] == UInt8(ascii: "."), index + 1 < text.count,
            text[index + 1].isWordByte || text[index + 1] == UInt8(ascii: ".")
        {
            meaning = SQLWord.catalogue(text, first) == nil ? nil : meaning
            index += 1
            while index < text.count, text[index].isWordByte { index += 1 }
        }
        let isCall = isFollowedByParenthesis(text)
        return SQLToken(kind: isCall ? .call : .word, range: start..<index, word: meaning)
    }

    /// `n'text'`, `x'4142'`, `b'01'`: a string with its kind before it.
    private mutating func literalPrefix(_ text: Span<UInt8>, _ start: Int) -> SQLToken {
        let letter = text[start].lowercased
        let isPrefix = letter == UInt8(ascii: "n") || letter == UInt8(ascii: "x") || letter == UInt8(ascii: "b")
        guard isPrefix else { return SQLToken(kind: .word, range: start..<index) }
        let literal = string(text, UInt8(ascii: "'"))
        guard literal.kind == .string else {
            index = start + 1
            return SQLToken(kind: .word, range: start..<index)
        }
        return SQLToken(kind: .string, range: start..<index)
    }

    private func isFollowedByParenthesis(_ text: Span<UInt8>) -> Bool {
        var next = index
        while next < text.count, text[next] <= 0x20 { next += 1 }
        return next < text.count && text[next] == UInt8(ascii: "(")
    }

    private mutating func symbol(_ text: Span<UInt8>, _ byte: UInt8) -> SQLToken {
        let start = index
        index += 1
        let next = index < text.count ? text[index] : 0
        switch byte {
        case UInt8(ascii: "="):
            if next == byte { index += 1 }
            return SQLToken(kind: .comparison, range: start..<index)
        case UInt8(ascii: "<"), UInt8(ascii: ">"):
            while index < text.count, index - start < 3,
                text[index] == UInt8(ascii: "=") || text[index] == UInt8(ascii: ">")
            { index += 1 }
            return SQLToken(kind: .comparison, range: start..<index)
        case UInt8(ascii: "!"):
            guard next == UInt8(ascii: "=") || next == UInt8(ascii: "<") || next == UInt8(ascii: ">") else {
                return SQLToken(kind: .prefix, range: start..<index)
            }
            index += 1
            return SQLToken(kind: .comparison, range: start..<index)
        case UInt8(ascii: "&"), UInt8(ascii: "|"):
            guard next == byte else { return SQLToken(kind: .arithmetic, range: start..<index) }
            index += 1
            return SQLToken(kind: .connective, range: start..<index)
        case UInt8(ascii: "~"): return SQLToken(kind: .prefix, range: start..<index)
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "%"),
            UInt8(ascii: "^"):
            return SQLToken(kind: .arithmetic, range: start..<index)
        default: return SQLToken(kind: .other, range: start..<index)
        }
    }
}

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    var isLetter: Bool { self | 0x20 >= 0x61 && self | 0x20 <= 0x7a }
    /// A byte of a name in most languages: letters, digits, `_`, `$` and everything beyond ASCII.
    var isWordByte: Bool {
        isLetter || isDigit || self == UInt8(ascii: "_") || self == UInt8(ascii: "$") || (self >= 0x80 && self != 0xa0)
    }
}
