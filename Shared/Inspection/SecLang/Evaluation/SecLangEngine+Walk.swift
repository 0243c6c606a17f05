internal import PatternMatching

/// The rules of one phase, in order.
extension SecLangEngine {
    /// Returns whether the next phase is to run.
    @discardableResult
    func run(phase: Int, _ scratch: inout SecLangScratch) -> Bool {
        let range = program.phases[phase]
        var position = range.lowerBound
        if phase == 1, let opening = scratch.opening { position = opening.next }
        // Since when rules followed each other without a jump.
        var start = position
        while let index = scratch.visit.next(from: position, before: range.upperBound) {
            let after: Int
            if let quick = quickly(index, &scratch) {
                after = quick
            } else {
                guard let next = run(program.rules[index], &scratch) else {
                    scratch.expectations.noteReached(start..<(index + 1))
                    return phase == 5 || canContinue(scratch.mode)
                }
                after = next
                if scratch.mode == .off { return false }
            }
            position = after
            guard after != index + 1 else { continue }
            scratch.expectations.noteReached(start..<(index + 1))
            start = after
        }
        scratch.expectations.noteReached(start..<max(start, range.upperBound))
        return true
    }

    /// Where to go on after a rule that only compares cells with numbers; nil when there is more to do.
    @inline(__always) private func quickly(_ index: Int, _ scratch: inout SecLangScratch) -> Int? {
        let step = program.steps[index]
        guard step.kind != .none, !scratch.hasRemovedRules else { return nil }
        let operand = step.operandCell < 0 ? step.operand : number(ofCell: Int(step.operandCell), &scratch)
        let isMatch =
            holds(step, step.kind, Int(step.cell), operand, &scratch)
            || step.otherKind != .none && holds(step, step.otherKind, Int(step.otherCell), operand, &scratch)
        guard isMatch else { return index + 1 }
        return step.isAll ? Int(step.next) : nil
    }

    @inline(__always) private func holds(
        _ step: QuickStep, _ kind: QuickStep.Kind, _ index: Int, _ operand: Int, _ scratch: inout SecLangScratch
    ) -> Bool {
        let cell = scratch.cells[index]
        guard kind == .number else { return step.comparison.holds(cell.isSet ? 1 : 0, operand) != step.isNegated }
        guard cell.isSet else { return false }
        let value = cell.hasNumber ? cell.number : number(ofCell: index, &scratch)
        return step.comparison.holds(value, operand) != step.isNegated
    }

    /// What the first rules do for every request alike; nil when there is nothing of the kind, or more than cells.
    func opening(_ scratch: inout SecLangScratch) -> SecLangScratch.Opening? {
        scratch.reset(program, limits)
        let range = program.phases[1]
        var position = range.lowerBound
        while position < range.upperBound, program.rules[position].isConstant {
            guard let after = run(program.rules[position], &scratch), scratch.verdict.matches.isEmpty,
                scratch.verdict.interruption == nil, scratch.dynamicKeys.isEmpty, scratch.highestSeverity == 255
            else { return nil }
            position = after
        }
        guard position > range.lowerBound else { return nil }
        return SecLangScratch.Opening(next: position, cells: scratch.cells, bytes: scratch.table.bytes)
    }

    private func canContinue(_ mode: SecLangMode) -> Bool { mode == .detectionOnly }

    /// Where to go on; nil if the request's evaluation ends here.
    private func run(_ rule: CompiledRule, _ scratch: inout SecLangScratch) -> Int? {
        let following = rule.index + 1
        if scratch.hasRemovedRules, scratch.removedRules[rule.index] { return following }
        if let quick = rule.quickCount {
            let found = count(rule.links[0].targets[0], rule.links[0], rule, &scratch)
            guard quick.comparison.holds(found, quick.operand) != rule.links[0].isNegated else { return following }
        }
        scratch.currentRule = rule.index
        scratch.matched.removeAll(keepingCapacity: true)
        guard matchesFirst(rule, &scratch) else { return following }
        for link in 1..<max(1, rule.links.count) {
            guard evaluate(rule, link, &scratch) else { return following }
        }
        if rule.isReported { report(rule, &scratch) }
        if let severity = rule.definition.severity { scratch.highestSeverity = min(scratch.highestSeverity, severity) }
        if rule.definition.disruption == .allowPhase { return program.phases[rule.definition.phase].upperBound }
        guard disrupt(rule, &scratch) else { return nil }
        return rule.next
    }

