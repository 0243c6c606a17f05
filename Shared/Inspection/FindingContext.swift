internal import PatternMatching

/// Where a finding stands in its value. An attack ends what the application wrote and goes on in the application's own
/// language: what stands in the middle of sentences, or in a listing after them, is being written about.
///
/// A finding so placed still counts, but not enough to block alone.
struct FindingContext {
    private let rule: Rule
    private let value: ValueTable.Value
    private let matched: Range<Int>

    init(_ rule: Rule, _ value: ValueTable.Value, _ matched: Range<Int>) {
        self.rule = rule
        self.value = value
        self.matched = matched
    }

    /// - Parameter form: the decoded value in which the rule matched.
    func isHarmless(_ table: borrowing ValueTable, form: Range<Int>) -> Bool {
        let text = table.bytes.span.extracting(form)
        let whole = table.bytes.span.extracting(value.bytes)
        switch rule.category {
        case .codeInjection, .templateInjection:
            // The form may have lost its spaces; the value is no shorter.
            return Prose.precedes(matched.lowerBound, in: text) || Prose.precedes(matched.lowerBound, in: whole)
                || Prose.surrounds(matched, in: text, whole)
                || rule.id == "code.script-runtime" && isTraceback(whole)
        case .crossSiteScripting:
            return rule.isAboutCode && Prose.precedes(matched.lowerBound, in: text)
                || isScriptSample(table.bytes.span.extracting(value.name))
        case .sqlInjection where Self.aboutStatements.contains(rule.id) && isPrepared(whole): return true
        case .sqlInjection, .directoryInjection, .noSQLInjection:
            // What is found by a name alone is found anywhere in the text.
            if matched.count == text.count { return Prose.words(whole, 0..<whole.count, atLeast: 20) }
            return Prose.surrounds(matched, in: text, whole)
        case .commandInjection:
            // Programs between backticks, or named by their paths, are how documentation writes them.
            let first = matched.lowerBound < text.count ? text[matched.lowerBound] : 0
            let isNamed = rule.isAboutFiles || first == UInt8(ascii: "`") || first == UInt8(ascii: "$")
            let isLine = first == 0x0a && Prose.isListing(whole)
            return (isNamed || isLine) && Prose.words(whole, 0..<whole.count, atLeast: 3)
                || Prose.surrounds(matched, in: text, whole)
        // A letter quoted in a letter.
        case .headerInjection: return Prose.isListing(whole) && Prose.words(whole, 0..<whole.count, atLeast: 6)
        // No file is opened whose name has sentences in it, or a link's brackets around it.
        case .pathTraversal:
            // The match has the byte before the step or begins behind it.
            let isApart = [matched.lowerBound - 1, matched.lowerBound].contains {
                text.indices.contains($0) && (text[$0] <= 0x20 || text[$0] == UInt8(ascii: "("))
            }
            // `win.ini location`: nobody opens what a word follows.
            if rule.id == "path.system-file", matched.lowerBound == 0, matched.upperBound < text.count,
                text[matched.upperBound] == 0x20, Prose.words(text, matched.upperBound..<text.count, atLeast: 1)
            {
                return true
            }
            return Prose.words(whole, 0..<whole.count, atLeast: rule.isAboutFiles || isApart ? 2 : 5)
        case .serverSideRequestForgery:
            return isOwnAddress(table.bytes.span.extracting(value.name), whole)
                || value.variable != .xmlMarkup && Prose.words(whole, 0..<whole.count, atLeast: 3)
        default: return false
        }
    }

    /// What a browser tells of the script that a page's policy (CSP) kept from running.
    private func isScriptSample(_ name: Span<UInt8>) -> Bool {
        value.variable == .jsonValue
            && (name.count == 13 && name.hasPrefix("script-sample", at: 0)
                || name.count == 6 && name.hasPrefix("sample", at: 0))
    }

    /// It quotes the lines of Python that failed. What else stands behind such a beginning other rules judge, unforgiving.
    private func isTraceback(_ text: Span<UInt8>) -> Bool {
        text.hasPrefix("traceback (most recent call last):\n  file \"", at: 0)
    }

    /// Rules that a whole statement meets by being one.
    private static let aboutStatements = ["sqli.select-from", "sqli.statement", "sqli.structure"]

    /// A whole statement as programs log it, its values left out: `select … where a = ?`. What is injected has values.
    private func isPrepared(_ text: Span<UInt8>) -> Bool {
        guard text.isOne(of: ["select ", "insert ", "update ", "delete "], at: 0), text.placeOfQuote() == text.count,
            !text.contains("--"), !text.contains("/*")
        else { return false }
        return text.contains("= ?") || text.contains("=?") || text.contains("(?") || text.contains("= $1")
            || text.contains("=$1") || text.contains("($1")
    }

    /// RFC 8252, 7.3: a program on the user's own machine waits for its answer at a port of the loopback address.
    private func isOwnAddress(_ name: Span<UInt8>, _ text: Span<UInt8>) -> Bool {
        name.count == 12 && name.hasPrefix("redirect_uri", at: 0)
            && text.isOne(
                of: [
                    "http://127.0.0.1:", "http://[::1]:", "http://localhost:", "https://127.0.0.1:",
                    "https://localhost:",
                ],
                at: 0)
    }
}
