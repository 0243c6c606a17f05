internal import PatternMatching

/// Reading and writing what rules keep.
extension SecLangEngine {
    func number(ofCell cell: Int, _ scratch: inout SecLangScratch) -> Int {
        let state = scratch.cells[cell]
        guard state.isSet else { return 0 }
        return state.hasNumber ? state.number : scratch.table.bytes.span.extracting(state.text).leadingNumber
    }

    /// A number is written out each time somebody reads it as text: what is written may be taken back with the form that
    /// it was compared with.
    func text(ofCell cell: Int, _ scratch: inout SecLangScratch) -> Range<Int> {
        guard scratch.cells[cell].isSet else { return 0..<0 }
        return scratch.cells[cell].hasText
            ? scratch.cells[cell].text : scratch.table.store(String(scratch.cells[cell].number))
    }

    // MARK: Macros

    func number(of macro: CompiledMacro, _ scratch: inout SecLangScratch) -> Int {
        if macro.literal != nil { return macro.number }
        if let cell = macro.cell { return number(ofCell: cell, &scratch) }
        expand(macro, &scratch)
        return scratch.expanded.span.leadingNumber
    }

    /// Writes the text to `expanded`.
    func expand(_ macro: CompiledMacro, _ scratch: inout SecLangScratch) {
        scratch.expanded.removeAll(keepingCapacity: true)
        for piece in macro.pieces {
            switch piece {
            case .literal(let bytes): scratch.expanded += bytes
            case .cell(let cell):
                let range = text(ofCell: cell, &scratch)
                append(range, &scratch)
            case .value(let target): appendFirst(target, &scratch)
            }
        }
    }

    private func append(_ range: Range<Int>, _ scratch: inout SecLangScratch) {
        guard scratch.expanded.count + range.count <= 64 << 10 else { return }
        scratch.expanded += scratch.table.bytes[range]
    }

    private func appendFirst(_ target: CompiledTarget, _ scratch: inout SecLangScratch) {
        if target.variable.isWritable {
            guard let cell = cells(of: target, &scratch).first(where: { scratch.cells[$0].isSet }) else { return }
            return append(text(ofCell: cell, &scratch), &scratch)
        }
        for kind in target.kinds {
            for position in scratch.table.range(of: kind) {
                let value = scratch.table.values[scratch.table.ordered[position]]
                if isSelected(value.name, target, &scratch) { return append(value.bytes, &scratch) }
            }
        }
        guard target.kinds.isEmpty, let text = computed(target, &scratch) else { return }
        append(text, &scratch)
    }

    func expandedText(_ macro: CompiledMacro, _ scratch: inout SecLangScratch) -> String {
        expand(macro, &scratch)
        return String(decoding: scratch.expanded.prefix(2_048), as: UTF8.self)
    }

    func name(of match: SecLangScratch.Matched, _ scratch: inout SecLangScratch) -> [UInt8] {
        var name = Array(match.variable.name.utf8)
        if !match.name.isEmpty {
            name.append(UInt8(ascii: ":"))
            name += scratch.table.bytes[match.name]
        }
        return name
    }

    // MARK: Effects

    func apply(_ effect: CompiledEffect, _ scratch: inout SecLangScratch) {
        switch effect {
        case .assign(.cell(let cell), let change): assign(cell, change, &scratch)
        case .assign(.named(let variable, let macro), let change):
            expand(macro, &scratch)
            guard let cell = expandedCell(variable, &scratch) else { return }
            assign(cell, change, &scratch)
        case .openCollection(let variable, _): scratch.openCollections.insert(variable)
        case .engine(let mode): scratch.mode = mode
        case .bodyProcessor(let processor): scratch.processor = processor
        case .forceBody(let isOn): scratch.isBodyForced = isOn
        case .requestBodyAccess(let isOn): scratch.readsRequestBody = isOn
        case .responseBodyAccess(let isOn): scratch.readsResponseBody = isOn
        case .removeRules(let rules):
            scratch.removedRules.formUnion(rules)
            scratch.hasRemovedRules = true
        case .removeTargets(let rules, let target):
            if scratch.removedTargets.count < 1_024 { scratch.removedTargets.append((rules, target)) }
        }
    }

    private static let maximumDynamicCells = 1_024

    /// The cell whose name stands in `expanded`.
    private func expandedCell(_ variable: SecLangVariable, _ scratch: inout SecLangScratch) -> Int? {
        for index in scratch.expanded.indices { scratch.expanded[index] = scratch.expanded[index].lowercased }
        let hash = CellIndex.hash(variable, scratch.expanded.span)
        if let known = program.cellIndex.find(hash, variable, scratch.expanded.span) { return known }
        for (offset, key) in scratch.dynamicKeys.enumerated() where key.hash == hash && key.variable == variable {
            guard key.name.count == scratch.expanded.count else { continue }
            let isSame = scratch.table.bytes.span.extracting(key.name).hasSameBytes(as: scratch.expanded.span)
            if isSame { return program.names.keys.count + offset }
        }
        guard scratch.dynamicKeys.count < Self.maximumDynamicCells else {
            scratch.table.flags.insert(.isIncomplete)
            return nil
        }
        let name = scratch.table.store(bytes: scratch.expanded)
        scratch.dynamicKeys.append(SecLangScratch.DynamicKey(variable: variable, name: name, hash: hash))
        scratch.cells.append(SecLangScratch.Cell())
        return scratch.cells.count - 1
    }

