internal import PatternMatching

/// `@pm` and `@pmFromFile`: any of many phrases, letter case ignored.
struct PhraseSet: Sendable {
    /// Several only if one automaton would have too many states.
    private let parts: [LiteralIndex]

    init(_ phrases: [[UInt8]]) {
        var parts: [LiteralIndex] = []
        var pending: [(bytes: [UInt8], number: Int)] = []
        var size = 0
        for phrase in phrases where !phrase.isEmpty {
            if size + phrase.count >= LiteralIndex.maximumStates - 1 {
                if let index = LiteralIndex(pending, numbers: 1) { parts.append(index) }
                pending = []
                size = 0
            }
            pending.append((Array(phrase.prefix(LiteralIndex.maximumStates - 2)), 0))
            size += phrase.count
        }
        if let index = LiteralIndex(pending, numbers: 1) { parts.append(index) }
        self.parts = parts
    }

    func firstMatch(in value: Span<UInt8>) -> Range<Int>? {
        var best: Range<Int>?
        for part in parts {
            guard let found = part.firstMatch(in: value) else { continue }
            if best.map({ found.upperBound < $0.upperBound }) ?? true { best = found }
        }
        return best
    }
}
