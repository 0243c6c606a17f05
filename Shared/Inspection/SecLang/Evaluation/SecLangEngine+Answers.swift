internal import PatternMatching

/// The work that is done for all rules together: which questions does each value answer with yes.
extension SecLangEngine {
    func answer(_ values: Range<Int>, phases: ClosedRange<Int>, _ scratch: inout SecLangScratch) {
        guard isPrefiltering else { return }
        expect(phases, &scratch)
        for index in values {
            guard prepare(value: index, &scratch) else { continue }
            let end = scratch.table.bytes.count
            let answers = scratch.answers.count
            let bytes = scratch.table.values[index].bytes
            scratch.forms.removeAll(keepingCapacity: true)
            scratch.hits.removeAll(keepingCapacity: true)
            addForm(bytes, &scratch)
            visit(node: 0, form: 0, isChanged: true, value: index, &scratch)
            // What was computed along the way is not needed again unless something matched there.
            if scratch.answers.count == answers {
                scratch.table.bytes.removeLast(scratch.table.bytes.count - end)
            }
        }
    }

    /// The questions of rules in these phases whose turn is expected.
    private func expect(_ phases: ClosedRange<Int>, _ scratch: inout SecLangScratch) {
        for word in 0..<program.prefilter.width {
            var bits: UInt64 = 0
            for phase in phases { bits |= program.prefilter.ofPhase[phase].words[word] }
            scratch.active.words[word] = bits & scratch.expectations.questions.words[word]
        }
    }

    /// Of the expected questions those to ask of a value: by its kind, by its name. Returns whether there are any.
    private func prepare(value index: Int, _ scratch: inout SecLangScratch) -> Bool {
        let prefilter = program.prefilter
        let value = scratch.table.values[index]
        let base = value.kind * prefilter.width
        var any: UInt64 = 0
        for word in 0..<prefilter.width {
            let bits = prefilter.general[base + word] & scratch.active.words[word]
            scratch.pending.words[word] = bits
            any |= bits
        }
        for selection in prefilter.includingOf[value.kind] {
            guard selection.selector.selects(scratch.table.bytes.span.extracting(value.name), scratch.match) else {
                continue
            }
            for word in 0..<prefilter.width {
                let bits = selection.included[word] & scratch.active.words[word]
                scratch.pending.words[word] |= bits
                any |= bits
            }
        }
        guard any != 0 else { return false }
        for selection in prefilter.excludingOf[value.kind] {
            guard selection.selector.selects(scratch.table.bytes.span.extracting(value.name), scratch.match) else {
                continue
            }
            for word in 0..<prefilter.width { scratch.pending.words[word] &= ~selection.excluded[word] }
        }
        return true
    }

    // MARK: The trie of transformations

    private func addForm(_ bytes: Range<Int>, _ scratch: inout SecLangScratch) {
        let mask = ByteSet(of: scratch.table.bytes.span.extracting(bytes))
        scratch.forms.append(SecLangScratch.Form(bytes: bytes, mask: mask, hits: nil))
    }

    private func visit(node index: Int, form: Int, isChanged: Bool, value: Int, _ scratch: inout SecLangScratch) {
        let node = program.trie.nodes[index]
        if let triggers = node.subtreeTriggers, !triggers.intersects(scratch.forms[form].mask) {
            // Nothing below changes this form: all its questions at once.
            return ask(node.subtree, form, node: index, isChanged, value, &scratch)
        }
        ask(node.own, form, node: index, isChanged, value, &scratch)
        var child = index + 1
        while child < node.end {
            let next = program.trie.nodes[child]
            if scratch.pending.intersects(next.subtree) {
                let changed = transform(form, next, &scratch)
                visit(
                    node: child, form: changed ? scratch.forms.count - 1 : form, isChanged: changed, value: value,
                    &scratch)
            }
            child = next.end
        }
    }

    /// Adds the transformed form if it differs.
    private func transform(
        _ form: Int, _ node: TransformationTrie.Node, _ scratch: inout SecLangScratch
    ) -> Bool {
        guard let transformation = node.transformation else { return false }
        if let triggers = node.triggers, !triggers.intersects(scratch.forms[form].mask) { return false }
        let bytes = scratch.forms[form].bytes
        guard let changed = transformed(bytes, transformation, &scratch) else { return false }
        addForm(changed, &scratch)
        return true
    }

    // MARK: Questions

    private func ask(
        _ questions: Range<Int>, _ form: Int, node: Int, _ isChanged: Bool, _ value: Int,
        _ scratch: inout SecLangScratch
    ) {
        guard !questions.isEmpty else { return }
        let prefilter = program.prefilter
        let words = (questions.lowerBound >> 6)...((questions.upperBound - 1) >> 6)
        let length = min(scratch.forms[form].bytes.count, Prefilter.lengths - 1) * prefilter.width
        var any: UInt64 = 0
        for word in words {
            any |=
                scratch.pending.words[word] & BitTable.mask(of: questions, word) & prefilter.longEnough[length + word]
        }
        guard any != 0 else { return }
        let hits = hits(of: form, &scratch)
        for word in words {
            var candidates =
                scratch.pending.words[word] & BitTable.mask(of: questions, word) & prefilter.longEnough[length + word]
                & (scratch.hits[hits + word] | prefilter.open[word])
                & (scratch.hits[hits + prefilter.width + word] | prefilter.open[prefilter.width + word])
            while candidates != 0 {
                let number = word << 6 | candidates.trailingZeroBitCount
                candidates &= candidates &- 1
                ask(question: number, form, node: node, isChanged, value, &scratch)
            }
        }
    }

    /// The literals in a form, looked for once.
    private func hits(of form: Int, _ scratch: inout SecLangScratch) -> Int {
        if let known = scratch.forms[form].hits { return known }
        let start = scratch.hits.count
        scratch.hits.append(contentsOf: repeatElement(0, count: program.prefilter.width * 2))
        scratch.forms[form].hits = start
        let bytes = scratch.forms[form].bytes
        scratch.work += bytes.count
        for index in program.prefilter.literals {
            scratch.table.scan(bytes, for: index, into: &scratch.hits, at: start)
        }
        return start
    }

    private func ask(
        question number: Int, _ form: Int, node: Int, _ isChanged: Bool, _ value: Int,
        _ scratch: inout SecLangScratch
    ) {
        let mask = scratch.forms[form].mask
        let question = program.prefilter.questions[number]
        for required in question.bytes where !required.intersects(mask) { return }
        if question.isRepeated, question.node != node || !isChanged { return }
        let bytes = scratch.forms[form].bytes
        let place = holds(question.test, bytes, isCapturing: question.isCapturing, &scratch)
        guard (place != nil) != question.isNegated else { return }
        guard scratch.answers.count < limits.maximumMatches else {
            scratch.table.flags.insert(.isIncomplete)
            return
        }
        let first = scratch.answerCaptures.count
        if question.isCapturing, !question.isNegated { scratch.answerCaptures += scratch.captures }
        scratch.add(
            SecLangScratch.Answer(
                value: value, form: bytes, place: place ?? 0..<bytes.count,
                captures: first..<scratch.answerCaptures.count, next: -1),
            rule: question.rule)
    }
}
