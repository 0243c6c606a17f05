internal import PatternMatching

/// The work that is done for all rules together: which questions does each value answer with yes.
extension SecLangEngine {
    func answer(_ values: Range<Int>, phases: ClosedRange<Int>, _ scratch: inout SecLangScratch) {
        guard isPrefiltering else { return }
        let prefilter = program.prefilter
        scratch.profiles.begin(
            phases, version: scratch.expectations.version, prefilter, scratch.expectations.questions)
        guard scratch.profiles.hasActive else { return }
        for index in values { answer(value: index, prefilter, &scratch) }
    }

    private func answer(value index: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch) {
        let value = scratch.table.values[index]
        guard
            let profile = scratch.table.profile(of: value, in: &scratch.profiles, prefilter, scratch.match)
        else { return }
        let epoch = scratch.profiles.epoch
        let hash = scratch.table.hash(of: value, epoch, scratch.known)
        scratch.profile = profile
        scratch.isKnown = false
        if let hash, let questions = scratch.table.known(value, hash, epoch, scratch.known) {
            guard questions.count > 0 else { return }
            scratch.isKnown = true
            scratch.profile = scratch.profiles.only(questions)
        }
        scratch.positives = KnownValues.Questions()
        let (end, answers) = (scratch.table.bytes.count, scratch.answers.count)
        scratch.forms.removeAll(keepingCapacity: true)
        scratch.derived.removeAll(keepingCapacity: true)
        scratch.hits.removeAll(keepingCapacity: true)
        scratch.formOfNode.begin()
        addForm(value.bytes, &scratch)
        if scratch.isKnown || narrow(profile, prefilter, &scratch) {
            ask(value: index, prefilter, &scratch)
        }
        // What was computed along the way is not needed again unless something matched there.
        if scratch.answers.count == answers { scratch.table.bytes.removeLast(scratch.table.bytes.count - end) }
        guard !scratch.isKnown, let hash, let positives = scratch.positives,
            !scratch.table.flags.contains(.isIncomplete)
        else { return }
        scratch.table.remember(value, hash, epoch, positives, &scratch.known)
    }

    /// Leaves of the value's questions those that its length, its bytes and the literals in it leave, before anything is
    /// transformed; false if there are none, as mostly.
    private func narrow(_ profile: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch) -> Bool {
        let (length, mask) = (scratch.forms[0].bytes.count, scratch.forms[0].mask)
        guard let place = scratch.profiles.narrow(profile, length: length, mask, prefilter) else { return false }
        guard scratch.profiles.asksForLiterals(place, prefilter) else {
            scratch.profile = scratch.profiles.settle(place)
            return true
        }
        let hits = hits(of: 0, prefilter, &scratch)
        guard let left = scratch.profiles.settle(place, scratch.hits, at: hits, prefilter) else { return false }
        scratch.profile = left
        return true
    }

    // MARK: Forms

    private func addForm(_ bytes: Range<Int>, inOtherCase: Int? = nil, _ scratch: inout SecLangScratch) {
        let mask = ByteMask(ByteSet(of: scratch.table.bytes.span.extracting(bytes)))
        scratch.forms.append(SecLangScratch.Form(bytes: bytes, mask: mask, inOtherCase: inOtherCase))
    }

    /// The value's form at a node of the trie: computed once, and only when something asks for it.
    private func form(at index: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch) -> Int {
        let node = prefilter.nodes[index]
        if !node.isUnsettled, !node.chainTriggers.intersects(scratch.forms[0].mask) { return 0 }
        if let known = scratch.formOfNode[index] { return known }
        let parent = form(at: Int(node.parent), prefilter, &scratch)
        let form = transform(parent, node, &scratch)
        scratch.formOfNode[index] = form
        return form
    }

    /// The form after a node's transformation: the same one if that changes nothing.
    private func transform(_ form: Int, _ node: TransformationTrie.Node, _ scratch: inout SecLangScratch) -> Int {
        guard node.isRestless || node.triggers.intersects(scratch.forms[form].mask) else { return form }
        let transformation = node.transformation
        // Chains have their beginnings in common more often than the trie can show.
        for known in scratch.derived where known.from == form && known.by == transformation { return known.to }
        var next = form
        let isLeft = scratch.table.leaves(scratch.forms[form].bytes, transformation)
        if !isLeft, let changed = transformed(scratch.forms[form].bytes, transformation, &scratch) {
            next = scratch.forms.count
            addForm(changed, inOtherCase: transformation == .lowercase ? form : nil, &scratch)
        }
        scratch.derived.append(SecLangScratch.Derivation(from: form, by: transformation, to: next))
        return next
    }

