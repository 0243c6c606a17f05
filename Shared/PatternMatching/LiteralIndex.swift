/// Many literals looked for in one pass (Aho and Corasick), letter case ignored, each with a number; a scan sets the bit
/// of every number whose literal it met. For any number of numbers; `LiteralAutomaton` is its fixed-width sibling.
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

    /// - Precondition: no literal is empty. Returns nil if there would be too many states.
    package init?(_ literals: [(bytes: [UInt8], number: Int)], numbers: Int) {
        words = (numbers + 63) / 64
        var builder = Builder(literals.map(\.bytes))
        for literal in literals { builder.insert(literal.bytes, literal.number) }
        guard builder.endings.count < Self.maximumStates else { return nil }
        builder.complete()
        classes = builder.classes
        classCount = builder.classCount
        // The start state must be 0, and it never ends anything.
        var order: [Int] = []
        for state in builder.endings.indices where builder.endings[state].isEmpty { order.append(state) }
        firstEnding = order.count
        for state in builder.endings.indices where !builder.endings[state].isEmpty { order.append(state) }
        var place = [Int](repeating: 0, count: order.count)
        for (position, state) in order.enumerated() { place[state] = position }
        var table: [UInt16] = []
        table.reserveCapacity(order.count * classCount)
        for state in order {
            for column in 0..<classCount { table.append(UInt16(place[Int(builder.next[state * classCount + column])])) }
        }
        next = table
        var flat: [Int32] = []
        firstNumbers =
            order[firstEnding...].map { state in
                let first = Int32(flat.count)
                flat += builder.endings[state].sorted().map { Int32($0) }
                return first
            } + [Int32(flat.count)]
        self.numbers = flat
        lengths = order[firstEnding...].map { builder.lengths[$0] }
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

extension LiteralIndex {
    private struct Builder {
        var classes = [UInt8](repeating: 0, count: 256)
        var classCount = 1
        var next: [UInt32]
        var endings: [Set<Int>] = [[]]
        var lengths = [0]

        init(_ literals: [[UInt8]]) {
            for byte in Set(literals.joined().map(Self.fold)).sorted() where classCount < 256 {
                classes[Int(byte)] = UInt8(classCount)
                if (0x61...0x7a).contains(byte) { classes[Int(byte & 0xdf)] = UInt8(classCount) }
                classCount += 1
            }
            next = [UInt32](repeating: 0, count: classCount)
        }

        static func fold(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }

        mutating func insert(_ literal: [UInt8], _ number: Int) {
            precondition(!literal.isEmpty, "an empty literal stands everywhere")
            var state = 0
            for byte in literal {
                let cell = state * classCount + Int(classes[Int(byte)])
                if next[cell] == 0 {
                    next[cell] = UInt32(endings.count)
                    endings.append([])
                    lengths.append(0)
                    next.append(contentsOf: repeatElement(0, count: classCount))
                }
                state = Int(next[cell])
            }
            endings[state].insert(number)
            lengths[state] = literal.count
        }

        /// Breadth first: where a state has no edge of its own it takes that of its longest proper suffix.
        mutating func complete() {
            var suffix = [Int](repeating: 0, count: endings.count)
            var queue = (0..<classCount).map { Int(next[$0]) }.filter { $0 != 0 }
            var head = 0
            while head < queue.count {
                let state = queue[head]
                head += 1
                if !endings[suffix[state]].isEmpty {
                    endings[state].formUnion(endings[suffix[state]])
                    lengths[state] = max(lengths[state], lengths[suffix[state]])
                }
                for column in 0..<classCount {
                    let cell = state * classCount + column
                    let fallback = next[suffix[state] * classCount + column]
                    if next[cell] == 0 {
                        next[cell] = fallback
                    } else {
                        suffix[Int(next[cell])] = Int(fallback)
                        queue.append(Int(next[cell]))
                    }
                }
            }
        }
    }
}
