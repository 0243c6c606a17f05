internal import Core
internal import PatternMatching

/// Judges requests by rules. Immutable after `init`: any number of threads share one engine, each with its own scratch.
///
/// The cost of a request is bounded by `InspectionLimits`; there is no I/O, no lock, and no allocation unless something
/// is found. A value's transformations are computed at most once each, and only while some rule still needs them; a
/// rule's pattern runs only if the value has the bytes and one of the literals that the pattern cannot do without.
package final class InspectionEngine: Sendable {
    package let limits: InspectionLimits
    private let rulesVersion: String
    private let models = Published<InspectionModel?>(nil)
    private let program: RuleProgram
    /// False only in the test that compares.
    private let usesGates: Bool

    package convenience init(
        rules: [Rule], version: String, limits: InspectionLimits = .standard
    ) throws(InspectionFailure) {
        try self.init(rules: rules, version: version, limits: limits, usesGates: true)
    }

    init(rules: [Rule], version: String, limits: InspectionLimits, usesGates: Bool) throws(InspectionFailure) {
        program = try RuleProgram(rules)
        rulesVersion = version
        self.limits = limits
        self.usesGates = usesGates
    }

    /// Programs never change: engines may share one.
    init(sharing program: RuleProgram, version: String, limits: InspectionLimits, usesGates: Bool = true) {
        self.program = program
        rulesVersion = version
        self.limits = limits
        self.usesGates = usesGates
    }

    /// With the same rules, and a model of its own: none until it is given one.
    package func twin() -> InspectionEngine {
        InspectionEngine(sharing: program, version: rulesVersion, limits: limits, usesGates: usesGates)
    }

    package var rules: [Rule] { program.rules }

    /// Changes whenever a verdict may change, so that a stored verdict can be told from today's.
    package var version: String {
        guard let model else { return rulesVersion }
        return "\(rulesVersion)+\(model.name)"
    }

    /// What was learned; nil judges by rules and grammars alone. May be replaced at any time: each thread sees the new
    /// one with its next request.
    package var model: InspectionModel? { models.current }
    package func use(_ model: InspectionModel?) { models.update { $0 = model } }

    /// Puts a model file's bytes in force and returns the model's name; what is wrong with them is thrown first.
    package func use(bytes: [UInt8]) throws(ModelFailure) -> String {
        let model = try InspectionModel(bytes)
        use(model)
        return model.name
    }

    package func inspect(
        _ request: InspectedRequest, _ policy: InspectionPolicy = .standard, _ scratch: inout InspectionScratch
    ) -> InspectionVerdict {
        guard policy.mode != .off else { return .clean }
        scratch.reset(limits, program)
        RequestValues.collect(request, limits, into: &scratch.table)
        judgeValues(policy, &scratch)
        addAnomalies(policy, &scratch)
        return verdict(policy, opinion(policy, &scratch), &scratch)
    }

    // MARK: One value

    private func judgeValues(_ policy: InspectionPolicy, _ scratch: inout InspectionScratch) {
        var index = 0
        // Deriving appends, so the count is read anew each time; what is derived is not derived from again.
        while index < scratch.table.values.count, scratch.findings.count < limits.maximumFindings {
            let value = scratch.table.values[index]
            let place = usesGates && !value.isDerived ? scratch.dullPlace(of: value) : nil
            if let place, scratch.isDull(value, at: place) {
                index += 1
                continue
            }
            let count = scratch.table.values.count
            scratch.isDull = true
            // Of JSON in a value the members are judged: its own quotes and brackets would look like an attack's.
            if value.isDerived || !deriveMembers(value.variable, value.bytes, &scratch) {
                judge(value, policy, &scratch)
                while scratch.places.count < scratch.findings.count { scratch.places.append(index) }
                if !value.isDerived { derive(from: value, &scratch) }
            }
            scratch.note(index, place, derived: count..<scratch.table.values.count)
            index += 1
        }
        if index == scratch.table.values.count { scratch.rememberParents() }
    }

    private func judge(_ value: ValueTable.Value, _ policy: InspectionPolicy, _ scratch: inout InspectionScratch) {
        let end = scratch.table.bytes.count
        scratch.computed = 0
        scratch.scanned = 0
        scratch.classes = program.gates.classes.find(in: scratch.table.bytes.span.extracting(value.bytes))
        let rules = usesGates ? candidates(for: value, &scratch) : self.rules(for: value.variable) & ~scratch.found
        guard !rules.isEmpty else { return }
        if scratch.computed == 0 { setForm(0, value.bytes, scratch.classes, &scratch) }
        evaluate(rules, value, policy, &scratch)
        if scratch.table.bytes.count > end { scratch.table.bytes.removeLast(scratch.table.bytes.count - end) }
    }

    /// The rules that the gates leave.
    private func candidates(for value: ValueTable.Value, _ scratch: inout InspectionScratch) -> RuleBits {
        let end = scratch.table.bytes.count
        var node = 0
        if scratch.classes.intersects(program.gates.hiding) {
            setForm(0, value.bytes, scratch.classes, &scratch)
            node = computeForm(at: program.base, &scratch)
        }
        guard node != 0 else {
            let passed = pass(value.bytes, scratch.classes, value.variable, among: ~.zero, &scratch)
            return passed.isEmpty ? .zero : rules(behind: passed, value.bytes, scratch.classes, &scratch)
        }
        let base = scratch.forms[node]
        var passed = pass(base.bytes, base.classes, value.variable, among: ~program.gates.raw, &scratch)
        passed |= pass(value.bytes, scratch.classes, value.variable, among: program.gates.raw, &scratch)
        let rules = passed.isEmpty ? .zero : rules(behind: passed, base.bytes, base.classes, &scratch)
        if rules.isEmpty { scratch.table.bytes.removeLast(scratch.table.bytes.count - end) }
        return rules
    }

    /// The rules whose gates these are, but for those whose grammar has nothing to say about the value (its escapes undone).
    private func rules(
        behind gates: RuleBits, _ base: Range<Int>, _ classes: ByteClasses.Found, _ scratch: inout InspectionScratch
    ) -> RuleBits {
        var rest = gates
        var rules = RuleBits.zero
        while let gate = rest.popFirst() { rules.insert(program.gates.ruleOf[gate]) }
        var direct = rules & program.direct
        while let rule = direct.popFirst() {
            if !mayFind(rule, base, classes, &scratch) { rules.remove(rule) }
        }
        return rules
    }

    /// Asks the rule's grammar before the form is computed that the rule is about: mostly it has nothing to say.
    private func mayFind(
        _ rule: Int, _ form: Range<Int>, _ classes: ByteClasses.Found, _ scratch: inout InspectionScratch
    ) -> Bool {
        guard let grammar = program.grammars[rule] else { return true }
        guard program.unquoting.contains(rule), classes.intersects(program.gates.quoting)
        else { return grammar.judge(scratch.table.bytes.span.extracting(form)) != nil }
        scratch.output.removeAll(keepingCapacity: true)
        _ = scratch.table.transform(form, .unquoteShell, into: &scratch.output, spare: &scratch.spare)
        return grammar.judge(scratch.output.span) != nil
    }

    private func rules(for variable: Variable) -> RuleBits {
        rules.indices.reduce(into: RuleBits.zero) { set, index in
            if rules[index].variables.contains(variable) { set.insert(index) }
        }
    }

    private func pass(
        _ form: Range<Int>, _ classes: ByteClasses.Found, _ variable: Variable, among wanted: RuleBits,
        _ scratch: inout InspectionScratch
    ) -> RuleBits {
        let all = scratch.possible.gates(program.gates, variable, classes) & wanted
        let possible = all & ~scratch.fired
        // A rule that was found is not asked again in the same request: what it passes over may not be dull.
        if possible != all { scratch.isDull = false }
        guard !possible.isEmpty else { return possible }
        return program.gates.passed(possible, scratch.table, form, classes, &scratch.output)
    }

    private func evaluate(
        _ rules: RuleBits, _ value: ValueTable.Value, _ policy: InspectionPolicy, _ scratch: inout InspectionScratch
    ) {
        var nodes = program.nodes(of: rules)
        while nodes != 0 {
            let index = nodes.trailingZeroBitCount
            nodes &= nodes &- 1
            var candidates = rules & program.nodes[index].rules
            let original = computeForm(at: index, &scratch)
            while let rule = candidates.popFirst() {
                guard meets(rule, original, &scratch),
                    let finding = evaluate(rule, value, at: original, policy, &scratch)
                else { continue }
                scratch.findings.append(finding)
                scratch.found.insert(rule)
                scratch.fired |= program.gates.gatesOfRule[rule]
            }
        }
    }

    /// Computes a node's form, and those on the way to it, unless it is known; returns the node whose form it is.
    @discardableResult
    private func computeForm(at index: Int, _ scratch: inout InspectionScratch) -> Int {
        let bit = 1 as UInt64 &<< UInt64(index)
        if scratch.computed & bit != 0 { return scratch.forms[index].original }
        guard scratch.forms[0].classes.intersects(program.nodes[index].allTriggers) else {
            scratch.computed |= bit
            scratch.forms[index].original = 0
            return 0
        }
        let parent = computeForm(at: program.nodes[index].parent, &scratch)
        scratch.computed |= bit
        scratch.forms[index].original = parent
        guard let transformation = program.nodes[index].transformation,
            scratch.forms[parent].classes.intersects(program.nodes[index].triggers)
        else { return parent }
        if transformation == .lowercase {
            setLowercase(index, of: parent, &scratch)
            return index
        }
        scratch.output.removeAll(keepingCapacity: true)
        let changed = scratch.table.transform(
            scratch.forms[parent].bytes, transformation, into: &scratch.output, spare: &scratch.spare)
        guard changed else { return parent }
        let start = scratch.table.bytes.count
        scratch.table.bytes.append(contentsOf: scratch.output)
        let form = start..<scratch.table.bytes.count
        setForm(index, form, program.gates.classes.find(in: scratch.table.bytes.span.extracting(form)), &scratch)
        return index
    }

    /// Neither the sets of bytes nor the literals tell letter case apart.
    private func setLowercase(_ index: Int, of parent: Int, _ scratch: inout InspectionScratch) {
        var form = scratch.forms[parent]
        form.bytes = scratch.table.appendLowercase(form.bytes)
        form.classes &= ~program.nodes[index].triggers
        form.original = index
        scratch.forms[index] = form
        if scratch.scanned & (1 &<< UInt64(parent)) != 0 {
            scratch.literalHits[index] = scratch.literalHits[parent]
            scratch.scanned |= 1 &<< UInt64(index)
        }
    }

    private func setForm(
        _ index: Int, _ bytes: Range<Int>, _ classes: ByteClasses.Found, _ scratch: inout InspectionScratch
    ) {
        scratch.computed |= 1 &<< UInt64(index)
        scratch.forms[index] = InspectionScratch.Form(bytes: bytes, classes: classes, original: index)
    }

    /// Whether a form has the bytes and one of the literals that the rule asks for; they are looked for once a form.
    private func meets(_ rule: Int, _ form: Int, _ scratch: inout InspectionScratch) -> Bool {
        guard scratch.forms[form].classes.contains(program.required[rule]) else { return false }
        guard program.hasLiterals.contains(rule) else { return true }
        let bit = 1 as UInt64 &<< UInt64(form)
        if scratch.scanned & bit == 0 {
            scratch.literalHits[form] = program.literals.scan(
                scratch.table.bytes.span.extracting(scratch.forms[form].bytes))
            scratch.scanned |= bit
        }
        return scratch.literalHits[form].contains(rule)
    }

    private func evaluate(
        _ index: Int, _ value: ValueTable.Value, at form: Int, _ policy: InspectionPolicy,
        _ scratch: inout InspectionScratch
    ) -> Finding? {
        let range = scratch.forms[form].bytes
        let matched: Range<Int>
        var weight = program.rules[index].confidence.rawValue
        switch program.conditions[index] {
        case .literal: matched = 0..<range.count
        case .longerThan(let length):
            guard range.count > length else { return nil }
            matched = length..<range.count
        case .oneOf(let values):
            guard values.contains(Array(scratch.table.bytes[range])) else { return nil }
            matched = 0..<range.count
        case .grammar(let grammar):
            guard let judgement = grammar.judge(scratch.table.bytes.span.extracting(range)) else { return nil }
            matched = judgement.range
            weight = judgement.confidence.rawValue
        case .pattern(let pattern):
            switch pattern.firstMatch(in: scratch.table.bytes.span.extracting(range), scratch.match) {
            case .noMatch: return nil
            case .match(let place): matched = place
            case .limitReached:
                scratch.table.anomalies.insert(.patternLimit)
                scratch.isDull = false
                return nil
            }
        }
        scratch.isDull = false
        let rule = program.rules[index]
        let context = FindingContext(rule, value, matched)
        if weight > Confidence.weak.rawValue, context.isHarmless(scratch.table, form: range) {
            weight = Confidence.weak.rawValue
        }
        return finding(rule, value, range, matched, policy, scratch.table, weight: weight)
    }

    private func finding(
        _ rule: Rule, _ value: ValueTable.Value, _ range: Range<Int>, _ matched: Range<Int>,
        _ policy: InspectionPolicy, _ table: ValueTable, weight: Double
    ) -> Finding? {
        let parameter = String(decoding: table.bytes[value.name].prefix(limits.maximumEvidence), as: UTF8.self)
        let isExcluded = policy.exclusions.contains {
            $0.covers(route: policy.route, rule: rule.id, parameter: parameter)
        }
        guard !isExcluded else { return nil }
        let start = range.lowerBound + matched.lowerBound
        let evidence = table.bytes[start..<min(range.lowerBound + matched.upperBound, start + limits.maximumEvidence)]
        return Finding(
            ruleID: rule.id, title: rule.title, category: rule.category, variable: value.variable,
            parameter: parameter, matched: Array(evidence), offset: matched.lowerBound,
            weight: weight,
            silencedBy: Exclusion(
                route: policy.route.isEmpty ? nil : policy.route, rule: rule.id,
                parameter: parameter.isEmpty ? nil : parameter))
    }

    /// What an application may decode once more before it uses the value.
    private func derive(from value: ValueTable.Value, _ scratch: inout InspectionScratch) {
        guard value.variable != .method, value.variable != .target, value.variable != .fileContent else { return }
        let classes = scratch.classes
        if classes.contains(program.utf7) {
            deriveText(value, &scratch) { table, output in table.decodeUTF7(value.bytes, into: &output) }
        }
        guard !classes.intersects(program.notBase64) else { return }
        let bytes = value.variable == .path ? value.bytes.dropFirst() : value.bytes
        deriveText(value, &scratch) { table, output in table.decodeBase64(bytes, into: &output) }
    }

    /// JSON in a value: in a form's field, in a cookie, behind base64. Returns whether the value is JSON, all of it.
    private func deriveMembers(
        _ variable: Variable, _ bytes: Range<Int>, _ scratch: inout InspectionScratch
    ) -> Bool {
        guard variable != .fileContent, JSONValues.isPlausible(scratch.table.bytes.span.extracting(bytes)) else {
            return false
        }
        let copy = Array(scratch.table.bytes[bytes])
        return JSONValues.parse(nested: copy.span, in: variable, into: &scratch.table)
    }

    private func deriveText(
        _ value: ValueTable.Value, _ scratch: inout InspectionScratch,
        _ decode: (borrowing ValueTable, inout [UInt8]) -> Bool
    ) {
        scratch.output.removeAll(keepingCapacity: true)
        guard decode(scratch.table, &scratch.output) else { return }
        let stored = scratch.table.append(&scratch.output)
        guard !deriveMembers(value.variable, stored, &scratch) else { return }
        scratch.table.add(value.variable, name: value.name, stored, isDerived: true)
    }

    // MARK: The whole

    private func addAnomalies(_ policy: InspectionPolicy, _ scratch: inout InspectionScratch) {
        for (anomaly, rule) in ProtocolRules.anomalies where scratch.table.anomalies.contains(anomaly) {
            let value = ValueTable.Value(variable: .body, name: 0..<0, bytes: 0..<0)
            guard
                let finding = finding(
                    rule, value, 0..<0, 0..<0, policy, scratch.table, weight: rule.confidence.rawValue)
            else { continue }
            scratch.findings.append(finding)
        }
    }

    private func opinion(_ policy: InspectionPolicy, _ scratch: inout InspectionScratch) -> Finding? {
        // Where nothing was found, or what was found decides already, it has nothing to add.
        guard !scratch.findings.isEmpty, Score.combine(scratch.findings) <= policy.blockAbove,
            let model = scratch.model(of: models)
        else { return nil }
        return ModelOpinion.finding(model, policy, limits, &scratch)
    }

    private func verdict(
        _ policy: InspectionPolicy, _ opinion: Finding?, _ scratch: inout InspectionScratch
    ) -> InspectionVerdict {
        let isComplete = scratch.table.anomalies.isDisjoint(with: [.tooManyBytes, .tooManyValues, .patternLimit])
        guard !scratch.findings.isEmpty else {
            return InspectionVerdict(score: 0, action: .allow, findings: [], isComplete: isComplete)
        }
        let findings = scratch.findings.sorted { $0.weight > $1.weight } + (opinion.map { [$0] } ?? [])
        let score = Score.combine(findings)
        return InspectionVerdict(
            score: score, action: policy.action(for: score), findings: findings, isComplete: isComplete)
    }
}
