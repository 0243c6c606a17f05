/// Why a rule set cannot be used.
package enum InspectionFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case duplicateRule(id: String)
    case tooManyRules(count: Int, maximum: Int)
    case malformedRule(id: String, reason: String)
    case outOfMemory

    package var description: String {
        switch self {
        case .duplicateRule(let id): "two rules are called \(id); give one another name"
        case .tooManyRules(let count, let maximum): "\(count) rules are more than the \(maximum) one engine holds"
        case .malformedRule(let id, let reason): "rule \(id) cannot be used: \(reason)"
        case .outOfMemory: "there is no memory left for an inspection's working space"
        }
    }
}
