/// Many literals looked for in one pass over the bytes, whatever their number (Aho and Corasick, 1975), letter case
/// ignored. Each literal carries a tag set; a scan returns the union of the tags of all literals that it met.
///
/// The automaton is a complete table: one look-up per byte, no failure links at run time. Bytes are first mapped to
/// classes (all bytes that no literal uses share class 0), so that a row is as short as the literals' alphabet.
package struct LiteralAutomaton: Sendable {
    package typealias Tags = SIMD8<UInt64>

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
        /// Whether another word of the same state follows.
        var isFollowed = false
    }

    /// - Parameter words: literals that count only where they stand alone: no letter before them, neither letter nor digit
    ///   behind them (`$`, `_` and all beyond ASCII but 0xA0 are letters).
    /// - Precondition: no literal is empty, and all together have fewer than 65,535 bytes.
    package init(
        _ literals: [(bytes: [UInt8], tags: Tags)], words: [(bytes: [UInt8], tags: Tags)] = []
    ) {
        var builder = Builder(literals.map(\.bytes) + words.map(\.bytes))
        for literal in literals { builder.insert(literal.bytes, literal.tags) }
        for word in words { builder.insertWord(word.bytes, word.tags) }
        builder.complete()
        let (states, columns) = (builder.tags, builder.classCount)
        func isEnding(_ state: Int) -> Bool { states[state] != .zero || !builder.words[state].isEmpty }
        let order = states.indices.filter { !isEnding($0) } + states.indices.filter { isEnding($0) }
        var place = [Int](repeating: 0, count: order.count)
        for (position, state) in order.enumerated() { place[state] = position }
        var distinct: [Tags] = []
        var known: [Tags: Int] = [:]
        var listed = [Word(length: 0, tags: .zero)]
        var table: [UInt32] = []
        table.reserveCapacity(order.count * (columns + 2))
        for state in order {
            for column in 0..<columns {
                table.append(UInt32(place[Int(builder.next[state * columns + column])] * (columns + 2)))
            }
            let number = known[states[state]] ?? distinct.count
            if number == distinct.count { distinct.append(states[state]) }
            known[states[state]] = number
            table.append(UInt32(number))
            table.append(builder.words[state].isEmpty ? 0 : UInt32(listed.count))
            for (index, word) in builder.words[state].enumerated() {
                let isFollowed = index + 1 < builder.words[state].count
                listed.append(Word(length: word.length, tags: word.tags, isFollowed: isFollowed))
            }
        }
        classes = builder.classes
        next = table
        tags = distinct
        self.words = listed
        tagColumn = columns
        firstEnding = states.indices.count { !isEnding($0) } * (columns + 2)
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
        guard end == bytes.count || !Self.isLetter(bytes[end]) && !(0x30...0x39).contains(bytes[end]) else {
            return .zero
        }
        var found = Tags.zero
        var number = first
        while true {
            let start = end - words[number].length
            if start == 0 || !Self.isLetter(bytes[start - 1]) { found |= words[number].tags }
            guard words[number].isFollowed else { return found }
            number += 1
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte | 0x20) && byte < 0x80 || byte == 0x5f || byte == 0x24
            || byte >= 0x80 && byte != 0xa0
    }
}

extension LiteralAutomaton {
    private struct Builder {
        var classes = [UInt8](repeating: 0, count: 256)
        var classCount = 1
        var next: [UInt32]
        var tags: [Tags] = [.zero]
        var words: [[(length: Int, tags: Tags)]] = [[]]

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

        mutating func insert(_ literal: [UInt8], _ literalTags: Tags) { tags[state(of: literal)] |= literalTags }

        mutating func insertWord(_ word: [UInt8], _ wordTags: Tags) {
            let state = state(of: word)
            if words[state].isEmpty { words[state] = [(word.count, .zero)] }
            words[state][0].tags |= wordTags
        }

        private mutating func state(of literal: [UInt8]) -> Int {
            precondition(!literal.isEmpty, "an empty literal stands everywhere")
            var state = 0
            for byte in literal {
                let cell = state * classCount + Int(classes[Int(byte)])
                if next[cell] == 0 {
                    next[cell] = UInt32(tags.count)
                    tags.append(.zero)
                    words.append([])
                    next.append(contentsOf: repeatElement(0, count: classCount))
                }
                state = Int(next[cell])
            }
            return state
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
                words[state] += words[suffix[state]]
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
