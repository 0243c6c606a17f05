/// The rules that come with the product. They are ours, written for precision: each names a structure that has no
/// business in a value, not a word that might.
package enum BuiltInRules {
    package static let version = "builtin-1"

    package static let all: [Rule] =
        SQLInjectionRules.all + ScriptingRules.all + CommandRules.all + CodeRules.all + PathRules.all
        + OutboundRules.all + MarkupRules.all + QueryLanguageRules.all + ProtocolRules.all

    /// Made once a process: it takes longer than judging a thousand requests.
    static let program = Result { () throws(InspectionFailure) in try RuleProgram(all) }
}

extension InspectionEngine {
    package static func builtIn(limits: InspectionLimits = .standard) throws(InspectionFailure) -> InspectionEngine {
        InspectionEngine(sharing: try BuiltInRules.program.get(), version: BuiltInRules.version, limits: limits)
    }
}

extension [Transformation] {
    /// Everything that hides text undone, line breaks kept.
    static let lines: [Transformation] = [.unescape, .foldUnicode, .removeNulls, .lowercase]
    static let text: [Transformation] = lines + [.compressWhitespace]
    static let sql: [Transformation] = text + [.replaceSQLComments]
    static let shell: [Transformation] = text + [.unquoteShell]
    static let path: [Transformation] = text + [.normalizePath]
    static let joined: [Transformation] = lines + [.removeWhitespace]
}
