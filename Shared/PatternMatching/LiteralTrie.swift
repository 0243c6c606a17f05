/// The literals of an automaton while it is built (Aho and Corasick, 1975): a tree of their letters, whose missing edges
/// `complete` fills. What ends in a state is its owner's business.
///
/// Letter case is ignored. Bytes are mapped to classes (all bytes that no literal uses share class 0), so that a row of
/// the table is as short as the literals' alphabet.
struct LiteralTrie {
    private(set) var classes = [UInt8](repeating: 0, count: 256)
    private(set) var classCount = 1
    private(set) var stateCount = 1
    /// Row-major, a row a state; state 0 is the start.
    private(set) var next: [UInt32]

    /// What all bytes share that mean nothing in this automaton: it stays where it is.
    private let passed: Int?

    /// - Parameter passesBlanks: whether all bytes up to a space are passed over. No literal has one of them then.
    init(of literals: [[UInt8]], passesBlanks: Bool = false) {
        passed = passesBlanks ? 1 : nil
        if passesBlanks {
            for blank in 0...0x20 { classes[blank] = 1 }
            classCount = 2
        }
        for byte in Set(literals.joined().map(Self.fold)).sorted() {
            classes[Int(byte)] = UInt8(classCount)
            if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) { classes[Int(byte & 0xdf)] = UInt8(classCount) }
            classCount += 1
        }
        next = [UInt32](repeating: 0, count: classCount)
    }

    private static func fold(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// The state in which the literal ends.
    mutating func insert(_ literal: [UInt8]) -> Int {
        precondition(!literal.isEmpty, "an empty literal stands everywhere")
        var state = 0
        for byte in literal {
            let cell = state * classCount + Int(classes[Int(byte)])
            if next[cell] == 0 {
                next[cell] = UInt32(stateCount)
                stateCount += 1
                next.append(contentsOf: repeatElement(0, count: classCount))
            }
            state = Int(next[cell])
        }
        return state
    }

    /// Breadth first: where a state has no edge of its own it takes that of its longest proper suffix. `inherit` is told of
    /// each state and that suffix, of which everything is known by then: what ends there ends here too.
    mutating func complete(inherit: (_ state: Int, _ suffix: Int) -> Void) {
        var suffix = [Int](repeating: 0, count: stateCount)
        var queue = (0..<classCount).map { Int(next[$0]) }.filter { $0 != 0 }
        var head = 0
        while head < queue.count {
            let state = queue[head]
            head += 1
            inherit(state, suffix[state])
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
        guard let passed else { return }
        for state in 0..<stateCount { next[state * classCount + passed] = UInt32(state) }
    }

    /// All states, those in which something ends last, so that one comparison tells them; and where each has its place.
    /// The start is first: nothing ends there.
    func endingsLast(_ isEnding: (Int) -> Bool) -> (order: [Int], place: [Int], firstEnding: Int) {
        let states = 0..<stateCount
        let plain = states.filter { !isEnding($0) }
        let order = plain + states.filter(isEnding)
        var place = [Int](repeating: 0, count: stateCount)
        for (position, state) in order.enumerated() { place[state] = position }
        return (order, place, plain.count)
    }
}
