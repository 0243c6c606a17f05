import PatternMatching
import TestSupport
import Testing

@Suite struct PatternTests {
    private func outcome(
        of pattern: String, _ options: Pattern.Options = [], in bytes: some Sequence<UInt8>, from start: Int = 0
    ) throws -> Pattern.Outcome {
        let scratch = try MatchScratch()
        return try Pattern(pattern, options).firstMatch(in: Array(bytes).span, from: start, scratch)
    }

    @Test func findsTheLeftmostMatchAndItsPlace() throws {
        #expect(try outcome(of: "b+c", in: "aabbcbc".utf8) == .match(2..<5))
        #expect(try outcome(of: "b+c", in: "aabbcbc".utf8, from: 5) == .match(5..<7))
        #expect(try outcome(of: "b+c", in: "aaa".utf8) == .noMatch)
    }

    @Test func anEmptySubjectIsASubject() throws {
        #expect(try outcome(of: "^$", in: []) == .match(0..<0))
        #expect(try outcome(of: "x", in: []) == .noMatch)
    }

    @Test func bytesThatAreNotUTF8AreBytes() throws {
        #expect(try outcome(of: #"\x00\xc0"#, in: [0xff, 0x00, 0xc0, 0xaf]) == .match(1..<3))
    }

    @Test func optionsAreObeyed() throws {
        #expect(try outcome(of: "a.b", in: "A\nB".utf8) == .noMatch)
        #expect(try outcome(of: "a.b", [.caseInsensitive, .dotMatchesNewlines], in: "A\nB".utf8) == .match(0..<3))
        #expect(try outcome(of: "^B", [.anchorsMatchLines], in: "A\nB".utf8) == .match(2..<3))
    }

    @Test func aMalformedPatternSaysWhere() {
        let failure = #expect(throws: PatternFailure.self) { _ = try Pattern("a(b") }
        #expect(failure?.description.contains("wrong at offset 3: missing closing parenthesis") == true)
    }

    /// Published shapes of catastrophic backtracking, on values made to trigger them.
    @Test(arguments: [
        (#"^(a+)+$"#, "a", "!"), (#"^(a|aa)+$"#, "a", "!"), (#"(.*)*x$"#, "ab", "\n"), (#"^(\w+\s?)*$"#, "a ", "!"),
        (#"(x+x+)+y"#, "x", ""), (#"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}$"#, "a", "!"),
    ])
    func noValueMakesAPatternSlow(text: String, piece: String, end: String) throws {
        let value = Array((String(repeating: piece, count: 20_000) + end).utf8)
        var result: Pattern.Outcome?
        let taken = try processorTime { () throws in result = try outcome(of: text, in: value) }
        #expect(result == .limitReached || result == .noMatch)
        #expect(taken < .seconds(5))
    }
}
