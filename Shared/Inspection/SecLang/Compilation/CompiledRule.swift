internal import PatternMatching

/// What happens when a value matches.
enum CompiledEffect: Sendable {
    enum Place: Sendable {
        case cell(Int)
        case named(SecLangVariable, CompiledMacro)
    }

    enum Change: Sendable {
        case set(CompiledMacro)
        case add(CompiledMacro)
        case subtract(CompiledMacro)
        case unset
    }

    case assign(Place, Change)
    case openCollection(SecLangVariable, CompiledMacro)
    case engine(SecLangMode)
    case bodyProcessor(BodyProcessor)
    case forceBody(Bool)
    case requestBodyAccess(Bool)
    case responseBodyAccess(Bool)
    case removeRules(BitTable)
    case removeTargets(BitTable, CompiledTarget)

    /// Whether it does the same for every request.
    var isConstant: Bool {
        guard case .assign(.cell, let change) = self else { return false }
        switch change {
        case .set(let text), .add(let text), .subtract(let text): return text.isConstant
        case .unset: return true
        }
    }
}

/// One SecRule of a chain, ready. A class, as its rule is.
final class CompiledLink: Sendable {
    let targets: [CompiledTarget]
    /// Members that are taken out again, whichever target names them.
    let exclusions: [CompiledTarget]
    let isUnconditional: Bool
    let test: CompiledTest
    let isNegated: Bool
    let transformations: [SecLangTransformation]
    let isCapturing: Bool
    let isMultiMatch: Bool
    let effects: [CompiledEffect]
    /// Whether the values and the answer are known as soon as the request is.
    let isPure: Bool
    /// Whether nothing of the request comes into it.
    let isConstant: Bool

    init(
        _ link: RuleLink, targets: [CompiledTarget], exclusions: [CompiledTarget], test: CompiledTest,
        effects: [CompiledEffect]
    ) {
        self.targets = targets
        self.exclusions = exclusions
        self.test = test
        self.effects = effects
        isUnconditional = link.targets.isEmpty
        isNegated = link.isNegated
        transformations = link.transformations
        isCapturing = link.isCapturing
        isMultiMatch = link.isMultiMatch
        isConstant =
            exclusions.isEmpty && targets.allSatisfy { $0.cell != nil } && test.isConstant
            && effects.allSatisfy(\.isConstant)
        isPure = !targets.isEmpty && test.isPure && targets.allSatisfy { !$0.isCount && !$0.kinds.isEmpty }
    }
}

/// A rule, ready. A class so that handing it around is one counter.
final class CompiledRule: Sendable {
    let index: Int
    let definition: RuleDefinition
    let links: [CompiledLink]
    let message: CompiledMacro
    let logData: CompiledMacro
    /// Where evaluation goes on after a match.
    let next: Int
    /// `&REQUEST_HEADERS:Host @eq 0` and the like: how many values there are, compared with a number.
    let quickCount: (comparison: RuleOperator.Comparison, operand: Int)?
    /// It looks at nothing but what rules wrote, and only writes there.
    let isConstant: Bool
    /// Whether a match is worth telling: flow control is not.
    let isReported: Bool

    init(
        index: Int, _ definition: RuleDefinition, _ links: [CompiledLink], message: CompiledMacro,
        logData: CompiledMacro, next: Int
    ) {
        self.index = index
        self.definition = definition
        self.links = links
        self.message = message
        self.logData = logData
        self.next = next
        isReported = definition.isLogged || definition.disruption != .pass
        let first = links[0]
        if first.targets.count == 1, first.targets[0].isCount, !first.targets[0].kinds.isEmpty,
            first.transformations.isEmpty, case .number(let comparison, let macro) = first.test, macro.literal != nil
        {
            quickCount = (comparison, macro.number)
        } else {
            quickCount = nil
        }
        isConstant = links.allSatisfy(\.isConstant)
    }
}

/// How a request's body is taken apart.
enum BodyProcessor: Sendable, Equatable {
    case none
    case urlEncoded
    case multipart
    case xml
    case json

    init(_ name: String) {
        self =
            switch name {
            case "URLENCODED": .urlEncoded
            case "MULTIPART": .multipart
            case "XML": .xml
            case "JSON": .json
            default: .none
            }
    }

    var name: StaticString {
        switch self {
        case .none: ""
        case .urlEncoded: "URLENCODED"
        case .multipart: "MULTIPART"
        case .xml: "XML"
        case .json: "JSON"
        }
    }
}
