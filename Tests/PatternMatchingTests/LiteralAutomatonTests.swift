import PatternMatching
import TestSupport
import Testing

@Suite struct LiteralAutomatonTests {
    private func tag(_ index: Int) -> LiteralAutomaton.Tags {
        var tags = LiteralAutomaton.Tags.zero
        tags[index / 64] = 1 << UInt64(index % 64)
        return tags
    }

    @Test(arguments: [
        ("1 or 2", true), ("or", true), ("OR(", true), ("1or 2", true), ("for", false), ("ore", false),
        ("x or1", false),
        ("_or", false), ("or$", false), ("nor or", true), ("(or)", true), ("\u{e9}or", false),
    ])
    func aWordCountsOnlyWhereItStandsAlone(text: String, isFound: Bool) {
        let automaton = LiteralAutomaton(
            [(Array("nor".utf8), tag(1))],
            words: [(Array("or".utf8), tag(0), .name), (Array("nor".utf8), tag(2), .name)])
        #expect((automaton.scan(Array(text.utf8).span)[0] & 1 != 0) == isFound)
    }

    @Test func findsLiteralsInsideEachOther() {
        let words = ["he", "she", "his", "hers"]
        let automaton = LiteralAutomaton(words.enumerated().map { (Array($1.utf8), tag($0)) })
        #expect(automaton.scan(Array("ushers".utf8).span) == tag(0) | tag(1) | tag(3))
        #expect(automaton.scan(Array("UsHERs".utf8).span) == tag(0) | tag(1) | tag(3))
        #expect(automaton.scan(Array("hi".utf8).span) == .zero)
        #expect(LiteralAutomaton([]).scan(Array("anything".utf8).span) == .zero)
    }

    /// The automaton against the obvious search, on random literals over a small alphabet.
    @Test(arguments: [UInt64(1), 2, 3, 4]) func agreesWithTheObviousSearch(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let literals = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                (0..<Int.random(in: 1...5, using: &random)).map { _ in UInt8.random(in: 97...100, using: &random) }
            }
            let automaton = LiteralAutomaton(literals.enumerated().map { ($1, tag($0)) })
            let text = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 97...101, using: &random)
            }
            let expected = literals.enumerated().filter { _, literal in
                text.indices.contains { text[$0...].starts(with: literal) }
            }
            #expect(automaton.scan(text.span) == expected.reduce(.zero) { $0 | tag($1.offset) })
        }
    }

    /// Long texts are read at four places at once.
    @Test(arguments: [UInt64(5), 6, 7]) func findsInLongTextsWhatStandsOnAnEdgeToo(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let literal = Array("needle".utf8)
        let plain = LiteralAutomaton([(literal, tag(0))], words: [(Array("pin".utf8), tag(1), .word)])
        let joined = LiteralAutomaton([(literal, tag(0))], passesBlanks: true)
        for length in stride(from: 250, to: 330, by: 13) {
            let text = (0..<length).map { _ in "need l\n".utf8.randomElement(using: &random) ?? 0 }
            for place in 0...(length - 6) {
                var changed = text
                changed.replaceSubrange(place..<(place + 6), with: literal)
                #expect(plain.scan(changed.span) == tag(0))
                changed.replaceSubrange(place..<(place + 6), with: [0x20] + "pin".utf8 + [0x20, 0x20])
                #expect(plain.scan(changed.span)[0] & 2 != 0)
            }
            let packed = text.filter { $0 > 0x20 }
            let stands = packed.indices.contains { packed[$0...].starts(with: literal) }
            #expect((joined.scan(text.span) == tag(0)) == stands)
            #expect(joined.scan((text + "n ee\n\ndl   e ".utf8 + text).span) == tag(0))
        }
    }

    @Test(arguments: [
        ("a or b", true, true), ("$or ", true, true), ("1or=", true, true), ("x' or1", false, true),
        ("for", false, false),
        ("_or", false, false), ("or", true, true), ("order", false, true), ("\u{e9}or", true, true),
    ])
    func aWordOfAPatternStandsAsPatternsReadIt(text: String, isWhole: Bool, isBeginning: Bool) {
        let automaton = LiteralAutomaton(
            [], words: [(Array("or".utf8), tag(0), .word), (Array("or".utf8), tag(1), .opening)])
        let found = automaton.scan(Array(text.utf8).span)[0]
        #expect((found & 1 != 0) == isWhole)
        #expect((found & 2 != 0) == isBeginning)
    }

    @Test(arguments: [("top[", true), ("top \n [", true), ("top", false), ("top x[", false), ("stop[", false)])
    func aWordMayNeedWhatFollowsIt(text: String, isFound: Bool) {
        let edges = WordEdges.name.followed(by: ByteSet("["))
        let automaton = LiteralAutomaton([], words: [(Array("top".utf8), tag(3), edges)])
        let found = automaton.scan(Array(text.utf8).span)
        #expect((found == tag(3)) == isFound)
    }

    @Test(arguments: [
        ("cat x", true), (" \tcat x", true), ("/bin/cat x", true), ("'' cat x", true), ("$x cat x", true),
        ("\\\ncat x", true),
        ("a cat x", false), ("a/ cat", false), ("the dog, cat", false), ("1cat", false), ("cats", false),
        ("cat2", true),
        ("$aVeryLongName_ cat", true),
    ])
    func aCommandIsWhatAShellReadsFirst(text: String, isFound: Bool) {
        let automaton = LiteralAutomaton([], words: [(Array("cat".utf8), tag(1), .command)])
        #expect((automaton.scan(Array(text.utf8).span) == tag(1)) == isFound)
    }

    @Test(arguments: [("exec(", true), ("e x\te c (", true), ("exe.c(", false), ("e\u{b}xec\r\n(", true)])
    func blanksDoNotTearWhatIsLookedForJoined(text: String, isFound: Bool) {
        let automaton = LiteralAutomaton([(Array("exec(".utf8), tag(5))], passesBlanks: true)
        let found = automaton.scan(Array(text.utf8).span)
        #expect((found == tag(5)) == isFound)
    }
}
