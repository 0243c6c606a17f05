internal import PatternMatching

/// Digests of what comes again and again, a browser's name for one: a rule that wants them wants them for every request.
struct DigestMemory: ~Copyable {
    private static let slots = 256
    private static let longest = 256

    private var entries = [(input: [UInt8], by: SecLangTransformation, output: [UInt8])](
        repeating: ([], .length, []), count: slots)

    /// Applies a digest to `input`, or remembers what came of it.
    mutating func apply(
        _ transformation: SecLangTransformation, _ input: Span<UInt8>, into output: inout [UInt8]
    ) {
        guard input.count <= Self.longest else { return transformation.apply(input, into: &output) }
        let slot = Int(truncatingIfNeeded: KnownValues.hash(input) >> 32) & (Self.slots - 1)
        let known = entries[slot]
        if known.by == transformation, known.input.count == input.count, known.input.span.hasSameBytes(as: input) {
            output += known.output
            return
        }
        transformation.apply(input, into: &output)
        var kept: [UInt8] = []
        for index in input.indices { kept.append(input[index]) }
        entries[slot] = (kept, transformation, output)
    }
}
