internal import PatternMatching

/// Whether a text is, or breaks out into, script for a browser: a call, an assignment or a computed access that starts
/// at something only a browser has.
enum ScriptGrammar {
    private static let maximumLength = 16 << 10
    private static let maximumWords = 400

    static func judge(_ whole: Span<UInt8>) -> GrammarVerdict? {
        let text = whole.extracting(0..<min(whole.count, maximumLength))
        let verdict = scan(text)
        guard verdict?.confidence != .certain, let joined = joinedStrings(text) else { return verdict }
        return GrammarVerdict.stronger(
            verdict, scan(joined.span).map { GrammarVerdict($0.confidence, 0..<text.count) })
    }

    private static func scan(_ text: Span<UInt8>) -> GrammarVerdict? {
        var verdict: GrammarVerdict?
        var index = 0
        var words = 0
        while index < text.count, words < maximumWords {
            let start = text.startOfWord(from: index)
            guard start < text.count else { break }
            index = text.endOfWord(from: start)
            words += 1
            guard let word = ScriptWord.table(text, start..<index) else { continue }
            guard !isFrame(text, start..<index), let confidence = judge(word, text, start..<index) else { continue }
            verdict = GrammarVerdict.stronger(verdict, GrammarVerdict(confidence, start..<min(text.count, index + 8)))
            if confidence == .certain { return verdict }
        }
        return verdict
    }

    /// `at eval (https://…`, `at window.onerror (native)`: where an error came from, and in no script that runs.
    private static func isFrame(_ text: Span<UInt8>, _ word: Range<Int>) -> Bool {
        if text.hasPrefix("(eval at ", at: word.lowerBound - 1) { return true }
        guard text.hasPrefix("at ", at: word.lowerBound - 3) else { return false }
        var end = word.upperBound
        while byte(text, end).isWordByte || byte(text, end) == UInt8(ascii: ".") { end += 1 }
        return text.isOne(of: [" (http", " (<anonymous>", " (eval at ", " (native)", " (webpack"], at: end)
    }

    private static func judge(_ word: ScriptWord, _ text: Span<UInt8>, _ range: Range<Int>) -> Confidence? {
        let next = skipGap(text, range.upperBound)
        switch word {
        case .dialogue: return judgeDialogue(text, range, next)
        case .sink: return judgeSink(text, range, next)
        case .root: return judgeRoot(text, range, next)
        case .constructor: return judgeConstructor(text, range, next)
        }
    }

    // MARK: Calls

    private static func judgeDialogue(_ text: Span<UInt8>, _ range: Range<Int>, _ next: Int) -> Confidence? {
        let before = byte(text, range.lowerBound - 1)
        switch byte(text, next) {
        case UInt8(ascii: "("):
            guard next == range.upperBound || isOperator(before) else { return nil }
            let argument = byte(text, skipGap(text, next + 1))
            if isOperator(before), !isProse(text, range) { return .certain }
            return isConstantStart(argument) || argument == UInt8(ascii: ")") ? .certain : .likely
        case UInt8(ascii: "`"): return isOperator(before) || next <= range.upperBound + 1 ? .certain : nil
        case UInt8(ascii: ")"), UInt8(ascii: "}"):
            // `map(alert)`, `` call`${alert}` ``: given to somebody who calls it.
            let isGiven = before == UInt8(ascii: "(") || before == UInt8(ascii: "{") || before == UInt8(ascii: ",")
            guard isGiven, range.lowerBound >= 2 else { return nil }
            let giver = byte(text, range.lowerBound - 2)
            return giver.isWordByte || giver == UInt8(ascii: "$") || giver.isDigit ? .certain : nil
        case UInt8(ascii: "."), UInt8(ascii: "?"):
            let member = next + (byte(text, next) == UInt8(ascii: "?") ? 2 : 1)
            return text.isOne(of: ["call", "apply", "bind", "(", "tostring"], at: member) ? .certain : nil
        case UInt8(ascii: "]"), UInt8(ascii: "'"), UInt8(ascii: "\""): return judgeNamed(text, next)
        case UInt8(ascii: ","), UInt8(ascii: ";"): return isCalledLater(text, range, next) ? .certain : nil
        default: return nil
        }
    }

    /// `a=alert,a(1)`, `onerror=alert;throw 1`: given another name, then called by it.
    private static func isCalledLater(_ text: Span<UInt8>, _ range: Range<Int>, _ next: Int) -> Bool {
        guard byte(text, range.lowerBound - 1) == UInt8(ascii: "=") else { return false }
        var start = range.lowerBound - 1
        while start > 0, text[start - 1].isWordByte { start -= 1 }
        let name = start..<(range.lowerBound - 1)
        let call = skipGap(text, next + 1)
        if name.count == 7, text.hasPrefix("onerror", at: name.lowerBound) {
            return text.isOne(of: ["throw"], at: call)
        }
        guard !name.isEmpty, call + name.count < text.count, text[call + name.count] == UInt8(ascii: "(") else {
            return false
        }
        return name.indices.allSatisfy { text[$0].lowercased == text[call + $0 - name.lowerBound].lowercased }
    }

