/// Many literals looked for in one pass over the bytes, whatever their number (Aho and Corasick, 1975), letter case
/// ignored. Each literal carries a tag set; a scan returns the union of the tags of all literals that it met.
///
/// The automaton is a complete table: one look-up per byte, no failure links at run time. Tags of a fixed width make it
/// one union a state; where numbers are many, `LiteralIndex` is its sibling.
package struct LiteralAutomaton: Sendable {
    package typealias Tags = SIMD4<UInt64>

    private let classes: [UInt8]
    /// Row-major: where the next state's row starts. A row's last two columns are no classes: the number of the state's
    /// tags, and of its words. Rows of states in which a literal ends stand last, so that one comparison tells them.
    private let next: [UInt32]
    private let tagColumn: Int
    private let firstEnding: Int
    private let tags: [Tags]
    /// The words that end in one state stand together.
    private let words: [Word]
    private let longest: Int
    private let passesBlanks: Bool

    private struct Word: Sendable {
        var length: Int
        var tags: Tags
        var edges: WordEdges
        /// Whether another word of the same state follows.
        var isFollowed = false
    }

    /// What ends in a state while the automaton is built.
    private struct Ending {
        var tags: Tags = .zero
        var words: [(length: Int, tags: Tags, edges: WordEdges)] = []

        mutating func add(_ length: Int, _ tags: Tags, _ edges: WordEdges) {
            if let known = words.firstIndex(where: { $0.length == length && $0.edges == edges }) {
                words[known].tags |= tags
            } else {
                words.append((length, tags, edges))
            }
        }

        mutating func add(_ inherited: Ending) {
            tags |= inherited.tags
            words += inherited.words
        }
    }

    /// - Parameters:
    ///   - words: literals that count only where they stand as their edges say.
    ///   - passesBlanks: whether literals are looked for in the text as it is without its blanks (all bytes up to a
    ///     space). There are no words then.
    /// - Precondition: no literal is empty, and all together have fewer than 65,535 bytes.
    package init(
        _ literals: [(bytes: [UInt8], tags: Tags)], words: [(bytes: [UInt8], tags: Tags, edges: WordEdges)] = [],
        passesBlanks: Bool = false
    ) {
        let all = literals.map(\.bytes) + words.map(\.bytes)
        precondition(all.reduce(0) { $0 + $1.count } < 65_535, "too many literals for one automaton")
        precondition(!passesBlanks || words.isEmpty, "blanks tell where words end")
        longest = all.map(\.count).max() ?? 0
        self.passesBlanks = passesBlanks
        var trie = LiteralTrie(of: all, passesBlanks: passesBlanks)
        var endings: [Int: Ending] = [:]
        for literal in literals { endings[trie.insert(literal.bytes), default: Ending()].tags |= literal.tags }
        for word in words {
            endings[trie.insert(word.bytes), default: Ending()].add(word.bytes.count, word.tags, word.edges)
        }
        trie.complete { state, suffix in
            if let inherited = endings[suffix] { endings[state, default: Ending()].add(inherited) }
        }
        let (order, place, plainCount) = trie.endingsLast { endings[$0] != nil }
        let columns = trie.classCount
        var distinct: [Tags] = []
        var known: [Tags: Int] = [:]
        var listed = [Word(length: 0, tags: .zero, edges: .name)]
        var table: [UInt32] = []
        table.reserveCapacity(order.count * (columns + 2))
        for state in order {
            for column in 0..<columns {
                table.append(UInt32(place[Int(trie.next[state * columns + column])] * (columns + 2)))
            }
            let ending = endings[state] ?? Ending()
            let number = known[ending.tags] ?? distinct.count
            if number == distinct.count { distinct.append(ending.tags) }
            known[ending.tags] = number
            table.append(UInt32(number))
            table.append(ending.words.isEmpty ? 0 : UInt32(listed.count))
            for (index, word) in ending.words.enumerated() {
                let isFollowed = index + 1 < ending.words.count
                listed.append(Word(length: word.length, tags: word.tags, edges: word.edges, isFollowed: isFollowed))
            }
        }
        classes = trie.classes
        next = table
        tags = distinct
        self.words = listed
        tagColumn = columns
        firstEnding = plainCount * (columns + 2)
    }

    package func scan(_ bytes: Span<UInt8>) -> Tags {
        guard bytes.count >= Self.longText else {
            var found = Tags.zero
            scan(bytes, 0..<bytes.count, row: 0, &found)
            return found
        }
        return scanQuarters(bytes)
    }

    @inline(__always)
    private func scan(_ bytes: Span<UInt8>, _ range: Range<Int>, row start: Int, _ found: inout Tags) {
        let classes = classes.span
        let next = next.span
        var row = start
        for index in range {
            // Every entry of the table leads to the start of a row, and every class is below the row's length.
            row = unsafe Int(next[unchecked: row &+ Int(classes[unchecked: Int(bytes[unchecked: index])])])
            if row >= firstEnding { end(in: row, bytes, index &+ 1, &found) }
        }
    }

    /// Adds what ends in a row. Called, not compiled in: the loops keep their registers.
    @inline(never) private func end(in row: Int, _ bytes: Span<UInt8>, _ end: Int, _ found: inout Tags) {
        found |= unsafe tags.span[unchecked: Int(next.span[unchecked: row &+ tagColumn])]
        let word = unsafe Int(next.span[unchecked: row &+ tagColumn &+ 1])
        if word > 0 { found |= standingAlone(word, bytes, end: end) }
    }

    // MARK: Long texts

    private static let longText = 256

    /// The four quarters of a text side by side: each step waits for the one before it, but not for those of the others.
    private func scanQuarters(_ bytes: Span<UInt8>) -> Tags {
        let quarter = bytes.count / 4
        let (second, third) = (begin(bytes, before: quarter), begin(bytes, before: quarter * 2))
        let fourth = begin(bytes, before: quarter * 3)
        let common = min(quarter, quarter * 2 - second, quarter * 3 - third, bytes.count - fourth)
        let (classes, next) = (classes.span, next.span)
        var found = Tags.zero
        var (a, b, c, d) = (0, 0, 0, 0)
        @inline(__always) func step(_ row: Int, _ index: Int) -> Int {
            unsafe Int(next[unchecked: row &+ Int(classes[unchecked: Int(bytes[unchecked: index])])])
        }
        for index in 0..<common {
            a = step(a, index)
            b = step(b, second &+ index)
            c = step(c, third &+ index)
            d = step(d, fourth &+ index)
            if a >= firstEnding { end(in: a, bytes, index &+ 1, &found) }
            if b >= firstEnding { end(in: b, bytes, second &+ index &+ 1, &found) }
            if c >= firstEnding { end(in: c, bytes, third &+ index &+ 1, &found) }
            if d >= firstEnding { end(in: d, bytes, fourth &+ index &+ 1, &found) }
        }
        scan(bytes, common..<quarter, row: a, &found)
        scan(bytes, (second + common)..<(quarter * 2), row: b, &found)
        scan(bytes, (third + common)..<(quarter * 3), row: c, &found)
        scan(bytes, (fourth + common)..<bytes.count, row: d, &found)
        return found
    }

    /// Where to begin so that a literal that goes on over `place` is met whole.
    private func begin(_ bytes: Span<UInt8>, before place: Int) -> Int {
        var index = place
        var missing = longest - 1
        while index > 0, missing > 0 {
            index -= 1
            if !passesBlanks || bytes[index] > 0x20 { missing -= 1 }
        }
        return index
    }

    private func standingAlone(_ first: Int, _ bytes: Span<UInt8>, end: Int) -> Tags {
        var found = Tags.zero
        var number = first
        while true {
            if words[number].edges.hold(bytes, (end - words[number].length)..<end) { found |= words[number].tags }
            guard words[number].isFollowed else { return found }
            number += 1
        }
    }
}
