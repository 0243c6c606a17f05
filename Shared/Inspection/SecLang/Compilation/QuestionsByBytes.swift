internal import PatternMatching

/// Sets of questions by a set of bytes each, equal sets of bytes only once: a value's bytes are compared with a set, not
/// with every question.
struct QuestionsByBytes: ~Copyable, Sendable {
    // Neither is private: the compiler loses the types in builds file by file.
    struct Entry: BitwiseCopyable, Sendable {
        var bytes: ByteMask
        /// In `members`.
        var first: Int32
        var end: Int32
    }

    struct Members: BitwiseCopyable, Sendable {
        var word: Int32
        var questions: UInt64
    }

    private let entries: FixedTable<Entry>
    private let members: FixedTable<Members>

    /// For each question its set, if it has one.
    init(_ sets: [ByteSet?]) {
        var tables: [(bytes: ByteSet, questions: BitTable)] = []
        var known: [ByteSet: Int] = [:]
        for (question, set) in sets.enumerated() {
            guard let set else { continue }
            let place = known[set] ?? tables.count
            if place == tables.count { tables.append((set, BitTable(count: sets.count))) }
            known[set] = place
            tables[place].questions.insert(question)
        }
        var (entries, members): ([Entry], [Members]) = ([], [])
        for (bytes, questions) in tables {
            let first = Int32(members.count)
            for (word, bits) in questions.words.enumerated() where bits != 0 {
                members.append(Members(word: Int32(word), questions: bits))
            }
            entries.append(Entry(bytes: ByteMask(bytes), first: first, end: Int32(members.count)))
        }
        self.entries = FixedTable(entries)
        self.members = FixedTable(members)
    }

    /// The questions, word by word, whose bytes a value with these has one of, or (`having` false) none of.
    @inline(__always) func forEach(having: Bool, _ mask: ByteMask, _ body: (_ word: Int, _ questions: UInt64) -> Void) {
        for index in 0..<entries.count {
            let entry = entries[index]
            if entry.bytes.intersects(mask) != having { continue }
            for place in Int(entry.first)..<Int(entry.end) {
                let member = members[place]
                body(Int(member.word), member.questions)
            }
        }
    }
}