    private func assign(_ cell: Int, _ change: CompiledEffect.Change, _ scratch: inout SecLangScratch) {
        let names = program.names.collections.count
        let variable =
            cell < names ? program.names.collections[cell] : scratch.dynamicKeys[cell - names].variable
        // Of a collection that no `initcol` opened nothing is kept.
        guard variable == .transaction || scratch.openCollections.contains(variable) else { return }
        switch change {
        case .unset: scratch.cells[cell] = SecLangScratch.Cell()
        case .set(let macro): set(cell, macro, &scratch)
        case .add(let macro):
            let sum = number(ofCell: cell, &scratch).addingReportingOverflow(number(of: macro, &scratch)).partialValue
            scratch.cells[cell] = SecLangScratch.Cell(isSet: true, hasNumber: true, number: sum)
        case .subtract(let macro):
            let rest = number(ofCell: cell, &scratch).subtractingReportingOverflow(number(of: macro, &scratch))
            scratch.cells[cell] = SecLangScratch.Cell(isSet: true, hasNumber: true, number: rest.partialValue)
        }
    }

    private func set(_ cell: Int, _ macro: CompiledMacro, _ scratch: inout SecLangScratch) {
        if let other = macro.cell, scratch.cells[other].isSet {
            scratch.cells[cell] = scratch.cells[other]
        } else if macro.isPlainNumber {
            scratch.cells[cell] = SecLangScratch.Cell(isSet: true, hasNumber: true, number: macro.number)
        } else {
            expand(macro, &scratch)
            let text = scratch.table.store(bytes: scratch.expanded)
            scratch.cells[cell] = SecLangScratch.Cell(isSet: true, hasText: true, text: text)
        }
    }

    // MARK: Computed variables

    /// The text of a variable that nobody stored.
    func computed(_ target: CompiledTarget, _ scratch: inout SecLangScratch) -> Range<Int>? {
        switch target.variable {
        case .argsCombinedSize: return scratch.table.store(String(argumentBytes(scratch.table)))
        case .filesCombinedSize: return scratch.table.store(String(scratch.table.fileBytes))
        case .requestBodyLength: return scratch.table.store(String(scratch.requestBodyLength))
        case .responseContentLength: return scratch.table.store(String(scratch.responseBodyLength))
        case .bodyProcessor: return scratch.table.store("\(scratch.processor.name)")
        case .bodyError, .bodyProcessorError: return flag(.bodyError, &scratch)
        case .multipartStrictError: return flag(.multipartStrictError, &scratch)
        case .multipartUnmatchedBoundary: return flag(.unmatchedBoundary, &scratch)
        case .inboundDataError: return flag(.inboundDataError, &scratch)
        case .outboundDataError: return flag(.outboundDataError, &scratch)
        case .duration: return scratch.table.store("0")
        case .timeEpoch: return scratch.table.store(String(scratch.epochSeconds))
        case .highestSeverity: return scratch.table.store(String(scratch.highestSeverity))
        case .matchedVariable: return scratch.matched.last?.value
        case .matchedVariableName:
            guard let last = scratch.matched.last else { return nil }
            return scratch.table.store(bytes: name(of: last, &scratch))
        case .rule: return scratch.table.store(ruleText(target, program.rules[scratch.currentRule].definition))
        default: return nil
        }
    }

    private func argumentBytes(_ table: SecLangValues) -> Int {
        var sum = 0
        for variable in [SecLangVariable.argsGet, .argsPost] {
            for position in table.range(of: Int(variable.rawValue)) {
                let value = table.values[table.ordered[position]]
                sum += value.name.count + value.bytes.count
            }
        }
        return sum
    }

    private func flag(_ flag: SecLangValues.Flags, _ scratch: inout SecLangScratch) -> Range<Int> {
        scratch.table.store(scratch.table.flags.contains(flag) ? "1" : "0")
    }

    private func ruleText(_ target: CompiledTarget, _ definition: RuleDefinition) -> String {
        guard case .name(let name) = target.selector else { return "" }
        switch String(decoding: name, as: UTF8.self) {
        case "id": return String(definition.id)
        case "severity": return definition.severity.map(String.init) ?? ""
        case "msg": return String(decoding: definition.message.literal ?? [], as: UTF8.self)
        default: return ""
        }
    }
}