    /// Returns whether evaluation goes on.
    private func disrupt(_ rule: CompiledRule, _ scratch: inout SecLangScratch) -> Bool {
        let action: SecLangVerdict.Action
        switch rule.definition.disruption {
        case .pass, .block: return true
        case .allow, .allowRequest, .allowPhase: return scratch.mode == .detectionOnly
        case .deny: action = .deny(status: rule.definition.status ?? 403)
        case .drop: action = .drop
        case .redirect(let location):
            let text = String(decoding: location.literal ?? [], as: UTF8.self)
            action = .redirect(status: rule.definition.status ?? 302, location: text)
        }
        if scratch.verdict.interruption == nil {
            scratch.verdict.interruption = SecLangVerdict.Interruption(
                action: action, ruleID: rule.definition.id, phase: rule.definition.phase)
        }
        return scratch.mode == .detectionOnly
    }

    private func report(_ rule: CompiledRule, _ scratch: inout SecLangScratch) {
        guard scratch.verdict.matches.count < 1_024 else {
            scratch.table.flags.insert(.isIncomplete)
            return
        }
        let definition = rule.definition
        let message = expandedText(rule.message, &scratch)
        let data = expandedText(rule.logData, &scratch)
        var variable = ""
        var evidence: [UInt8] = []
        if let last = scratch.matched.last {
            variable = String(decoding: name(of: last, &scratch), as: UTF8.self)
            let start = min(last.value.lowerBound + scratch.place.lowerBound, last.value.upperBound)
            let end = min(last.value.lowerBound + scratch.place.upperBound, last.value.upperBound)
            evidence = Array(scratch.table.bytes[start..<max(start, min(end, start + 256))])
        }
        scratch.verdict.matches.append(
            SecLangMatch(
                ruleID: definition.id, phase: definition.phase, message: message, logData: data,
                tags: definition.tags.map { String(decoding: $0, as: UTF8.self) }, severity: definition.severity,
                variable: variable, matched: evidence, offset: scratch.place.lowerBound, file: definition.file,
                line: definition.line))
    }

    // MARK: The first rule of a chain

    private func matchesFirst(_ rule: CompiledRule, _ scratch: inout SecLangScratch) -> Bool {
        let link = rule.links[0]
        guard isPrefiltering, link.isPure, scratch.expectations.rules[rule.index] else {
            return evaluate(rule, 0, &scratch)
        }
        guard scratch.firstAnswer[rule.index] >= 0 else { return false }
        var isMatched = false
        // A value that two targets name counts twice, as it does when each is asked in turn.
        for target in link.targets {
            for kind in target.kinds {
                var index = scratch.firstAnswer[rule.index]
                while index >= 0 {
                    let answer = scratch.answers[index]
                    index = answer.next
                    let value = scratch.table.values[answer.value]
                    guard value.kind == kind, isSelected(value.name, target, &scratch),
                        !isRemoved(value.kind, value.name, rule, &scratch)
                    else { continue }
                    isMatched = true
                    scratch.captures.removeAll(keepingCapacity: true)
                    scratch.captures += scratch.answerCaptures[answer.captures]
                    note(
                        rule, 0,
                        SecLangScratch.Matched(variable: target.variable, name: value.name, value: answer.form),
                        answer.place, &scratch)
                }
            }
        }
        return isMatched
    }

    func isSelected(_ name: Range<Int>, _ target: CompiledTarget, _ scratch: inout SecLangScratch) -> Bool {
        if case .all = target.selector { return true }
        return target.selector.selects(scratch.table.bytes.span.extracting(name), scratch.match)
    }

    /// Taken out by a `ctl:ruleRemoveTarget…` of this request.
    func isRemoved(_ kind: Int, _ name: Range<Int>, _ rule: CompiledRule, _ scratch: inout SecLangScratch) -> Bool {
        for index in scratch.removedTargets.indices {
            let removed = scratch.removedTargets[index]
            guard removed.rules[rule.index], removed.target.kinds.contains(kind) else { continue }
            if isSelected(name, removed.target, &scratch) { return true }
        }
        return false
    }

    /// What follows from one value that matched.
    func note(
        _ rule: CompiledRule, _ link: Int, _ match: SecLangScratch.Matched, _ place: Range<Int>,
        _ scratch: inout SecLangScratch
    ) {
        if scratch.matched.count < limits.maximumMatches { scratch.matched.append(match) }
        scratch.place = place
        if rule.links[link].isCapturing, !scratch.captures.isEmpty { setCaptures(in: match.value, &scratch) }
        for effect in rule.links[link].effects { apply(effect, &scratch) }
    }

    /// `TX:0` to `TX:9`; those that this match has not are unset.
    private func setCaptures(in value: Range<Int>, _ scratch: inout SecLangScratch) {
        for index in 0..<10 {
            guard index < scratch.captures.count else {
                scratch.cells[index].isSet = false
                continue
            }
            let range = scratch.captures[index]
            let start = value.lowerBound + range.lowerBound
            scratch.cells[index] = SecLangScratch.Cell(
                isSet: true, hasNumber: false, hasText: true, text: start..<(start + range.count))
        }
    }
}
