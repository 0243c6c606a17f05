internal import PatternMatching

/// Whether a value, put into a SQL statement by concatenation, would change what the statement does.
///
/// The value is read three ways: as it stands (where a number was expected), and as the rest of a statement after each
/// of its first quotes (where a string was expected and the quote ends it). What decides is structure: a condition, a
/// second query, a second statement, a comment that hides the rest. A quote alone, or a word of SQL, decides nothing.
package enum SQLGrammar {
    private static let maximumBreakouts = 6
    private static let maximumLength = 8 << 10

    /// For `@detectSQLi`: everything that at least looks like it.
    package static func isInjection(_ text: Span<UInt8>) -> Bool {
        (judge(text, sparesQuotations: false)?.confidence.rawValue ?? 0) >= Confidence.likely.rawValue
    }

    /// - Parameter sparesQuotations: whether a quote that begins a quotation needs more than usual behind it.
    package static func judge(_ whole: Span<UInt8>, sparesQuotations: Bool = true) -> GrammarVerdict? {
        let text = whole.extracting(0..<min(whole.count, maximumLength))
        // Two words in a row, none of them SQL's, end every reading as it stands; one does after a quote.
        if Self.isProse(text, words: 2) { return judgeQuotes(text, isFilter: false, nil, sparesQuotations) }
        let bare = SQLReading(text, from: 0, needsOperand: true)
        // `a = 'b' or c = 'd'`: a filter that stands on its own, not a string that was left.
        let isFilter = bare.end == .complete && bare.comparisons > 0 && bare.constantComparisons == 0
        return judgeQuotes(text, isFilter: isFilter, judgeBare(bare, text), sparesQuotations)
    }

    private static func judgeQuotes(
        _ text: Span<UInt8>, isFilter: Bool, _ bare: GrammarVerdict?, _ sparesQuotations: Bool
    ) -> GrammarVerdict? {
        var verdict = bare
        var breakouts = 0
        var index = 0
        while index < text.count, breakouts < maximumBreakouts {
            guard verdict?.confidence != .certain else { return verdict }
            index = text.placeOfQuote(from: index)
            guard index < text.count else { break }
            let byte = text[index]
            index += 1
            breakouts += 1
            if Self.isProse(text.extracting(index..<text.count), words: 1) { continue }
            let tail = SQLReading(text, from: index, needsOperand: false)
            guard var found = judgeTail(tail, text, start: index - 1, isFirst: breakouts == 1) else { continue }
            let isQuotation = byte == UInt8(ascii: "`") || opensQuotation(text, at: index - 1)
            if sparesQuotations, isQuotation, !tail.isDeliberate { found.confidence = .hint }
            if isFilter, found.confidence == .certain, !tail.hasUnion, tail.selects == 0 { found.confidence = .hint }
            verdict = GrammarVerdict.stronger(verdict, found)
        }
        return verdict
    }

    /// `… "and" & "or" …`, `… the '=' sign …`: a quote behind a space and before a letter, or around a sign, begins a
    /// quotation and does not end a string.
    private static func opensQuotation(_ text: Span<UInt8>, at quote: Int) -> Bool {
        guard quote > 0, quote + 1 < text.count, text[quote - 1] <= 0x20 || text[quote - 1] == UInt8(ascii: "(") else {
            return false
        }
        if text[quote + 1].isWordByte { return true }
        var end = quote + 1
        while end < text.count, end - quote < 5, text[end] > 0x20, text[end] != text[quote], !text[end].isWordByte {
            end += 1
        }
        return end < text.count && end > quote + 1 && (text[end] == text[quote] || text[end] == 0x20)
    }

    /// Whether the text begins with so many words that mean nothing to SQL, white space between them. A word that a
    /// dot, a quote or a parenthesis makes something else of is not taken for one.
    private static func isProse(_ text: Span<UInt8>, words: Int) -> Bool {
        var index = 0
        for _ in 0..<words {
            while index < text.count, text[index] == 0x20 { index += 1 }
            let start = index
            guard index < text.count, text[index].isWordByte, !text[index].isDigit else { return false }
            while index < text.count, text[index].isWordByte { index += 1 }
            let next = index < text.count ? text[index] : 0x20
            guard next == 0x20 || next == UInt8(ascii: ",") && words == 1, !opens(text, index),
                SQLWord.table(text, start..<index) == nil
            else { return false }
        }
        return true
    }

    private static func opens(_ text: Span<UInt8>, _ start: Int) -> Bool {
        var index = start
        while index < text.count, text[index] <= 0x20 { index += 1 }
        return index < text.count && text[index] == UInt8(ascii: "(")
    }

    // MARK: After a quote

    private static func judgeTail(
        _ tail: SQLReading, _ text: Span<UInt8>, start: Int, isFirst: Bool
    ) -> GrammarVerdict? {
        guard tail.tokens > 0 else { return nil }
        let range = start..<max(start + 1, tail.position)
        if tail.hasUnion || tail.hasStatement { return GrammarVerdict(.certain, range) }
        let closes = tail.end == .comment || tail.end == .openString
        let isDeliberate = tail.comparisons > 0 || tail.sqlCalls > 0 || tail.selects > 0 || tail.cases > 0
        if tail.connectives > 0 {
            if isDeliberate, tail.end != .stuck || tail.constantComparisons > 0 || tail.sqlCalls + tail.selects > 0 {
                return GrammarVerdict(.certain, range)
            }
            if tail.end == .comment || (closes && tail.tokens > 2) { return GrammarVerdict(.certain, range) }
            if closes { return GrammarVerdict(.likely, range) }
            if isDeliberate || tail.calls > 0 { return GrammarVerdict(.likely, range) }
        }
        if tail.firstOperator == .arithmetic || tail.firstOperator == .comparison {
            return judgeJoin(tail, range, closes: closes)
        }
        // `"where's George"`: a clause's word and a quote is how people write too.
        let closesClause = tail.end == .comment || tail.end == .openString && tail.tokens > 2
        if tail.clauses > 0, closesClause || tail.hasNumberedOrder { return GrammarVerdict(.certain, range) }
        return judgeEnding(tail, text, start: start, isFirst: isFirst)
    }

    /// `'+(select …)+'`, `'||sleep(5)||'`, `'='`
    private static func judgeJoin(_ tail: SQLReading, _ range: Range<Int>, closes: Bool) -> GrammarVerdict? {
        if tail.sqlCalls > 0 || tail.selects > 0 || tail.catalogueNames > 0 { return GrammarVerdict(.certain, range) }
        if tail.end == .comment, tail.firstOperator == .comparison || tail.names == 0 {
            return GrammarVerdict(.certain, range)
        }
        guard tail.end == .openString else { return nil }
        // `'*'`, `'<'0`: the quotes stand close together, as strings made to be equal or zero do.
        let isTight = tail.tokens <= 2 && tail.arithmetic + tail.comparisons <= 1 && range.count <= 24
        return tail.constantComparisons > 0 || (tail.tokens > 2 && tail.names == 0)
            ? GrammarVerdict(.certain, range)
            : isTight || tail.tokens <= 8 ? GrammarVerdict(.likely, range) : nil
    }

    /// `admin'--`, `admin') #`: nothing but brackets and a comment behind the quote, and nothing behind the comment.
    private static func judgeEnding(
        _ tail: SQLReading, _ text: Span<UInt8>, start: Int, isFirst: Bool
    ) -> GrammarVerdict? {
        guard tail.end == .comment, tail.tokens == tail.closings + 1, isFirst, start <= 64 else { return nil }
        var last = text.count
        while last > start, text[last - 1] <= 0x20 || text[last - 1] == UInt8(ascii: "+") { last -= 1 }
        guard last > start + 1 else { return nil }
        var mark = start + 1
        while mark < last, text[mark] <= 0x20 || text[mark] == UInt8(ascii: ")") || text[mark] == UInt8(ascii: ";") {
            mark += 1
        }
        let comment = last - mark
        switch mark < last ? text[mark] : 0 {
        case UInt8(ascii: "-"): return comment <= 6 ? GrammarVerdict(.certain, start..<last) : nil
        case UInt8(ascii: "/"): return comment <= 4 ? GrammarVerdict(.certain, start..<last) : nil
        case UInt8(ascii: "#"):
            return comment == 1 && !(0..<start).contains { text[$0] <= 0x20 }
                ? GrammarVerdict(.certain, start..<last) : nil
        default: return nil
        }
    }

    // MARK: As it stands

    private static func judgeBare(_ bare: SQLReading, _ text: Span<UInt8>) -> GrammarVerdict? {
        guard bare.tokens > 1 else { return nil }
        let range = 0..<max(1, bare.position)
        if bare.hasUnion { return GrammarVerdict(.certain, range) }
        if bare.hasStatement { return GrammarVerdict(bare.end == .complete ? .certain : .likely, range) }
        if bare.connectives > 0 {
            if bare.constantComparisons > 0, bare.end != .stuck { return GrammarVerdict(.certain, range) }
            // `if (ready && open)` is what other languages say.
            if bare.sqlCalls > 0 && bare.outerConnectives > 0 || bare.selects > 0 || bare.cases > 0
                || bare.catalogueNames > 0
            {
                return GrammarVerdict(.certain, range)
            }
            if bare.end == .comment, bare.names == 0 { return GrammarVerdict(.certain, range) }
            if bare.end == .comment || bare.constantComparisons > 0 { return GrammarVerdict(.likely, range) }
        }
        return judgeQuery(bare, range)
    }

    /// A query or a call on its own.
    private static func judgeQuery(_ bare: SQLReading, _ range: Range<Int>) -> GrammarVerdict? {
        let isDeliberate = bare.catalogueNames > 0 || bare.sqlCalls > 0 || bare.innerComments > 1
        if bare.selects + bare.looseSelects > 0 {
            if isDeliberate { return GrammarVerdict(.certain, range) }
            if bare.froms > 0, bare.stars > 0 || bare.comparisons > 0 || bare.constantComparisons > 0 {
                return GrammarVerdict(.certain, range)
            }
            if bare.end != .stuck, bare.aliases < 2, bare.names == 0 || bare.froms > 0 {
                return GrammarVerdict(.likely, range)
            }
        }
        if bare.clauses > 0, bare.sqlCalls > 0 { return GrammarVerdict(.certain, range) }
        if bare.cases > 0, bare.comparisons > 0 { return GrammarVerdict(.likely, range) }
        if bare.end == .comment, bare.closings > 0 && bare.hidesRest || bare.hasNumberedOrder {
            return GrammarVerdict(.likely, range)
        }
        if bare.hasNumberedOrder, bare.end != .stuck { return GrammarVerdict(.likely, range) }
        return nil
    }
}
