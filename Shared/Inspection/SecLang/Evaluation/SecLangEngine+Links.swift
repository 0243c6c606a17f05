internal import PatternMatching

/// One SecRule asked in its turn: target after target, value after value, as ModSecurity does it. The way of everything
/// that depends on other rules: counts, TX, macros, the later rules of a chain.
extension SecLangEngine {
    func evaluate(_ rule: CompiledRule, _ index: Int, _ scratch: inout SecLangScratch) -> Bool {
        let link = rule.links[index]
        if link.isUnconditional {
            for effect in link.effects { apply(effect, &scratch) }
            return true
        }
        var isMatched = false
        for target in link.targets {
            if target.isCount {
                let count = count(target, link, rule, &scratch)
                let bytes = scratch.table.store(String(count))
                isMatched = ask(rule, index, target.variable, name: 0..<0, bytes, &scratch) || isMatched
            } else if !target.kinds.isEmpty {
                isMatched = askStored(rule, index, target, &scratch) || isMatched
            } else if target.variable.isWritable {
                isMatched = askCells(rule, index, target, &scratch) || isMatched
            } else {
                isMatched = askComputed(rule, index, target, &scratch) || isMatched
            }
        }
        return isMatched
    }

    // MARK: Values of the request

    private func askStored(
        _ rule: CompiledRule, _ index: Int, _ target: CompiledTarget, _ scratch: inout SecLangScratch
    ) -> Bool {
        var isMatched = false
        for kind in target.kinds {
            for position in scratch.table.range(of: kind) {
                let value = scratch.table.values[scratch.table.ordered[position]]
                guard isMember(kind, value.name, target, rule.links[index], rule, &scratch) else { continue }
                isMatched = ask(rule, index, target.variable, name: value.name, value.bytes, &scratch) || isMatched
            }
        }
        return isMatched
    }

    private func isMember(
        _ kind: Int, _ name: Range<Int>, _ target: CompiledTarget, _ link: CompiledLink, _ rule: CompiledRule,
        _ scratch: inout SecLangScratch
    ) -> Bool {
        guard isSelected(name, target, &scratch) else { return false }
        for exclusion in link.exclusions where exclusion.kinds.contains(kind) {
            if isSelected(name, exclusion, &scratch) { return false }
        }
        return !isRemoved(kind, name, rule, &scratch)
    }

    func count(
        _ target: CompiledTarget, _ link: CompiledLink, _ rule: CompiledRule, _ scratch: inout SecLangScratch
    ) -> Int {
        if let cell = target.cell { return scratch.cells[cell].isSet ? 1 : 0 }
        if target.variable.isWritable {
            var count = 0
            for cell in cells(of: target, &scratch) where scratch.cells[cell].isSet { count += 1 }
            return count
        }
        if target.variable == .matchedVariables || target.variable == .matchedVariablesNames {
            return scratch.matched.count
        }
        var count = 0
        for kind in target.kinds {
            for position in scratch.table.range(of: kind) {
                let value = scratch.table.values[scratch.table.ordered[position]]
                if isMember(kind, value.name, target, link, rule, &scratch) { count += 1 }
            }
        }
        return target.kinds.isEmpty ? 1 : count
    }

    // MARK: What rules wrote

    private func askCells(
        _ rule: CompiledRule, _ index: Int, _ target: CompiledTarget, _ scratch: inout SecLangScratch
    ) -> Bool {
        if let cell = target.cell { return askCell(rule, index, target, cell, &scratch) }
        var isMatched = false
        for cell in cells(of: target, &scratch) {
            isMatched = askCell(rule, index, target, cell, &scratch) || isMatched
        }
        return isMatched
    }

    private func askCell(
        _ rule: CompiledRule, _ index: Int, _ target: CompiledTarget, _ cell: Int, _ scratch: inout SecLangScratch
    ) -> Bool {
        guard scratch.cells[cell].isSet else { return false }
        for exclusion in rule.links[index].exclusions where exclusion.variable == target.variable {
            if cells(of: exclusion, &scratch).contains(cell) { return false }
        }
        let fixed = program.names.keys.count
        let name =
            cell < fixed
            ? scratch.table.store(bytes: program.names.keys[cell].name) : scratch.dynamicKeys[cell - fixed].name
        let text = text(ofCell: cell, &scratch)
        return ask(rule, index, target.variable, name: name, text, &scratch)
    }

    /// The cells that a target means, set or not.
    func cells(of target: CompiledTarget, _ scratch: inout SecLangScratch) -> [Int] {
        if let cell = target.cell { return [cell] }
        var found: [Int]
        if let known = program.cellsOfTarget[ObjectIdentifier(target)] {
            found = known
        } else {
            found = program.names.keys.indices.filter { cell in
                program.names.keys[cell].variable == target.variable
                    && target.selector.selects(key: program.names.keys[cell].name, scratch.match)
            }
        }
        for (offset, key) in scratch.dynamicKeys.enumerated() where key.variable == target.variable {
            let name = scratch.table.bytes.span.extracting(key.name)
            if target.selector.selects(name, scratch.match) { found.append(program.names.keys.count + offset) }
        }
        return found
    }

    // MARK: What is computed

    private func askComputed(
        _ rule: CompiledRule, _ index: Int, _ target: CompiledTarget, _ scratch: inout SecLangScratch
    ) -> Bool {
        switch target.variable {
        case .matchedVariables, .matchedVariablesNames:
            var isMatched = false
            // Those that match now are added behind and not asked.
            for match in scratch.matched {
                let isName = target.variable == .matchedVariablesNames
                let text = isName ? scratch.table.store(bytes: name(of: match, &scratch)) : match.value
                isMatched = ask(rule, index, target.variable, name: match.name, text, &scratch) || isMatched
            }
            return isMatched
        default:
            guard let text = computed(target, &scratch) else { return false }
            return ask(rule, index, target.variable, name: 0..<0, text, &scratch)
        }
    }

    // MARK: One value

    private func ask(
        _ rule: CompiledRule, _ index: Int, _ variable: SecLangVariable, name: Range<Int>, _ bytes: Range<Int>,
        _ scratch: inout SecLangScratch
    ) -> Bool {
        let link = rule.links[index]
        let end = scratch.table.bytes.count
        var form = bytes
        var isMatched = link.isMultiMatch && decide(rule, index, variable, name, form, &scratch)
        for transformation in link.transformations {
            if let triggers = transformation.triggers {
                guard triggers.intersects(ByteSet(of: scratch.table.bytes.span.extracting(form))) else { continue }
            }
            guard let next = transformed(form, transformation, &scratch) else { continue }
            form = next
            if link.isMultiMatch { isMatched = decide(rule, index, variable, name, form, &scratch) || isMatched }
        }
        if !link.isMultiMatch { isMatched = decide(rule, index, variable, name, form, &scratch) }
        // What was computed on the way is not needed again unless something matched there.
        if !isMatched { scratch.table.bytes.removeLast(max(0, scratch.table.bytes.count - end)) }
        return isMatched
    }

    private func decide(
        _ rule: CompiledRule, _ index: Int, _ variable: SecLangVariable, _ name: Range<Int>, _ form: Range<Int>,
        _ scratch: inout SecLangScratch
    ) -> Bool {
        let link = rule.links[index]
        let place = holds(link.test, form, isCapturing: link.isCapturing, &scratch)
        guard (place != nil) != link.isNegated else { return false }
        if link.isNegated { scratch.captures.removeAll(keepingCapacity: true) }
        note(
            rule, index, SecLangScratch.Matched(variable: variable, name: name, value: form), place ?? 0..<form.count,
            &scratch)
        return true
    }
}
