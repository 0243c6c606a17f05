/// Reads a text as the rest of a SQL statement and takes down what it consists of, until it stops making sense.
///
/// It is a reader for judges, not a parser for databases: it knows whether an operand or an operator may come next and
/// little more, so that what any of five dialects accepts passes, and prose does not.
struct SQLReading {
    enum End: Equatable {
        /// Everything was read, and the last word completes something.
        case complete
        case comment
        /// In a string that the application's own quote will close.
        case openString
        /// A word came that cannot stand where it stands, or the text ended in mid-expression.
        case stuck
    }

    private enum Operand {
        case none
        case constant(Int)
        case name(Int)
        case value
    }

    private(set) var end = End.stuck
    /// Where reading stopped.
    private(set) var position: Int
    private(set) var connectives = 0
    /// Those that stand in no parentheses of the text's own.
    private(set) var outerConnectives = 0
    private(set) var comparisons = 0
    /// Comparisons that have the same result on every row.
    private(set) var constantComparisons = 0
    private(set) var arithmetic = 0
    private(set) var calls = 0
    private(set) var sqlCalls = 0
    private(set) var selects = 0
    private(set) var froms = 0
    private(set) var names = 0
    private(set) var aliases = 0
    private(set) var clauses = 0
    private(set) var cases = 0
    private(set) var closings = 0
    private(set) var catalogueNames = 0
    private(set) var stars = 0
    private(set) var innerComments = 0
    private(set) var hasUnion = false
    private(set) var hasStatement = false
    private(set) var hasNumberedOrder = false
    /// It ends in a comment, not only in a semicolon.
    private(set) var hidesRest = false
    private(set) var tokens = 0
    private(set) var firstOperator: SQLToken.Kind?
    var depth = 0

    var needsOperand: Bool
    var tokenizer: SQLTokenizer
    private var left = Operand.none
    private var right = Operand.none
    private var isComparing = false
    private var isAfterOpening = false
    private var isAfterConnective = false
    /// `select …` without a parenthesis: a query only if it says where from.
    private(set) var looseSelects = 0
    private var isAfterAlias = false
    private var isOrdering = false
    private static let maximumTokens = 256

    /// More than a quotation, a comparison and a word can amount to.
    var isDeliberate: Bool {
        hasUnion || hasStatement || constantComparisons > 0 || sqlCalls > 0 || selects > 0 || cases > 0
            || end == .comment && comparisons > 0
    }

    /// - Parameter needsOperand: false after a string that a quote has just closed.
    init(_ text: Span<UInt8>, from start: Int, needsOperand: Bool) {
        self.needsOperand = needsOperand
        position = start
        tokenizer = SQLTokenizer(from: start)
        if !needsOperand { right = .value }
        read(text)
        innerComments = tokenizer.innerComments
    }

    private mutating func read(_ text: Span<UInt8>) {
        while tokens < Self.maximumTokens {
            guard let token = tokenizer.next(text) else {
                end = needsOperand ? .stuck : .complete
                position = text.count
                return
            }
            tokens += 1
            switch step(token, text) {
            case .goOn: position = token.range.upperBound
            case .stop(let outcome):
                end = outcome
                if outcome != .stuck { position = tokenizer.index }
                return
            }
        }
    }

    private enum Step {
        case goOn
        case stop(End)
    }

    private mutating func step(_ token: SQLToken, _ text: Span<UInt8>) -> Step {
        let (wasOpening, wasConnective) = (isAfterOpening, isAfterConnective)
        isAfterOpening = false
        isAfterConnective = false
        switch token.kind {
        case .finalComment:
            hidesRest = true
            // `and#429`: an operator, and nothing that it joins.
            return .stop(needsOperand && firstOperator != nil ? .stuck : .comment)
        case .semicolon: return semicolon(text)
        case .number, .string, .variable: return operand(token, text)
        case .openString:
            if case .stop = operand(token, text) { return .stop(.stuck) }
            return .stop(.openString)
        case .comma:
            guard !needsOperand else { return .stop(.stuck) }
            needsOperand = true
            return .goOn
        case .opening: return opening()
        case .closing:
            guard !needsOperand || wasOpening else { return .stop(.stuck) }
            depth -= 1
            if depth < 0 { closings += 1 }
            complete(.value)
            return .goOn
        case .comparison: return comparison(token, text)
        case .connective: return connective()
        case .arithmetic: return arithmetic(token, text)
        // `~` between two operands compares a string with a pattern.
        case .prefix:
            return needsOperand
                ? .goOn : text[token.range.lowerBound] == UInt8(ascii: "~") ? comparison(token, text) : .stop(.stuck)
        case .word, .call: return word(token, text, isLoose: wasConnective)
        case .other, .mark: return .stop(.stuck)
        }
    }

