/// The grammars that rules can ask by name.
package enum Grammar: Sendable, CaseIterable {
    case sql
    case markup
    case shell
    case path
    case url
    case template

    package func judge(_ text: Span<UInt8>) -> GrammarVerdict? {
        switch self {
        case .sql: SQLGrammar.judge(text)
        case .markup: MarkupGrammar.judge(text)
        case .shell: ShellGrammar.judge(text)
        case .path: PathGrammar.judge(text)
        case .url: URLGrammar.judge(text)
        case .template: TemplateGrammar.judge(text)
        }
    }
}
