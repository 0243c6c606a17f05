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
        addForm(value.bytes, hits: nil, &scratch)
        if !scratch.isKnown {
            let (length, mask) = (value.bytes.count, scratch.forms[0].mask)
            let narrow = scratch.profiles.narrow(profile, length: length, mask, prefilter)
            scratch.profile = narrow ?? -1
        }
        if scratch.profile >= 0 {
            visit(node: 0, form: 0, isChanged: true, value: index, prefilter, &scratch)
        }
        // What was computed along the way is not needed again unless something matched there.
        if scratch.answers.count == answers { scratch.table.bytes.removeLast(scratch.table.bytes.count - end) }
        guard !scratch.isKnown, let hash, let positives = scratch.positives,
            !scratch.table.flags.contains(.isIncomplete)
        else { return }
        scratch.table.remember(value, hash, epoch, positives, &scratch.known)
    }

    // MARK: The trie of transformations

    private func addForm(_ bytes: Range<Int>, hits: Int?, _ scratch: inout SecLangScratch) {
        let mask = ByteMask(ByteSet(of: scratch.table.bytes.span.extracting(bytes)))
        scratch.forms.append(SecLangScratch.Form(bytes: bytes, mask: mask, hits: hits))
    }

    private func visit(
        node index: Int, form: Int, isChanged: Bool, value: Int, _ prefilter: Prefilter,
        _ scratch: inout SecLangScratch
    ) {
        let node = prefilter.nodes[index]
        if node.calmTriggers.intersects(scratch.forms[form].mask) {
            ask(prefilter.own, node.own, form, node: index, isChanged, value, prefilter, &scratch)
            var child = index + 1
            while child < Int(node.end) {
                enter(child, from: form, value: value, prefilter, &scratch)
                child = Int(prefilter.nodes[child].end)
            }
        } else {
            // Nothing in the calm part changes this form: all its questions at once.
            ask(prefilter.calm, node.calm, form, node: index, isChanged, value, prefilter, &scratch)
            for place in node.firstRestless..<(node.firstRestless + node.restlessCount) {
                enter(Int(prefilter.restless[Int(place)]), from: form, value: value, prefilter, &scratch)
            }
        }
    }

    private func enter(
        _ child: Int, from form: Int, value: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch
    ) {
        guard scratch.profiles.has(scratch.profile, node: child, prefilter) else { return }
        let next = transform(form, child, prefilter, &scratch)
        visit(node: child, form: next, isChanged: next != form, value: value, prefilter, &scratch)
    }

    /// The form after a node's transformation: the same one if that changes nothing.
    private func transform(
        _ form: Int, _ index: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch
    ) -> Int {
        let node = prefilter.nodes[index]
        guard node.isRestless || node.triggers.intersects(scratch.forms[form].mask) else { return form }
        let transformation = node.transformation
        // Chains have their beginnings in common more often than the trie can show.
        for known in scratch.derived where known.from == form && known.by == transformation { return known.to }
        var next = form
        let isLeft = scratch.table.leaves(scratch.forms[form].bytes, transformation)
        if !isLeft, let changed = transformed(scratch.forms[form].bytes, transformation, &scratch) {
            // Literals are found in either case of their letters.
            let hits = transformation == .lowercase && !scratch.isKnown ? hits(of: form, prefilter, &scratch) : nil
            next = scratch.forms.count
            addForm(changed, hits: hits, &scratch)
        }
        scratch.derived.append(SecLangScratch.Derivation(from: form, by: transformation, to: next))
        return next
    }

    // MARK: Questions

    /// `set` holds a set of questions for each node, of which these words count.
    private func ask(
        _ set: borrowing FixedTable<UInt64>, _ words: TransformationTrie.Words, _ form: Int, node: Int,
        _ isChanged: Bool, _ value: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch
    ) {
        let width = prefilter.width
        let length = min(scratch.forms[form].bytes.count, Prefilter.lengths - 1) &* width
        let base = node &* width
        var asked = 0
        for word in Int(words.first)..<Int(words.end) {
            let bits =
                scratch.profiles.word(scratch.profile, word) & set[base &+ word] & prefilter.longEnough[length &+ word]
            asked &+= bits.nonzeroBitCount
            // For a few questions the bytes they need are looked up sooner than the literals they need are looked for.
            guard asked > 0, asked <= Self.few, scratch.forms[form].hits == nil else { continue }
            if !anyHasRequired(bits, word, scratch.forms[form].mask, prefilter) { asked &-= bits.nonzeroBitCount }
        }
        guard asked > 0 else { return }
        let hits = scratch.isKnown ? 0 : hits(of: form, prefilter, &scratch)
        for word in Int(words.first)..<Int(words.end) {
            var candidates =
                scratch.profiles.word(scratch.profile, word) & set[base &+ word] & prefilter.longEnough[length &+ word]
            if candidates == 0 { continue }
            if !scratch.isKnown {
                candidates &= scratch.hits[hits &+ word] | prefilter.open[word]
                candidates &= scratch.hits[hits &+ width &+ word] | prefilter.open[width &+ word]
            }
            while candidates != 0 {
                let number = word << 6 | candidates.trailingZeroBitCount
                candidates &= candidates &- 1
                guard hasRequired(number, scratch.forms[form].mask, prefilter) else { continue }
                ask(question: number, form, node: node, isChanged, value, prefilter, &scratch)
            }
        }
    }

    private static let few = 12

    private func anyHasRequired(_ questions: UInt64, _ word: Int, _ mask: ByteMask, _ prefilter: Prefilter) -> Bool {
        var bits = questions
        while bits != 0 {
            if hasRequired(word << 6 | bits.trailingZeroBitCount, mask, prefilter) { return true }
            bits &= bits &- 1
        }
        return false
    }

    @inline(__always) private func hasRequired(_ question: Int, _ mask: ByteMask, _ prefilter: Prefilter) -> Bool {
        for index in 0..<Int(prefilter.requiredCount[question]) {
            guard prefilter.required[question &* 3 &+ index].intersects(mask) else { return false }
        }
        return true
    }

    /// The literals in a form, looked for once.
    private func hits(of form: Int, _ prefilter: Prefilter, _ scratch: inout SecLangScratch) -> Int {
        if let known = scratch.forms[form].hits { return known }
        let start = scratch.hits.count
        scratch.hits.append(contentsOf: repeatElement(0, count: prefilter.width * 2))
        scratch.forms[form].hits = start
        let bytes = scratch.forms[form].bytes
        scratch.work += bytes.count
        for index in prefilter.literals { scratch.table.scan(bytes, for: index, into: &scratch.hits, at: start) }
        return start
    }

    private func ask(
        question number: Int, _ form: Int, node: Int, _ isChanged: Bool, _ value: Int, _ prefilter: Prefilter,
        _ scratch: inout SecLangScratch
    ) {
        let question = prefilter.questions[number]
        if question.isRepeated, question.node != node || !isChanged { return }
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