    // MARK: Operands

    private mutating func operand(_ token: SQLToken, _ text: Span<UInt8>) -> Step {
        guard needsOperand else { return isAfterAlias || selects + looseSelects > 0 ? alias() : .stop(.stuck) }
        if isOrdering, token.kind == .number { hasNumberedOrder = true }
        complete(token.kind == .variable ? .value : .constant(Self.hash(token.range, text)))
        if text.hasPrefix("@@", at: token.range.lowerBound) { catalogueNames += 1 }
        return .goOn
    }

    /// A name or string behind an operand gives it another name.
    private mutating func alias() -> Step {
        aliases += 1
        isAfterAlias = false
        return aliases <= 12 ? .goOn : .stop(.stuck)
    }

    private mutating func complete(_ operand: Operand) {
        needsOperand = false
        right = operand
        guard isComparing else { return }
        isComparing = false
        comparisons += 1
        switch (left, operand) {
        case (.constant, .constant): constantComparisons += 1
        case (.name(let one), .name(let other)) where one == other: constantComparisons += 1
        default: break
        }
    }

    private static func hash(_ range: Range<Int>, _ text: Span<UInt8>) -> Int {
        range.prefix(64).reduce(range.count) { $0 &* 31 &+ Int(text[$1].lowercased) }
    }

    // MARK: Operators

    private mutating func note(_ kind: SQLToken.Kind) { if firstOperator == nil { firstOperator = kind } }

    private mutating func opening() -> Step {
        guard needsOperand else { return .stop(.stuck) }
        depth += 1
        isAfterOpening = true
        return .goOn
    }

    private mutating func comparison(_ token: SQLToken, _ text: Span<UInt8>) -> Step {
        // `sounds like`, `is in`: two words for one operator.
        if isComparing, token.kind != .comparison { return .goOn }
        guard !needsOperand, !Self.isQuoted(token, text) else { return .stop(.stuck) }
        note(.comparison)
        left = right
        isComparing = true
        needsOperand = true
        return .goOn
    }

