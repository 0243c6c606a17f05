/// What the engine thinks of a request, and why.
package struct InspectionVerdict: Sendable, Equatable {
    package enum Action: String, Sendable {
        case allow
        case alert
        case block
    }

    /// 0 (nothing found) up to, but never reaching, 1.
    package var score: Double
    package var action: Action
    /// The strongest first; the model's word stands last.
    package var findings: [Finding]
    /// False when a limit kept part of the request from being looked at; the limits themselves are findings too.
    package var isComplete: Bool

    package var category: FindingCategory? { findings.first?.category }

    package static let clean = InspectionVerdict(score: 0, action: .allow, findings: [], isComplete: true)
}

/// One rule that matched one value.
package struct Finding: Sendable, Equatable {
    package var ruleID: String
    package var title: String
    package var category: FindingCategory
    package var variable: Variable
    /// The argument's, header's, cookie's or member's name; empty for the path and the like.
    package var parameter: String
    /// Both in a word: `argument:comment`.
    package var place: String { parameter.isEmpty ? variable.name : "\(variable.name):\(parameter)" }
    /// The bytes that matched, after decoding, at most `InspectionLimits.maximumEvidence` of them.
    package var matched: [UInt8]
    /// Where they start in the decoded value.
    package var offset: Int
    /// This finding's own weight, 0…1.
    package var weight: Double
    /// What would have to be configured to let this pass: the narrowest exclusion.
    package var silencedBy: Exclusion
    /// The same in the language of the rule set, where a rule of one found it.
    package var silencedByDirective: String?
}

/// Several findings into one score: the chance that not all of them are coincidences, as if they were independent.
/// A category's second finding counts three quarters, its third nine sixteenths, and so on: rules about one thing are
/// not independent. What the learned model says is about no category: it counts in full, and does not discount others.
enum Score {
    private static let discounts = [1, 0.75, 0.5625, 0.42, 0.32, 0]

    /// Of what is weak no number blocks: it is mostly one text about attacks.
    private static let mostOfWeak = 0.75

    static func combine(_ findings: [Finding]) -> Double {
        var seen: [FindingCategory: Int] = [:]
        var innocence = 1.0
        for finding in findings.sorted(by: { $0.weight > $1.weight }) {
            guard finding.ruleID != InspectionModel.ruleID else {
                innocence *= 1 - finding.weight
                continue
            }
            let earlier = seen[finding.category, default: 0]
            seen[finding.category] = earlier + 1
            innocence *= 1 - finding.weight * discounts[min(earlier, discounts.count - 1)]
        }
        let isWeak = findings.allSatisfy {
            $0.weight <= Confidence.weak.rawValue || $0.ruleID == InspectionModel.ruleID
        }
        return isWeak ? min(1 - innocence, mostOfWeak) : 1 - innocence
    }
}
