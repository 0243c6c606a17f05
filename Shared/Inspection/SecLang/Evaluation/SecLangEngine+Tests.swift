internal import PatternMatching

/// One operator, asked of one piece of the buffer.
extension SecLangEngine {
    /// What a fixed share of one question costs, in bytes looked at.
    private static let questionCost = 32
    /// What a pattern costs that was given up: a request can have a few, not hundreds.
    private static let limitCost = 1 << 26
    private static let shortLength = 4 << 10

    /// The bytes after the transformation, behind everything else; nil if they did not change.
    func transformed(
        _ bytes: Range<Int>, _ transformation: SecLangTransformation, _ scratch: inout SecLangScratch
    ) -> Range<Int>? {
        scratch.work += bytes.count
        scratch.output.removeAll(keepingCapacity: true)
        if transformation == .sha1 || transformation == .md5 {
            scratch.table.digest(bytes, transformation, &scratch.digests, into: &scratch.output)
        } else {
            scratch.table.transform(bytes, transformation, into: &scratch.output)
        }
        if scratch.output.count == bytes.count,
            scratch.table.bytes.span.extracting(bytes).hasSameBytes(as: scratch.output.span)
        {
            return nil
        }
        guard scratch.table.bytes.count + scratch.output.count <= limits.maximumBytes * 2 else {
            scratch.table.flags.insert(.isIncomplete)
            return nil
        }
        let start = scratch.table.bytes.count
        scratch.table.bytes += scratch.output
        return start..<scratch.table.bytes.count
    }

    /// Where the operator finds what it looks for, counted from the piece's beginning. With `isCapturing`, `captures`
    /// holds the groups afterwards.
    func holds(
        _ test: CompiledTest, _ bytes: Range<Int>, isCapturing: Bool, _ scratch: inout SecLangScratch
    ) -> Range<Int>? {
        scratch.work += bytes.count + Self.questionCost
        guard scratch.work <= limits.maximumWork else {
            scratch.table.flags.insert(.isIncomplete)
            return nil
        }
        let place: Range<Int>?
        switch test {
        case .regex(let pattern): return matches(pattern, bytes, isCapturing, &scratch)
        case .composedRegex(let macro):
            guard let pattern = composed(macro, &scratch) else { return nil }
            return matches(pattern, bytes, isCapturing, &scratch)
        case .phrases(let phrases): place = phrases.firstMatch(in: scratch.table.bytes.span.extracting(bytes))
        case .text(let test, let macro): place = compares(test, macro, bytes, &scratch)
        case .number(let comparison, let macro):
            let operand = number(of: macro, &scratch)
            let value = scratch.table.bytes.span.extracting(bytes).leadingNumber
            place = comparison.holds(value, operand) ? 0..<bytes.count : nil
        case .identity(let kind, let pattern):
            guard let found = matches(pattern, bytes, isCapturing, &scratch) else { return nil }
            let text = scratch.table.bytes.span.extracting(bytes).extracting(found)
            return kind.isValid(text) ? found : nil
        case .sqlInjection: return sqlInjection(bytes, &scratch)
        default: place = validates(test, scratch.table.bytes.span.extracting(bytes))
        }
        if isCapturing {
            scratch.captures.removeAll(keepingCapacity: true)
            if let place { scratch.captures.append(place) }
        }
        return place
    }

    private func validates(_ test: CompiledTest, _ text: Span<UInt8>) -> Range<Int>? {
        switch test {
        case .addresses(let addresses): addresses.contains(text) ? 0..<text.count : nil
        case .bytesOutside(let bytes): text.indices.first { bytes.contains(text[$0]) }.map { $0..<($0 + 1) }
        case .malformedURLEncoding: ByteValidation.isMalformedURLEncoding(text) ? 0..<text.count : nil
        case .malformedUTF8: ByteValidation.isMalformedUTF8(text) ? 0..<text.count : nil
        case .crossSiteScripting: grammars.crossSiteScripting(text) ? 0..<text.count : nil
        case .always: 0..<text.count
        default: nil
        }
    }

    private static let maximumComposed = 64

    /// Compiled once for each text; what is no expression matches nothing.
    private func composed(_ macro: CompiledMacro, _ scratch: inout SecLangScratch) -> Pattern? {
        expand(macro, &scratch)
        if let known = scratch.composed[scratch.expanded] { return known }
        guard scratch.expanded.count < 16 << 10,
            let pattern = try? Pattern(scratch.expanded, SecLangProgram.patternOptions)
        else { return nil }
        if scratch.composed.count >= Self.maximumComposed { scratch.composed.removeAll() }
        scratch.composed[scratch.expanded] = pattern
        return pattern
    }

    private func matches(
        _ pattern: Pattern, _ bytes: Range<Int>, _ isCapturing: Bool, _ scratch: inout SecLangScratch
    ) -> Range<Int>? {
        let outcome =
            isCapturing
            ? bytes.count <= Self.shortLength
                ? scratch.table.match(bytes, pattern, scratch.match, captures: &scratch.captures)
                : scratch.table.match(bytes, pattern, scratch.longMatch, captures: &scratch.captures)
            : bytes.count <= Self.shortLength
                ? pattern.firstMatch(in: scratch.table.bytes.span.extracting(bytes), scratch.match)
                : pattern.firstMatch(in: scratch.table.bytes.span.extracting(bytes), scratch.longMatch)
        switch outcome {
        case .match(let place): return place
        case .noMatch: return nil
        case .limitReached:
            scratch.work += Self.limitCost
            scratch.table.flags.insert(.isIncomplete)
            return nil
        }
    }

    private func compares(
        _ test: RuleOperator.TextTest, _ macro: CompiledMacro, _ bytes: Range<Int>, _ scratch: inout SecLangScratch
    ) -> Range<Int>? {
        if let literal = macro.literal {
            return test.place(of: literal.span, in: scratch.table.bytes.span.extracting(bytes))
        }
        if let cell = macro.cell {
            let text = text(ofCell: cell, &scratch)
            let all = scratch.table.bytes.span
            return test.place(of: all.extracting(text), in: all.extracting(bytes))
        }
        expand(macro, &scratch)
        return test.place(of: scratch.expanded.span, in: scratch.table.bytes.span.extracting(bytes))
    }

    /// The capture is the fingerprint, which is not part of the value: it is put behind it.
    private func sqlInjection(_ bytes: Range<Int>, _ scratch: inout SecLangScratch) -> Range<Int>? {
        guard let fingerprint = grammars.sqlInjection(scratch.table.bytes.span.extracting(bytes)) else { return nil }
        let stored = scratch.table.store(bytes: fingerprint)
        scratch.captures.removeAll(keepingCapacity: true)
        scratch.captures.append((stored.lowerBound - bytes.lowerBound)..<(stored.upperBound - bytes.lowerBound))
        return 0..<bytes.count
    }
}
