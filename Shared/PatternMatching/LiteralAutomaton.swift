/// Many literals looked for in one pass over the bytes, whatever their number (Aho and Corasick, 1975), letter case
/// ignored. Each literal carries a tag set; a scan returns the union of the tags of all literals that it met.
///
/// The automaton is a complete table: one look-up per byte, no failure links at run time. Bytes are first mapped to
/// classes (all bytes that no literal uses share class 0), so that a row is as short as the literals' alphabet.
package struct LiteralAutomaton: Sendable {
    package typealias Tags = SIMD8<UInt64>

    private let classes: [UInt8]
    private let classCount: Int
    /// Row-major: where the next state's row starts, doubled, plus one when a literal ends there.
    private let next: [UInt32]
    /// For each state 0 (nothing ends here) or 1 + the index of its tags.
    private let ending: [UInt16]
    private let tags: [Tags]

    /// - Precondition: no literal is empty, and all together have fewer than 65,535 bytes.
    package init(_ literals: [(bytes: [UInt8], tags: Tags)]) {
        var builder = Builder(literals.map(\.bytes))
        for literal in literals { builder.insert(literal.bytes, literal.tags) }
        builder.complete()
        classes = builder.classes
        classCount = builder.classCount
        let states = builder
        next = states.next.map { $0 * UInt32(states.classCount) * 2 + (states.tags[Int($0)] == .zero ? 0 : 1) }
        var distinct: [Tags] = []
        var known: [Tags: UInt16] = [:]
        ending = builder.tags.map { tags in
            guard tags != .zero else { return 0 }
            if let index = known[tags] { return index }
            distinct.append(tags)
            known[tags] = UInt16(distinct.count)
            return UInt16(distinct.count)
        }
        tags = distinct
    }

    package func scan(_ bytes: Span<UInt8>) -> Tags {
        var found = Tags.zero
        guard !tags.isEmpty else { return found }
        let classes = classes.span
        let next = next.span
        let ending = ending.span
        var row = 0
        for index in bytes.indices {
            // Every entry of the table leads to the start of a row, and every class is below the row length.
            let entry = unsafe next[unchecked: row &+ Int(classes[unchecked: Int(bytes[index])])]
            row = Int(entry >> 1)
            if entry & 1 != 0 { found |= tags[Int(ending[row / classCount]) - 1] }
        }
        return found
    }
}

extension LiteralAutomaton {
    private struct Builder {
        var classes = [UInt8](repeating: 0, count: 256)
        var classCount = 1
        var next: [UInt32]
        var tags: [Tags] = [.zero]

        init(_ literals: [[UInt8]]) {
            precondition(literals.reduce(0) { $0 + $1.count } < 65_535, "too many literals for one automaton")
            for byte in Set(literals.joined().map(Self.fold)).sorted() {
                classes[Int(byte)] = UInt8(classCount)
                if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) {
                    classes[Int(byte & 0xdf)] = UInt8(classCount)
                }
                classCount += 1
            }
            next = [UInt32](repeating: 0, count: classCount)
        }

        static func fold(_ byte: UInt8) -> UInt8 {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }

        mutating func insert(_ literal: [UInt8], _ literalTags: Tags) {
            precondition(!literal.isEmpty, "an empty literal stands everywhere")
            var state = 0
            for byte in literal {
                let cell = state * classCount + Int(classes[Int(byte)])
                if next[cell] == 0 {
                    next[cell] = UInt32(tags.count)
                    tags.append(.zero)
                    next.append(contentsOf: repeatElement(0, count: classCount))
                }
                state = Int(next[cell])
            }
            tags[state] |= literalTags
        }

        /// Breadth first: where a state has no edge of its own it takes that of its longest proper suffix.
        mutating func complete() {
            var suffix = [Int](repeating: 0, count: tags.count)
            var queue = (0..<classCount).map { Int(next[$0]) }.filter { $0 != 0 }
            var head = 0
            while head < queue.count {
                let state = queue[head]
                head += 1
                tags[state] |= tags[suffix[state]]
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
