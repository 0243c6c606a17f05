internal import PatternMatching

/// What `@detectSQLi` and `@detectXSS` ask. The engine does not know how they judge.
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

    /// Our grammars know no fingerprints: what they found is said by what it is.
    package static let standard = SecLangGrammars(
        sqlInjection: { SQLGrammar.isInjection($0) ? Array("sql".utf8) : nil },
        crossSiteScripting: { MarkupGrammar.isInjection($0) })
}