    /// `['alert'](1)`, `"alert"](`: called by its name.
    private static func judgeNamed(_ text: Span<UInt8>, _ start: Int) -> Confidence? {
        var index = start
        while index < text.count, index - start < 4,
            text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: ")")
                || text[index] == UInt8(ascii: "]") || text[index] == UInt8(ascii: "`")
        { index += 1 }
        let called = byte(text, skipGap(text, index))
        let isIndexed =
            index > start && (byte(text, index - 1) == UInt8(ascii: "]") || byte(text, index - 1) == UInt8(ascii: ")"))
        return isIndexed && (called == UInt8(ascii: "(") || called == UInt8(ascii: "`") || called == UInt8(ascii: "."))
            ? .certain : nil
    }

    private static func judgeSink(_ text: Span<UInt8>, _ range: Range<Int>, _ next: Int) -> Confidence? {
        let call = byte(text, next)
        guard call == UInt8(ascii: "(") || call == UInt8(ascii: "`") else { return nil }
        guard next == range.upperBound else { return nil }
        let before = byte(text, range.lowerBound - 1)
        let argument = skipGap(text, next + 1)
        let takesText = isConstantStart(byte(text, argument)) && !byte(text, argument).isDigit
        if text.isOne(of: ["function", "write"], at: range.lowerBound),
            !takesText || before == UInt8(ascii: ".")
        {
            return nil
        }
        let isAttached = isOperator(before) && before != UInt8(ascii: ".") && before > 0x20
        return isAttached && takesText ? .certain : takesText ? .likely : nil
    }

    /// `document.cookie`, `top["al"+"ert"](1)`, `location='…'`
    private static func judgeRoot(_ text: Span<UInt8>, _ range: Range<Int>, _ next: Int) -> Confidence? {
        switch byte(text, next) {
        case UInt8(ascii: "["): return judgeIndex(text, next + 1, isCommon: range.count == 4)
        case UInt8(ascii: "."), UInt8(ascii: "?"):
            let dot = byte(text, next) == UInt8(ascii: "?") ? next + 2 : next + 1
            if byte(text, dot) == UInt8(ascii: "[") { return judgeIndex(text, dot + 1, isCommon: range.count == 4) }
            let start = skipGap(text, dot)
            var end = start
            while end < text.count, text[end].isWordByte { end += 1 }
            // `document.getElementById(...) is null`: an error's own words.
            if text.hasPrefix("(...)", at: end) { return nil }
            guard ScriptWord.members(text, start..<end) != nil else { return nil }
            return judgeMember(text, range, end)
        case UInt8(ascii: "="):
            let isLocation = text.hasPrefix("location", at: range.lowerBound)
            let value = byte(text, skipGap(text, next + 1))
            let isText = value == UInt8(ascii: "'") || value == UInt8(ascii: "\"") || value == UInt8(ascii: "`")
            return isLocation && isText ? .likely : nil
        default: return nil
        }
    }

    private static func judgeMember(_ text: Span<UInt8>, _ range: Range<Int>, _ end: Int) -> Confidence? {
        let isDocument = text.hasPrefix("document", at: range.lowerBound)
        if isDocument, text.isOne(of: ["cookie", "domain", "write"], endingAt: end) {
            // `document.cookie is disabled`
            return text.hasPrefix(" is ", at: end) ? .weak : .certain
        }
        let isCommon = range.count == 4 || text.hasPrefix("parent", at: range.lowerBound)
        switch byte(text, skipGap(text, end)) {
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "`"): return isCommon ? .weak : .likely
        case UInt8(ascii: "="): return isCommon ? .weak : .likely
        default: return isDocument ? .weak : nil
        }
    }

    /// What stands in the brackets after a root: a plain name is how other languages index too, a computed one is not.
    private static func judgeIndex(_ text: Span<UInt8>, _ start: Int, isCommon: Bool) -> Confidence? {
        var depth = 1
        var isComputed = false
        var index = start
        while index < text.count, index - start < 200, depth > 0 {
            switch text[index] {
            case UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "+"), UInt8(ascii: "\\"), UInt8(ascii: "("), UInt8(ascii: "*"), UInt8(ascii: "`"):
                isComputed = true
            case UInt8(ascii: "/") where index == start: isComputed = true
            default: break
            }
            index += 1
        }
        guard depth == 0 else { return isComputed ? .likely : nil }
        let after = byte(text, skipGap(text, index))
        let isCalled = after == UInt8(ascii: "(") || after == UInt8(ascii: "`") || after == UInt8(ascii: "?")
        if isCalled { return .certain }
        return isComputed ? .likely : isCommon ? nil : .weak
    }

    private static func judgeConstructor(_ text: Span<UInt8>, _ range: Range<Int>, _ next: Int) -> Confidence? {
        let before = byte(text, range.lowerBound - 1)
        var index = range.upperBound
        while index < text.count, index - range.upperBound < 3,
            text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: "]")
        { index += 1 }
        let after = byte(text, index)
        let isReached = before == UInt8(ascii: ".") || before == UInt8(ascii: "'") || before == UInt8(ascii: "\"")
        if isReached, after == UInt8(ascii: "("), isConstantStart(byte(text, index + 1)) { return .certain }
        if isReached, after == UInt8(ascii: ".") || after == UInt8(ascii: "["),
            text.isOne(of: ["constructor"], at: index + 1)
                || text.isOne(of: ["constructor"], at: index + 2)
        {
            return .certain
        }
        return nil
    }

    // MARK: Reading

    private static func byte(_ text: Span<UInt8>, _ index: Int) -> UInt8 {
        index >= 0 && index < text.count ? text[index] : 0
    }

    /// White space and comments do not separate a name from its parentheses.
    private static func skipGap(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        let limit = min(text.count, start + 64)
        while index < limit {
            if text[index] <= 0x20 || (text[index] == UInt8(ascii: "\\") && byte(text, index + 1) == UInt8(ascii: "`"))
            {
                index += 1
            } else if text[index] == UInt8(ascii: "/"), byte(text, index + 1) == UInt8(ascii: "*") {
                index += 2
                while index < limit, !(text[index - 1] == UInt8(ascii: "*") && text[index] == UInt8(ascii: "/")) {
                    index += 1
                }
                index += 1
            } else {
                return index
            }
        }
        return min(index, text.count)
    }

    /// A byte after which an expression may begin (0 is the text's start).
    private static func isOperator(_ byte: UInt8) -> Bool {
        switch byte {
        case 0, UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: ";"), UInt8(ascii: ","),
            UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "="),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "%"),
            UInt8(ascii: "!"), UInt8(ascii: "~"), UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "&"),
            UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: "<"), UInt8(ascii: ">"), 0x0a, 0x0d:
            true
        default: false
        }
    }

    /// At the start of a text or line nothing tells a call from a remark in brackets: `confirm(ation)`.
    private static func isProse(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.lowerBound == 0 || byte(text, range.lowerBound - 1) == UInt8(ascii: "(")
            || byte(text, range.lowerBound - 1) == UInt8(ascii: "\"")
    }

    private static func isConstantStart(_ byte: UInt8) -> Bool {
        byte.isDigit || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`")
            || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "\\")
    }

    /// `'al'+"ert"` with its seams taken out; nil if there are none.
    private static func joinedStrings(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.place(of: UInt8(ascii: "+")) < text.count else { return nil }
        var output: [UInt8] = []
        var isJoined = false
        var index = 0
        while index < text.count {
            if isQuote(text[index]) || text[index] == UInt8(ascii: "\\"), let end = seam(text, index) {
                if !isJoined { output.append(text.extracting(0..<index)) }
                // A seam at the very start joins nothing.
                isJoined = !output.isEmpty
                index = end
            } else {
                if isJoined { output.append(text[index]) }
                index += 1
            }
        }
        return isJoined ? output : nil
    }

    /// The end of quote, plus, quote at `start`.
    private static func seam(_ text: Span<UInt8>, _ start: Int) -> Int? {
        var index = start
        while index < text.count, isQuote(text[index]) || text[index] <= 0x20 || text[index] == UInt8(ascii: "\\"),
            index - start < 6
        {
            index += 1
        }
        guard byte(text, index) == UInt8(ascii: "+") else { return nil }
        index += 1
        let after = index
        while index < text.count, text[index] <= 0x20 || text[index] == UInt8(ascii: "\\"), index - after < 6 {
            index += 1
        }
        guard index < text.count, isQuote(text[index]) else { return nil }
        return index + 1
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`")
    }
}

extension Span<UInt8> {
    func isOne(of words: [StaticString], at index: Int) -> Bool { words.contains { hasPrefix($0, at: index) } }

    func isOne(of words: [StaticString], endingAt end: Int) -> Bool {
        words.contains { hasPrefix($0, at: end - $0.utf8CodeUnitCount) }
    }
}
