internal import PatternMatching

/// Numbers the rules by phase and order and resolves what they name.
struct RuleCompiler {
    private struct Placed {
        var definition: RuleDefinition
        var index: Int
        var next: Int
    }

    private var placed: [Placed] = []
    private(set) var phases: [Range<Int>] = [0..<0]
    var names = CellNames()
    private var patterns: [[UInt8]: Pattern] = [:]
    private var place = (file: "", line: 0)

    init(_ set: RuleSet) {
        for phase in 1...5 {
            let first = placed.count
            var waiting: [(marker: [UInt8], rule: Int)] = []
            for item in set.items {
                switch item {
                case .marker(let name):
                    for wait in waiting where wait.marker == name { placed[wait.rule].next = placed.count }
                    waiting.removeAll { $0.marker == name }
                case .rule(let definition) where definition.phase == phase:
                    let index = placed.count
                    if let marker = definition.skipAfter { waiting.append((marker, index)) }
                    placed.append(Placed(definition: definition, index: index, next: index + 1 + definition.skip))
                case .rule: break
                }
            }
            // A marker that does not come skips the rest of the phase.
            for wait in waiting { placed[wait.rule].next = placed.count }
            phases.append(first..<placed.count)
        }
    }

    mutating func compile() throws(InspectionFailure) -> [CompiledRule] {
        var rules: [CompiledRule] = []
        for item in placed {
            place = (item.definition.file, item.definition.line)
            do {
                rules.append(try compile(item))
            } catch {
                throw .malformedRules(file: place.file, line: place.line, reason: error.reason, fix: error.fix)
            }
        }
        return rules
    }

    private mutating func compile(_ item: Placed) throws(RuleTextProblem) -> CompiledRule {
        var links: [CompiledLink] = []
        for link in item.definition.links {
            place.line = link.line
            links.append(try compile(link))
        }
        return CompiledRule(
            index: item.index, item.definition, links,
            message: try CompiledMacro(item.definition.message, &names),
            logData: try CompiledMacro(item.definition.logData, &names),
            next: min(item.next, phases[item.definition.phase].upperBound))
    }

    private mutating func compile(_ link: RuleLink) throws(RuleTextProblem) -> CompiledLink {
        var targets: [CompiledTarget] = []
        var exclusions: [CompiledTarget] = []
        for target in link.targets {
            let compiled = try names.compile(target)
            if target.isExclusion { exclusions.append(compiled) } else { targets.append(compiled) }
        }
        var effects: [CompiledEffect] = []
        for effect in link.effects { effects += try compile(effect) }
        return CompiledLink(
            link, targets: targets, exclusions: exclusions, test: try compile(link.condition), effects: effects)
    }

    // MARK: Operators

    private mutating func compile(_ condition: RuleOperator) throws(RuleTextProblem) -> CompiledTest {
        switch condition {
        case .regex(let text): return .regex(try pattern(text))
        case .composedRegex(let macro): return .composedRegex(try CompiledMacro(macro, &names))
        case .phrases(let phrases): return .phrases(PhraseSet(phrases))
        case .text(let test, let macro): return .text(test, try CompiledMacro(macro, &names))
        case .number(let comparison, let macro): return .number(comparison, try CompiledMacro(macro, &names))
        case .addresses(let texts): return .addresses(try AddressSet(texts))
        case .bytesOutside(let bytes): return .bytesOutside(bytes)
        case .malformedURLEncoding: return .malformedURLEncoding
        case .malformedUTF8: return .malformedUTF8
        case .sqlInjection: return .sqlInjection
        case .crossSiteScripting: return .crossSiteScripting
        case .identity(let kind, let text): return .identity(kind, try pattern(text))
        case .always: return .always
        case .never: return .never
        }
    }

    private mutating func pattern(_ text: [UInt8]) throws(RuleTextProblem) -> Pattern {
        if let known = patterns[text] { return known }
        do {
            let made = try Pattern(text, SecLangProgram.patternOptions)
            patterns[text] = made
            return made
        } catch {
            throw RuleTextProblem("\(error)", "correct the regular expression")
        }
    }

    // MARK: Effects

    private mutating func compile(_ effect: RuleAction) throws(RuleTextProblem) -> [CompiledEffect] {
        switch effect {
        case .assign(let variable, let name, let change):
            let compiled = try CompiledMacro(name, &names)
            let cell = name.literal.map { names.cell(variable, $0) }
            let place = cell.map { CompiledEffect.Place.cell($0) } ?? .named(variable, compiled)
            return [.assign(place, try compile(change))]
        case .collection(let variable, let key): return [.openCollection(variable, try CompiledMacro(key, &names))]
        case .control(let control): return try compile(control)
        default: return []
        }
    }

    private mutating func compile(
        _ change: RuleAction.Assignment
    ) throws(RuleTextProblem) -> CompiledEffect.Change {
        switch change {
        case .set(let text): .set(try CompiledMacro(text, &names))
        case .add(let text): .add(try CompiledMacro(text, &names))
        case .subtract(let text): .subtract(try CompiledMacro(text, &names))
        case .unset: .unset
        }
    }

    private mutating func compile(_ control: RuleAction.Control) throws(RuleTextProblem) -> [CompiledEffect] {
        switch control {
        case .ruleEngine(let mode): return [.engine(mode)]
        case .requestBodyProcessor(let name): return [.bodyProcessor(BodyProcessor(name))]
        case .forceRequestBodyVariable(let isOn): return [.forceBody(isOn)]
        case .requestBodyAccess(let isOn): return [.requestBodyAccess(isOn)]
        case .responseBodyAccess(let isOn): return [.responseBodyAccess(isOn)]
        case .audit: return []
        case .removeByID(let ids): return [.removeRules(rules { ids.contains($0.id) })]
        case .removeByTag(let tag):
            let matches = try textMatcher(tag)
            return [.removeRules(rules { $0.tags.contains(where: matches) })]
        case .removeByMessage(let text):
            let matches = try textMatcher(text)
            return [.removeRules(rules { matches($0.message.literal ?? []) })]
        case .removeTargetByID(let ids, let target):
            return [.removeTargets(rules { ids.contains($0.id) }, try names.compile(target))]
        case .removeTargetByTag(let tag, let target):
            let matches = try textMatcher(tag)
            return [.removeTargets(rules { $0.tags.contains(where: matches) }, try names.compile(target))]
        case .removeTargetByMessage(let text, let target):
            let matches = try textMatcher(text)
            return [.removeTargets(rules { matches($0.message.literal ?? []) }, try names.compile(target))]
        }
    }

    private func rules(where isMeant: (RuleDefinition) -> Bool) -> BitTable {
        placed.reduce(into: BitTable(count: placed.count)) { table, item in
            if isMeant(item.definition) { table.insert(item.index) }
        }
    }

    private func textMatcher(_ text: [UInt8]) throws(RuleTextProblem) -> ([UInt8]) -> Bool {
        try TextMatcher(text).matches
    }
}

/// A tag or message that directives name by a regular expression.
final class TextMatcher {
    private let pattern: Pattern
    private let scratch: MatchScratch

    init(_ text: [UInt8]) throws(RuleTextProblem) {
        do {
            pattern = try Pattern(text, [.dotMatchesNewlines, .caseInsensitive])
            scratch = try MatchScratch()
        } catch {
            throw RuleTextProblem("\(error)", "correct the pattern")
        }
    }

    func matches(_ text: [UInt8]) -> Bool { pattern.firstMatch(in: text.span, scratch) != .noMatch }
}
