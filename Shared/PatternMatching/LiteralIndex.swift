/// Many literals looked for in one pass (Aho and Corasick), letter case ignored, each with a number; a scan sets the bit
/// of every number whose literal it met. For any number of numbers; where some hundred do, `LiteralAutomaton` costs less.
///
/// One look-up per byte in a complete table of 16-bit states. States in which a literal ends have the highest numbers,
/// so that one comparison tells them.
package struct LiteralIndex: Sendable {
    package let words: Int
    private let classes: [UInt8]
    private let classCount: Int
    private let next: [UInt16]
    private let firstEnding: Int
    /// For each ending state, where in `numbers` those of its literals begin; the next one's beginning is the end.
    private let firstNumbers: [Int32]
    private let numbers: [Int32]
    /// For each ending state, how long the longest literal is that ends there.
    private let lengths: [Int]

    package static let maximumStates = 65_535

    /// What ends in a state while the index is built. A state's own literal is longer than any that it inherits.
    private struct Ending {
        var longest: Int
        var numbers: Set<Int> = []
    }

    /// - Precondition: no literal is empty. Returns nil if there would be too many states.
    package init?(_ literals: [(bytes: [UInt8], number: Int)], numbers: Int) {
        words = (numbers + 63) / 64
        var trie = LiteralTrie(of: literals.map(\.bytes))
        var endings: [Int: Ending] = [:]
        for literal in literals {
            let state = trie.insert(literal.bytes)
            endings[state, default: Ending(longest: literal.bytes.count)].numbers.insert(literal.number)
        }
        guard trie.stateCount < Self.maximumStates else { return nil }
        trie.complete { state, suffix in
            guard let inherited = endings[suffix] else { return }
            endings[state, default: Ending(longest: inherited.longest)].numbers.formUnion(inherited.numbers)
        }
        let (order, place, firstEnding) = trie.endingsLast { endings[$0] != nil }
        self.firstEnding = firstEnding
        classes = trie.classes
        classCount = trie.classCount
        var table: [UInt16] = []
        table.reserveCapacity(order.count * classCount)
        for state in order {
            for column in 0..<classCount { table.append(UInt16(place[Int(trie.next[state * classCount + column])])) }
        }
        next = table
        let ended = order[firstEnding...].map { endings[$0] ?? Ending(longest: 0) }
        var flat: [Int32] = []
        firstNumbers =
            ended.map { ending in
                let first = Int32(flat.count)
                flat += ending.numbers.sorted().map { Int32($0) }
                return first
            } + [Int32(flat.count)]
        self.numbers = flat
        lengths = ended.map(\.longest)
    }

    /// The first literal to end, the longest of those that end there.
    package func firstMatch(in bytes: Span<UInt8>) -> Range<Int>? {
        let classes = classes.span
        let next = next.span
        var state = 0
        for index in bytes.indices {
            state = unsafe Int(
                next[unchecked: state &* classCount &+ Int(classes[unchecked: Int(bytes[unchecked: index])])])
            if state >= firstEnding { return (index + 1 - lengths[state - firstEnding])..<(index + 1) }
        }
        return nil
    }

    package var stateCount: Int { next.count / classCount }

    /// Sets bits in the `words` words of `found` that begin at `start`.
    package func scan(_ bytes: Span<UInt8>, into found: inout [UInt64], at start: Int = 0) {
        let classes = classes.span
        let next = next.span
        var state = 0
        for index in bytes.indices {
            // Every entry of the table is a state, and every class is below the row length.
            state = unsafe Int(
                next[unchecked: state &* classCount &+ Int(classes[unchecked: Int(bytes[unchecked: index])])])
            if state >= firstEnding { add(state, &found, start) }
        }
    }

    private func add(_ state: Int, _ found: inout [UInt64], _ start: Int) {
        let position = state - firstEnding
        for index in Int(firstNumbers[position])..<Int(firstNumbers[position + 1]) {
            let number = Int(numbers[index])
            found[start + number >> 6] |= 1 &<< UInt64(number & 63)
        }
    }
}