    /// `default is 'basic'`: SQL compares by `is` with hardly anything that stands in quotes.
    private static func isQuoted(_ token: SQLToken, _ text: Span<UInt8>) -> Bool {
        guard token.kind == .word, token.range.count == 2, text.hasPrefix("is", at: token.range.lowerBound) else {
            return false
        }
        var index = token.range.upperBound
        while index < text.count, text[index] <= 0x20 { index += 1 }
        return index < text.count && (text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\""))
    }

    private mutating func connective() -> Step {
        guard !needsOperand || tokens == 1 else { return .stop(.stuck) }
        note(.connective)
        connectives += 1
        if depth + closings <= 0 { outerConnectives += 1 }
        needsOperand = true
        isAfterConnective = true
        return .goOn
    }

    private mutating func arithmetic(_ token: SQLToken, _ text: Span<UInt8>) -> Step {
        let byte = text[token.range.lowerBound]
        if needsOperand {
            if byte == UInt8(ascii: "*") {
                stars += 1
                complete(.value)
                return .goOn
            }
            return byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") ? .goOn : .stop(.stuck)
        }
        if byte == UInt8(ascii: "&"), Self.isPair(text, after: token.range.upperBound) { return .stop(.stuck) }
        note(.arithmetic)
        arithmetic += 1
        needsOperand = true
        return .goOn
    }

    /// `&name=`, `&name[`: an address goes on, not a statement.
    private static func isPair(_ text: Span<UInt8>, after start: Int) -> Bool {
        var index = start
        while index < text.count, text[index].isWordByte || text[index] == UInt8(ascii: "-") { index += 1 }
        guard index > start, index < text.count, text[start].isLetter else { return false }
        return text[index] == UInt8(ascii: "=") || text[index] == UInt8(ascii: "[")
    }

    private mutating func semicolon(_ text: Span<UInt8>) -> Step {
        guard !needsOperand || tokens == 1 else { return .stop(.stuck) }
        guard let next = tokenizer.next(text) else { return .stop(.comment) }
        guard next.kind != .finalComment else {
            hidesRest = true
            return .stop(.comment)
        }
        guard isStatement(next, text, isSeparate: true) else { return .stop(.stuck) }
        hasStatement = true
        return .stop(.complete)
    }

    // MARK: Words

    private mutating func word(_ token: SQLToken, _ text: Span<UInt8>, isLoose: Bool) -> Step {
        let isCall = token.kind == .call
        switch token.word {
        case .connective: return connective()
        case .comparison:
            guard needsOperand else { return comparison(token, text) }
            return name(token, text)
        case .not, .exists:
            if case .not = token.word, !needsOperand { return .goOn }
            return needsOperand ? .goOn : .stop(.stuck)
        case .arithmetic:
            guard !needsOperand else { return .goOn }
            note(.arithmetic)
            needsOperand = true
            return .goOn
        case .union: return union(text)
        case .select:
            guard needsOperand || tokens == 1, !beginsSentence(text, isQuery: depth + closings > 0) else {
                return .stop(.stuck)
            }
            if isLoose || depth + closings <= 0 { looseSelects += 1 } else { selects += 1 }
            needsOperand = true
            return .goOn
        case .from, .into, .condition, .ordering, .limit, .procedure: return clause(token, text)
        case .by: return .stop(.stuck)
        case .modifier:
            isAfterAlias = true
            return .goOn
        case .caseStart where needsOperand:
            cases += 1
            return .goOn
        case .caseBranch where cases > 0:
            needsOperand = true
            return .goOn
        case .end where cases > 0:
            complete(.value)
            return .goOn
        case .constant where needsOperand && !isCall:
            complete(.constant(Self.hash(token.range, text)))
            return .goOn
        case .statement, .bareStatement:
            if tokens == 1 || !needsOperand, isStatement(token, text, isSeparate: false) {
                hasStatement = true
                return .stop(.complete)
            }
            return name(token, text)
        default: return name(token, text)
        }
    }

    private mutating func name(_ token: SQLToken, _ text: Span<UInt8>) -> Step {
        if SQLWord.catalogue(text, token.range) != nil || hasCataloguePrefix(token, text) { catalogueNames += 1 }
        if token.kind == .call {
            guard needsOperand else { return .stop(.stuck) }
            calls += 1
            if token.word == .function || token.word == .constant { sqlCalls += 1 }
            return .goOn
        }
        guard needsOperand else { return isAfterAlias || selects + looseSelects > 0 ? alias() : .stop(.stuck) }
        names += 1
        complete(.name(Self.hash(token.range, text)))
        return .goOn
    }

    func hasCataloguePrefix(_ token: SQLToken, _ text: Span<UInt8>) -> Bool {
        var dot = token.range.lowerBound
        while dot < token.range.upperBound, text[dot] != UInt8(ascii: ".") { dot += 1 }
        guard dot < token.range.upperBound else { return false }
        var last = token.range.upperBound
        while last > dot, text[last - 1] != UInt8(ascii: ".") { last -= 1 }
        return SQLWord.catalogue(text, token.range.lowerBound..<dot) != nil
            || SQLWord.catalogue(text, last..<token.range.upperBound) != nil
    }

    private mutating func union(_ text: Span<UInt8>) -> Step {
        guard !needsOperand || tokens == 1 else { return .stop(.stuck) }
        while let next = tokenizer.next(text) {
            // A plus is a space that was encoded twice.
            if next.kind == .opening || next.word == .modifier || next.kind == .arithmetic { continue }
            guard next.word == .select || (next.word == .object && next.kind == .call) else { return .stop(.stuck) }
            guard !beginsSentence(text, isQuery: true) else { return .stop(.stuck) }
            hasUnion = true
            selects += 1
            needsOperand = true
            return .goOn
        }
        return .stop(.stuck)
    }

    /// `… union select committee of …`: words in a row that mean nothing to SQL are no list, nor is nothing to select.
    /// Where a query is all but certain, a second word may be the first one's other name.
    private func beginsSentence(_ text: Span<UInt8>, isQuery: Bool) -> Bool {
        var ahead = tokenizer
        for place in 0..<2 {
            guard let token = ahead.next(text) else { return false }
            if place == 0, token.word == .connective || token.kind == .comparison { return true }
            let isPlain = token.word == nil || token.word == .comparison
            guard token.kind == .word, isPlain, text[token.range.lowerBound].isWordByte else {
                return place == 1 && token.word == .connective
            }
        }
        return !isQuery || ahead.next(text)?.word != .from
    }

    private mutating func clause(_ token: SQLToken, _ text: Span<UInt8>) -> Step {
        guard !needsOperand || tokens == 1 else { return .stop(.stuck) }
        isOrdering = false
        if token.word == .ordering {
            guard let next = tokenizer.next(text), next.word == .by else { return .stop(.stuck) }
            isOrdering = true
        }
        if token.word == .from {
            froms += 1
            selects += looseSelects
            looseSelects = 0
        }
        clauses += 1
        needsOperand = true
        return .goOn
    }
}
