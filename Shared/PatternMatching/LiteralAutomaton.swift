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
    /// The words that end in one state stand together; the first number says how many.
    private let words: [Word]

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

    /// - Parameter words: literals that count only where they stand as their edges say.
    /// - Precondition: no literal is empty, and all together have fewer than 65,535 bytes.
    package init(
        _ literals: [(bytes: [UInt8], tags: Tags)], words: [(bytes: [UInt8], tags: Tags, edges: WordEdges)] = []
    ) {
        let all = literals.map(\.bytes) + words.map(\.bytes)
        precondition(all.reduce(0) { $0 + $1.count } < 65_535, "too many literals for one automaton")
        var trie = LiteralTrie(of: all)
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

    /// What stands in the text once its blanks (all bytes up to a space) are gone; for literals only, not for words.
    package func scanJoined(_ bytes: Span<UInt8>) -> Tags {
        var found = Tags.zero
        let classes = classes.span
        let next = next.span
        let tags = tags.span
        var row = 0
        for index in bytes.indices {
            let byte = unsafe bytes[unchecked: index]
            if byte <= 0x20 { continue }
            row = unsafe Int(next[unchecked: row &+ Int(classes[unchecked: Int(byte)])])
            if row >= firstEnding { found |= unsafe tags[unchecked: Int(next[unchecked: row &+ tagColumn])] }
        }
        return found
    }

    package func scan(_ bytes: Span<UInt8>) -> Tags {
        var found = Tags.zero
        let classes = classes.span
        let next = next.span
        let tags = tags.span
        var row = 0
        for index in bytes.indices {
            // Every entry of the table leads to the start of a row, and every class is below the row's length.
            row = unsafe Int(next[unchecked: row &+ Int(classes[unchecked: Int(bytes[unchecked: index])])])
            guard row >= firstEnding else { continue }
            found |= unsafe tags[unchecked: Int(next[unchecked: row &+ tagColumn])]
            let word = unsafe Int(next[unchecked: row &+ tagColumn &+ 1])
            if word > 0 { found |= standingAlone(word, bytes, end: index + 1) }
        }
        return found
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
