internal import PatternMatching

/// Whether a value would start a program if it ended up in a shell's command line: a separator or substitution, then a
/// program, then what programs are given. Quotes and empty expansions are gone before (`unquoteShell`).
///
/// Separators are frequent in prose and so are words like `cat` and `find`; what settles it is the argument: an option,
/// a path, a variable, a redirection, or nothing at all.
package enum ShellGrammar {
    private static let maximumSeparators = 64

    package static func judge(_ text: Span<UInt8>) -> GrammarVerdict? {
        var index = 0
        var separators = 0
        while separators < maximumSeparators {
            index = text.place(from: index, { areSeparators($0) }, { isSeparator($0) })
            guard index < text.count else { return nil }
            let start = index
            guard let after = separator(text, &index) else { continue }
            separators += 1
            guard let end = command(text, from: after, separator: text[start]) else { continue }
            return GrammarVerdict(.certain, start..<max(start + 1, end))
        }
        return nil
    }

    /// What `separator` makes something of.
    @inline(__always) private static func areSeparators(_ block: ByteBlock) -> ByteBlock.Marks {
        let ends =
            block.marks(UInt8(ascii: ";")) | block.marks(UInt8(ascii: "|")) | block.marks(UInt8(ascii: "`"))
            | block.marks(0x0a)
        let opens =
            block.marks(UInt8(ascii: "&")) | block.marks(UInt8(ascii: "$")) | block.marks(UInt8(ascii: "<"))
            | block.marks(UInt8(ascii: ">"))
        return ends | opens
    }

    @inline(__always) private static func isSeparator(_ byte: UInt8) -> Bool { separators.contains(byte) }

    private static let separators = ByteSet(";|`\n&$<>")

    /// Moves `index` on, and returns where the command would start if a separator stood there.
    private static func separator(_ text: Span<UInt8>, _ index: inout Int) -> Int? {
        let byte = text[index]
        index += 1
        let next = index < text.count ? text[index] : 0
        switch byte {
        case UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "`"), 0x0a: return index
        case UInt8(ascii: "&"):
            // A form's own separator was taken apart before; `&name=` is what is left of a nested one.
            if next == byte { index += 1 }
            return index
        case UInt8(ascii: "$"), UInt8(ascii: "<"), UInt8(ascii: ">"):
            guard next == UInt8(ascii: "(") else { return nil }
            index += 1
            return index
        default: return nil
        }
    }

    /// The end of a command that starts at `start`; nil if there is none.
    private static func command(_ text: Span<UInt8>, from start: Int, separator: UInt8) -> Int? {
        var index = start
        for _ in 0..<4 {
            index = skipOpening(text, index)
            let word = wordRange(text, index)
            guard let meaning = ShellWord.table(text, name(text, word)) else { return nil }
            index = word.upperBound
            switch meaning {
            case .prefix: continue
            case .program: return isCommandEnd(text, index, name: word, isSure: true, separator) ? index : nil
            case .ambiguous: return isCommandEnd(text, index, name: word, isSure: false, separator) ? index : nil
            }
        }
        return nil
    }

    private static func skipOpening(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < text.count, index - start < 32 {
            switch text[index] {
            case 0x00...0x20, UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "!"), UInt8(ascii: "@"),
                UInt8(ascii: ";"),
                UInt8(ascii: "&"), UInt8(ascii: "|"):
                index += 1
            default: return index
            }
        }
        return index
    }

    private static func wordRange(_ text: Span<UInt8>, _ start: Int) -> Range<Int> {
        var end = start
        let limit = min(text.count, start + 64)
        while end < limit, isWord(unsafe text[unchecked: end]) { end &+= 1 }
        return start..<end
    }

    @inline(__always) private static func isWord(_ byte: UInt8) -> Bool {
        // `-`, `.`, `/`, the digits and `:` stand in a row.
        byte.isLetter || byte >= UInt8(ascii: "-") && byte <= UInt8(ascii: ":") || byte == UInt8(ascii: "_")
    }

    /// Without the folders before it.
    private static func name(_ text: Span<UInt8>, _ word: Range<Int>) -> Range<Int> {
        var start = word.upperBound
        while start > word.lowerBound, text[start - 1] != UInt8(ascii: "/") { start -= 1 }
        return start..<word.upperBound
    }

    private static func isCommandEnd(
        _ text: Span<UInt8>, _ end: Int, name: Range<Int>, isSure: Bool, _ separator: UInt8
    ) -> Bool {
        guard end < text.count else { return isSure || separator != 0x0a && isShort(text, name) && isTorn(text, name) }
        let byte = text[end]
        // `;ls=`, `&id=`: a parameter's name.
        guard byte != UInt8(ascii: "=") else { return false }
        // `&copy;`: an entity.
        if !isSure, byte == UInt8(ascii: ";"), name.lowerBound > 0, text[name.lowerBound - 1] == UInt8(ascii: "&") {
            return false
        }
        // `time; who; what` is a list: between semicolons an English word needs more than its place.
        let isListed = !isSure && (separator == UInt8(ascii: ";") || separator == 0x0a) && !isShort(text, name)
        // One letter stands behind a backtick in any random value: it has to be a whole substitution, such as `w`.
        let isClosed = byte == UInt8(ascii: "`") || byte == UInt8(ascii: ")")
        // `(htm|html|php)`: a choice.
        if !isSure, separator == UInt8(ascii: "|"), byte == UInt8(ascii: ")") { return false }
        guard byte <= 0x20 else {
            let isDirected = byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
            guard isSure || isDirected || isClosed || text[name.lowerBound - 1] > 0x20 && isTorn(text, name) else {
                return false
            }
            // Two letters between signs are most likely a random value: `7%;sc<B=1`.
            guard !isDirected || name.count > 2 || isFile(text, end + 1) else { return false }
            return isRedirection(byte) && !isListed && (name.count > 1 || isClosed && name.lowerBound <= 2)
        }
        var argument = end
        while argument < text.count, text[argument] <= 0x20 { argument += 1 }
        guard argument < text.count else {
            return isSure || separator != 0x0a && isShort(text, name) && isTorn(text, name)
        }
        if isArgument(text, argument, isSure: isSure) { return true }
        guard text[argument] != UInt8(ascii: "-") else { return false }
        return isSure && name.count >= 4 && separator != 0x0a && !isPlain(text, argument)
    }

    /// A word that ends the text right behind a separator: `;id`, but not `one; who`, nor the one letter that stands
    /// behind a separator in any random value.
    private static func isShort(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        name.lowerBound > 0 && text[name.lowerBound - 1] > 0x20 && (2...5).contains(name.count)
    }

    /// Whether what stands before the separator is no plain word: `|date` and `7;date`, but not `price|date`, which is how
    /// lists of English words are joined, nor `7|date|8`.
    private static func isTorn(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        guard !isListed(text, name) else { return false }
        var index = name.lowerBound
        while index > 0, !isWord(text[index - 1]) || text[index - 1] == UInt8(ascii: "/") { index -= 1 }
        var start = index
        while start > 0, text[start - 1].isLetter || text[start - 1] == UInt8(ascii: "_") { start -= 1 }
        return start == index
    }

    /// Whether words or numbers stand before the separator, and the same separator before or behind them.
    private static func isListed(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        let separator = text[name.lowerBound - 1]
        var index = name.lowerBound - 1
        while index > 0, text[index - 1].isWordByte { index -= 1 }
        guard index < name.lowerBound - 1 else { return false }
        if index > 0, text[index - 1] == separator { return true }
        let end = name.upperBound
        return end + 1 < text.count && text[end] == separator && text[end + 1].isWordByte
    }

    /// Where a redirection may lead: `id>/tmp/x`, `id>&2`, `id>>x;`.
    private static func isFile(_ text: Span<UInt8>, _ start: Int) -> Bool {
        var index = start
        while index < text.count, text[index] <= 0x20 || ByteSet("<>&").contains(text[index]) { index += 1 }
        let end = wordRange(text, index).upperBound
        return end == text.count || text[end] <= 0x20 || isRedirection(text[end])
    }

    private static func isRedirection(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "&"), UInt8(ascii: "`"), UInt8(ascii: ")"),
            UInt8(ascii: ">"),
            UInt8(ascii: "<"), UInt8(ascii: "}"), UInt8(ascii: "#"):
            true
        default: false
        }
    }

    /// What prose does not put behind a word: an option, a path, a variable, a redirection, a file, an address.
    private static func isArgument(_ text: Span<UInt8>, _ start: Int, isSure: Bool) -> Bool {
        let next = start + 1 < text.count ? text[start + 1] : 0
        switch text[start] {
        case UInt8(ascii: "-"): return (next.isLetter || next == UInt8(ascii: "-")) && !isUnfinished(text, start)
        // `File "/usr/lib/x.py", line 12`: a comma behind a name is how programs report.
        case UInt8(ascii: "/") where !isSure && endsInComma(text, start): return false
        case UInt8(ascii: "/"):
            return next.isLetter || next == UInt8(ascii: "?") || next == UInt8(ascii: "*") || isSure && next <= 0x20
        case UInt8(ascii: "~"): return true
        // `& more | shoes`, `& more > shoes` are how pages show where one is.
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "|"), UInt8(ascii: "`"): return isSure || next > 0x20
        case UInt8(ascii: "$"): return next == UInt8(ascii: "(") || next == UInt8(ascii: "{") || next.isLetter
        case UInt8(ascii: "."):
            return next == UInt8(ascii: "/")
                || next == UInt8(ascii: ".") && start + 2 < text.count && text[start + 2] == UInt8(ascii: "/")
        default: return isFileOrAddress(text, start, isSure: isSure)
        }
    }

    private static func endsInComma(_ text: Span<UInt8>, _ start: Int) -> Bool {
        let end = wordRange(text, start).upperBound
        return end + 1 < text.count && text[end] == UInt8(ascii: ",") && text[end + 1] == 0x20
    }

    /// `name.txt`, `c:/`, `10.1.2.3`, `http://`
    private static func isFileOrAddress(_ text: Span<UInt8>, _ start: Int, isSure: Bool) -> Bool {
        let word = wordRange(text, start)
        var dots = 0
        var isNumeric = true
        for index in word {
            let isVersionByte = text[index].isDigit || text[index] == UInt8(ascii: ".")
            isNumeric = isNumeric && (isVersionByte || index == word.lowerBound)
            switch text[index] {
            case UInt8(ascii: "/") where isSure: return true
            case UInt8(ascii: ".") where index > word.lowerBound && index + 1 < word.upperBound: dots += 1
            case UInt8(ascii: ":") where index == word.lowerBound + 1: return true
            default: continue
            }
        }
        // `node v18.2.1` is how programs introduce themselves.
        return isNumeric ? dots == 3 : dots > 0 && (isSure || !hasScheme(text, word))
    }

    /// An address behind an English word is a link: `see also & find https://…`.
    private static func hasScheme(_ text: Span<UInt8>, _ word: Range<Int>) -> Bool {
        text.isOne(of: ["http:", "https:", "ftp:", "www."], at: word.lowerBound)
    }

    /// `bash -c` and nothing: cut off, or written about.
    private static func isUnfinished(_ text: Span<UInt8>, _ start: Int) -> Bool {
        guard text.hasPrefix("-c", at: start) else { return false }
        for index in (start + 2)..<text.count where text[index] > 0x20 { return false }
        return true
    }

    /// A word of prose, or a version.
    private static func isPlain(_ text: Span<UInt8>, _ start: Int) -> Bool {
        let word = wordRange(text, start)
        if !word.isEmpty, word.allSatisfy({ text[$0].isLetter }) { return true }
        return word.dropFirst().allSatisfy { text[$0].isDigit || text[$0] == UInt8(ascii: ".") } && !word.isEmpty
    }
}
