internal import PatternMatching

/// What `@detectSQLi` and `@detectXSS` ask. The engine does not know how they judge, but for this: a text without any of
/// `neededBytes` is none to them.
package struct SecLangGrammars: Sendable {
    /// The fingerprint of the injection, for the log; nil if the text is none.
    package var sqlInjection: @Sendable (Span<UInt8>) -> [UInt8]?
    package var crossSiteScripting: @Sendable (Span<UInt8>) -> Bool

    package init(
        sqlInjection: @escaping @Sendable (Span<UInt8>) -> [UInt8]?,
        crossSiteScripting: @escaping @Sendable (Span<UInt8>) -> Bool
    ) {
        self.sqlInjection = sqlInjection
        self.crossSiteScripting = crossSiteScripting
    }

    /// As the built-in rule that asks the grammar has it; nothing is needed where several do.
    static func neededBytes(_ grammar: Grammar) -> [ByteSet] {
        let rules = BuiltInRules.all.filter { rule in
            guard case .grammar(let asked) = rule.condition else { return false }
            return asked == grammar
        }
        return rules.count == 1 ? rules[0].bytes : []
    }

    /// Our grammars know no fingerprints: what they found is said by what it is.
    package static let standard = {
        let (sql, markup) = (neededBytes(.sql), neededBytes(.markup))
        return SecLangGrammars(
            sqlInjection: { has(sql, $0) && SQLGrammar.isInjection($0) ? Array("sql".utf8) : nil },
            crossSiteScripting: { has(markup, $0) && MarkupGrammar.isInjection($0) })
    }()

    private static func has(_ needed: [ByteSet], _ text: Span<UInt8>) -> Bool {
        let bytes = ByteSet(of: text)
        return needed.allSatisfy { $0.intersects(bytes) }
    }
}
