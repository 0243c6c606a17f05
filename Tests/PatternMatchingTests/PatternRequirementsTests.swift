import PatternMatching
import Testing

@Suite struct PatternRequirementsTests {
    /// A pattern, and texts that it matches.
    static let patterns: [(String, [String])] = [
        (#"(?i)\bunion\b.{1,9}select"#, ["1 UNION all SELECT", "union\nselect"]),
        (#"^(?:ht|f)tps?://[^/]+/"#, ["http://a/", "ftp://b/c", "https://x/"]),
        (#"a{40}"#, [String(repeating: "a", count: 41)]),
        (
            #"springframework\.context\.support\.FileSystemXml"#,
            ["org.springframework.context.support.FileSystemXmlApp"]
        ),
        (#"(?:(?:select|drop)\s+|--|#)\w"#, ["select 1", "DROP\tx".lowercased(), "--x", "#a"]),
        (#"[\"'`]\s*?(?:or|and)[\s\x0b]+\d"#, ["' or 1", "\"and\u{b}7"]), (#"x?y*"#, ["", "zzz"]),
        (#"(a|b)\1c"#, ["aac", "bbc"]), (#"\x5cu00[0-9a-f]{2}(?#note)"#, ["\\u0041"]),
        (#"(?<n>foo)(?=bar)|(?!x)[[:upper:]][^a-z]"#, ["foobar", "A1"]), (#"\Qa.b\E"#, ["a.b"]),
        (#"(?i:Ab)C(?x: d  e # comment"# + "\n)f", ["aBCdef"]),
    ]

    @Test(arguments: patterns)
    func whatIsRequiredStandsInEveryMatch(text: String, subjects: [String]) throws {
        let pattern = try Pattern(text, [.dotMatchesNewlines])
        let required = PatternRequirements(of: Array(text.utf8), [.dotMatchesNewlines])
        let scratch = try MatchScratch()
        for subject in subjects {
            let bytes = Array(subject.utf8)
            guard case .match = pattern.firstMatch(in: bytes.span, scratch) else {
                Issue.record("\(text) does not match \(subject)")
                continue
            }
            #expect(bytes.count >= required.minimumLength)
            for choice in required.literals {
                let lower = subject.lowercased()
                #expect(choice.contains { lower.contains(String(decoding: $0, as: UTF8.self)) }, "\(text): \(choice)")
            }
            for set in required.bytes { #expect(set.intersects(ByteSet(bytes)), "\(text)") }
        }
    }

    @Test func rareLiteralsAreFoundInOrdinaryPatterns() {
        let union = PatternRequirements(of: Array(#"(?i)union.*select"#.utf8), [])
        #expect(Set(union.literals.flatMap { $0 }) == [Array("union".utf8), Array("select".utf8)])
        #expect(PatternRequirements(of: Array("a|b*".utf8), []).literals.isEmpty)
    }
}

@Suite struct LiteralIndexTests {
    @Test func everyLiteralSetsItsBitWhateverItsCase() throws {
        let words = ["he", "she", "his", "hers", "Union", "select", "\u{1}x"]
        let entries = words.enumerated().map { (bytes: Array($1.utf8), number: $0 * 40) }
        let index = try #require(LiteralIndex(entries, numbers: 300))
        var found = [UInt64](repeating: 0, count: index.words)
        index.scan(Array("uSHErs UNION \u{1}X".utf8).span, into: &found)
        let numbers = (0..<300).filter { found[$0 >> 6] >> UInt64($0 & 63) & 1 == 1 }
        #expect(numbers == [0, 40, 120, 160, 240])
        #expect(index.firstMatch(in: Array("xxSHE".utf8).span) == 2..<5)
    }
}
