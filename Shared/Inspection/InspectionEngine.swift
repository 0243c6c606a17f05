internal import PatternMatching

/// Judges requests by rules. Immutable after `init`: any number of threads share one engine, each with its own scratch.
///
/// The cost of a request is bounded by `InspectionLimits`; there is no I/O, no lock, and no allocation unless something
/// is found. A value's transformations are computed at most once each, and only while some rule still needs them; a
/// rule's pattern runs only if the value has the bytes and one of the literals that the pattern cannot do without.
package final class InspectionEngine: Sendable {
    package let limits: InspectionLimits
    /// Changes whenever a verdict may change, so that a stored verdict can be told from today's.
    package let version: String
    private let program: RuleProgram

    package init(rules: [Rule], version: String, limits: InspectionLimits = .standard) throws(InspectionFailure) {
        program = try RuleProgram(rules)
        self.version = version
        self.limits = limits
    }

    package var rules: [Rule] { program.rules }

    package func inspect(
        _ request: InspectedRequest, _ policy: InspectionPolicy = .standard, _ scratch: inout InspectionScratch
    ) -> InspectionVerdict {
        guard policy.mode != .off else { return .clean }
        scratch.reset(limits, nodes: program.nodes.count)
        RequestValues.collect(request, limits, into: &scratch.table)
        judgeValues(policy, &scratch)
        addAnomalies(policy, &scratch)
        return verdict(policy, &scratch)
    }

    // MARK: One value

    private func judgeValues(_ policy: InspectionPolicy, _ scratch: inout InspectionScratch) {
        var fired = RuleBits.zero
        var index = 0
        // Deriving appends, so the count is read anew each time; what is derived is not derived from again.
        while index < scratch.table.values.count, scratch.findings.count < limits.maximumFindings {
            let value = scratch.table.values[index]
            judge(value, policy, &fired, &scratch)
            if !value.isDerived { derive(from: value, &scratch) }
            index += 1
        }
    }

    private func judge(
        _ value: ValueTable.Value, _ policy: InspectionPolicy, _ fired: inout RuleBits,
        _ scratch: inout InspectionScratch
    ) {
        var pending = program.rulesOf[Int(value.variable.rawValue)] & ~fired
        let end = scratch.table.bytes.count
        for index in program.nodes.indices {
            let needed = pending & program.nodes[index].subtree
            if needed.isEmpty { continue }
            computeForm(of: value, at: index, &scratch)
            var candidates = pending & program.nodes[index].rules
            if candidates.isEmpty { continue }
            candidates &= allowed(candidates, at: index, &scratch)
            while let rule = candidates.popFirst() {
                guard let finding = evaluate(rule, value, at: index, policy, &scratch) else { continue }
                scratch.findings.append(finding)
                fired.insert(rule)
                pending.remove(rule)
            }
        }
        scratch.table.bytes.removeLast(scratch.table.bytes.count - end)
    }

    private func computeForm(of value: ValueTable.Value, at index: Int, _ scratch: inout InspectionScratch) {
        let node = program.nodes[index]
        guard let transformation = node.transformation else {
            setForm(index, value.bytes, &scratch)
            return
        }
        let parent = scratch.forms[node.parent].original
        let before = scratch.forms[parent]
        guard before.mask.intersects(node.triggers) else {
            scratch.forms[index].original = parent
            return
        }
        scratch.output.removeAll(keepingCapacity: true)
        let changed = scratch.table.transform(
            before.bytes, transformation, into: &scratch.output, spare: &scratch.spare)
        guard changed else {
            scratch.forms[index].original = parent
            return
        }
        let start = scratch.table.bytes.count
        scratch.table.bytes.append(contentsOf: scratch.output)
        setForm(index, start..<scratch.table.bytes.count, &scratch)
    }

    private func setForm(_ index: Int, _ bytes: Range<Int>, _ scratch: inout InspectionScratch) {
        let mask = ByteSet(of: scratch.table.bytes.span.extracting(bytes))
        scratch.forms[index] = InspectionScratch.Form(
            bytes: bytes, mask: mask, original: index, possible: program.possible(mask), literalHits: nil)
    }

    /// Which of the candidates the prefilters leave. The literals are looked for once per distinct form.
    private func allowed(_ candidates: RuleBits, at index: Int, _ scratch: inout InspectionScratch) -> RuleBits {
        let original = scratch.forms[index].original
        let possible = candidates & scratch.forms[original].possible
        guard !(possible & program.gated).isEmpty else { return possible }
        if let hits = scratch.forms[original].literalHits { return possible & (hits | ~program.gated) }
        let hits = program.literals.scan(scratch.table.bytes.span.extracting(scratch.forms[original].bytes))
        scratch.forms[original].literalHits = hits
        return possible & (hits | ~program.gated)
    }

    private func evaluate(
        _ index: Int, _ value: ValueTable.Value, at node: Int, _ policy: InspectionPolicy,
        _ scratch: inout InspectionScratch
    ) -> Finding? {
        let range = scratch.forms[scratch.forms[node].original].bytes
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
                return nil
            }
        }
        let rule = program.rules[index]
        if rule.category == .codeInjection || rule.category == .templateInjection {
            let isWrittenAbout = Prose.precedes(matched.lowerBound, in: scratch.table.bytes.span.extracting(range))
            if isWrittenAbout { weight = min(weight, Confidence.weak.rawValue) }
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
        deriveText(value, &scratch) { table, output in table.decodeUTF7(value.bytes, into: &output) }
        scratch.output.removeAll(keepingCapacity: true)
        var bytes = value.bytes
        if value.variable == .path, !bytes.isEmpty { bytes = (bytes.lowerBound + 1)..<bytes.upperBound }
        guard scratch.table.decodeBase64(bytes, into: &scratch.output) else { return }
        let stored = scratch.table.append(&scratch.output)
        scratch.table.add(value.variable, name: value.name, stored, isDerived: true)
    }

    private func deriveText(
        _ value: ValueTable.Value, _ scratch: inout InspectionScratch,
        _ decode: (borrowing ValueTable, inout [UInt8]) -> Bool
    ) {
        scratch.output.removeAll(keepingCapacity: true)
        guard decode(scratch.table, &scratch.output) else { return }
        let stored = scratch.table.append(&scratch.output)
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

    private func verdict(_ policy: InspectionPolicy, _ scratch: inout InspectionScratch) -> InspectionVerdict {
        let isComplete = scratch.table.anomalies.isDisjoint(with: [.tooManyBytes, .tooManyValues, .patternLimit])
        guard !scratch.findings.isEmpty else {
            return InspectionVerdict(score: 0, action: .allow, findings: [], isComplete: isComplete)
        }
        let findings = scratch.findings.sorted { $0.weight > $1.weight }
        let score = Score.combine(findings)
        return InspectionVerdict(
            score: score, action: policy.action(for: score), findings: findings, isComplete: isComplete)
    }
}