    /// The literals in a form, looked for once. They are found in either case of their letters.
    private func hits(of form: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch) -> Int {
        if let known = scratch.forms[form].hits { return known }
        let start: Int
        if let other = scratch.forms[form].inOtherCase {
            start = hits(of: other, prefilter, &scratch)
        } else {
            start = scratch.hits.count
            scratch.hits.append(contentsOf: repeatElement(0, count: prefilter.gate(Prefilter.gates)))
            let bytes = scratch.forms[form].bytes
            scratch.work += bytes.count
            for index in prefilter.literals.indices {
                scratch.table.scan(bytes, for: prefilter.literals[index], into: &scratch.hits, at: start)
            }
        }
        scratch.forms[form].hits = start
        return start
    }

    // MARK: Questions

    /// Asks what is left: mostly a few, in the order of their forms.
    private func ask(value: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch) {
        for word in 0..<prefilter.width {
            var rest = scratch.profiles.word(scratch.profile, word)
            while rest != 0 {
                ask(word << 6 | rest.trailingZeroBitCount, value, prefilter, &scratch)
                rest &= rest &- 1
            }
        }
    }

    private func ask(_ number: Int, _ value: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch) {
        let place = prefilter.places[number]
        let form = form(at: Int(place.node), prefilter, &scratch)
        if place.isRepeated {
            let before = self.form(at: Int(prefilter.nodes[Int(place.node)].parent), prefilter, &scratch)
            guard form != before else { return }
        }
        // What is known to match was asked before.
        if !scratch.isKnown {
            guard hasRequired(number, scratch.forms[form].mask, prefilter),
                isOpen(number, place, form, prefilter, &scratch)
            else { return }
        }
        ask(question: number, form, value, prefilter, &scratch)
    }

    @inline(__always) private func hasRequired(_ question: Int, _ mask: ByteMask, _ prefilter: Prefilter) -> Bool {
        for index in 0..<Int(prefilter.requiredCount[question]) {
            guard prefilter.required[question &* 3 &+ index].intersects(mask) else { return false }
        }
        return true
    }

    /// Whether a form is long enough and has the literals that a question cannot do without.
    private func isOpen(
        _ number: Int, _ place: Prefilter.Place, _ form: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch
    ) -> Bool {
        guard scratch.forms[form].bytes.count >= Int(place.minimumLength) else { return false }
        let (word, bit) = (number >> 6, 1 as UInt64 &<< UInt64(number & 63))
        let (first, second) = (prefilter.open[word], prefilter.open[prefilter.gate(1) &+ word])
        guard first & second & bit == 0 else { return true }
        let hits = hits(of: form, prefilter, &scratch)
        return (scratch.hits[hits &+ word] | first) & (scratch.hits[hits &+ prefilter.gate(1) &+ word] | second) & bit
            != 0
    }

    private func ask(
        question number: Int, _ form: Int, _ value: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch
    ) {
        let question = prefilter.questions[number]
        let bytes = scratch.forms[form].bytes
        let place = holds(question.test, bytes, isCapturing: question.isCapturing, &scratch)
        guard (place != nil) != question.isNegated else { return }
        if scratch.positives?.insert(number) == false { scratch.positives = nil }
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

extension SecLangValues {
    @inline(__always) func profile(
        of value: Value, in profiles: inout ValueProfiles, _ prefilter: Prefilter, _ match: borrowing MatchScratch
    ) -> Int? {
        profiles.find(value.kind, bytes.span.extracting(value.name), prefilter, match)
    }

    @inline(__always) func hash(
        of value: Value, _ epoch: UInt64, _ known: borrowing KnownValues
    ) -> UInt64? {
        known.hash(value.kind, epoch, bytes.span.extracting(value.name), bytes.span.extracting(value.bytes))
    }

    @inline(__always) func known(
        _ value: Value, _ hash: UInt64, _ epoch: UInt64, _ known: borrowing KnownValues
    ) -> KnownValues.Questions? {
        known.find(
            hash, epoch, value.kind, bytes.span.extracting(value.name), bytes.span.extracting(value.bytes))
    }

    func remember(
        _ value: Value, _ hash: UInt64, _ epoch: UInt64, _ questions: KnownValues.Questions, _ known: inout KnownValues
    ) {
        known.insert(
            hash, epoch, value.kind, bytes.span.extracting(value.name), bytes.span.extracting(value.bytes),
            questions)
    }
}
