/// Why a rule set cannot be used.
package enum InspectionFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case duplicateRule(id: String)
    case tooManyRules(count: Int, maximum: Int)
    case malformedRule(id: String, reason: String)
    /// A rule file in the SecLang language.
    case malformedRules(file: String, line: Int, reason: String, fix: String)
    case outOfMemory

    package var description: String {
        switch self {
        case .duplicateRule(let id): "two rules are called \(id); give one another name"
        case .tooManyRules(let count, let maximum): "\(count) rules are more than the \(maximum) one engine holds"
        case .malformedRule(let id, let reason): "rule \(id) cannot be used: \(reason)"
        case .malformedRules(let file, let line, let reason, let fix):
            line == 0 ? "\(reason); \(fix)" : "\(file), line \(line): \(reason); \(fix)"
        case .outOfMemory: "there is no memory left for an inspection's working space"
        }
    }
}
