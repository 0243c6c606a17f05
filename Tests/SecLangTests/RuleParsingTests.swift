import Testing

@testable import Inspection

private func load(_ files: [String: String], _ first: String = "/rules/main.conf") throws -> SecLangProgram {
    try SecLangProgram(files: [first], from: .texts(files))
}

private func load(_ text: String) throws -> SecLangProgram { try load(["/rules/main.conf": text]) }

@Suite struct RuleParsingTests {
    @Test func linesAreContinuedAndWordsQuoted() throws {
        let program = try load(
            """
            # A comment
            SecRule ARGS|!ARGS:/^safe|fine$/|REQUEST_HEADERS:'X-Odd' "@rx a\\"b" \\
                "id:1,phase:2,deny,\\
                msg:'one, two',tag:x"
            """)
        let rule = try #require(program.rules.first)
        #expect(rule.definition.message.literal == Array("one, two".utf8))
        #expect(rule.definition.links[0].condition == .regex(Array("a\"b".utf8)))
        #expect(rule.definition.links[0].targets.count == 3)
        #expect(rule.definition.links[0].targets[1].selector == .pattern(Array("^safe|fine$".utf8)))
    }

    @Test func filesAreIncludedByPatternAndNamedRelativeToTheirOwn() throws {
        let program = try load([
            "/rules/main.conf": "Include more/*.conf\nIncludeOptional none/*.conf",
            "/rules/more/a.conf": "SecRule ARGS \"@pmFromFile words.data\" \"id:1\"",
            "/rules/more/b.conf": "SecAction \"id:2\"", "/rules/more/words.data": "# note\nalpha\n\nbeta\n",
        ])
        #expect(program.ruleIDs == [1, 2])
        #expect(program.rules[0].definition.links[0].condition == .phrases([Array("alpha".utf8), Array("beta".utf8)]))
    }

    /// What is refused, and a word that the message must have.
    @Test(arguments: [
        ("SecRule ARGS \"@rx a\" \"phase:2\"", "no id"), ("SecAction \"id:1\"\nSecAction \"id:1\"", "taken"),
        ("SecRule NOTHING \"@rx a\" \"id:1\"", "NOTHING"), ("SecRule ARGS \"@unknown a\" \"id:1\"", "@unknown"),
        ("SecRule ARGS \"@rx a\" \"id:1,t:rot13\"", "rot13"), ("SecRule ARGS \"@rx a\" \"id:1,exec:/bin/sh\"", "exec"),
        ("SecRule ARGS \"@rx (\" \"id:1\"", "pattern"), ("SecRule ARGS \"@rx a\" \"id:1,chain\"", "chain"),
        ("SecRule ARGS \"@rx a", "not closed"), ("SecAction \"id:1\" \\", "backslash"), ("SecFoo On", "SecFoo"),
        ("SecRule ARGS \"@pmFromFile missing.data\" \"id:1\"", "missing.data"),
        ("Include missing.conf", "missing.conf"),
        ("SecRule ARGS", "words"), ("SecAction \"id:1,setvar:args.a=1\"", "ARGS"), ("SecAction \"id:x\"", "id:x"),
        ("SecAction \"id:1,ctl:ruleEngine=Perhaps\"", "Perhaps"), ("SecRule XML:/a/b \"@rx a\" \"id:1\"", "XPath"),
        ("Include main.conf", "deep"), ("SecRule REQUEST_METHOD:a \"@rx a\" \"id:1\"", "members"),
        ("SecRule REMOTE_ADDR \"@ipMatch 1.2.3.4.5\" \"id:1\"", "1.2.3.4.5"),
        ("SecRule ARGS \"@validateByteRange 5-1\" \"id:1\"", "5-1"),
    ])
    func whatIsNotUnderstoodIsRefusedWithPlaceReasonAndFix(text: String, word: String) throws {
        let failure = #expect(throws: InspectionFailure.self) { _ = try load(text) }
        guard case .malformedRules(let file, let line, let reason, let fix) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(file == "/rules/main.conf" && line > 0 && !fix.isEmpty)
        #expect(reason.contains(word), "\(reason)")
    }

    @Test func laterDirectivesChangeEarlierRules() throws {
        let program = try load(
            """
            SecRule ARGS "@rx a" "id:1,tag:one"
            SecRule ARGS "@rx a" "id:2,tag:two,msg:'second'"
            SecRule ARGS "@rx a" "id:3,pass"
            SecRule ARGS "@rx a" "id:4"
            SecRuleRemoveById 4 90-99
            SecRuleRemoveByTag ^two$
            SecRuleUpdateTargetById 1 "!ARGS:password|REQUEST_HEADERS"
            SecRuleUpdateActionById 3 "deny,status:404,t:lowercase"
            """)
        #expect(program.ruleIDs == [1, 3])
        #expect(program.rules[0].definition.links[0].targets.count == 3)
        #expect(program.rules[1].definition.disruption == .deny)
        #expect(program.rules[1].definition.status == 404)
        #expect(program.rules[1].definition.links[0].transformations == [.lowercase])
    }

    @Test func anyBytesAreReadOrRefusedAndNeverTrap() throws {
        let pieces = [
            "SecRule ", "ARGS", "|", ":", "/", "\"", "'", "@rx ", "@pm ", "(", "[", "\\", "\n", "id:1", ",", "%{", "}",
            "!", "&", "chain", "t:", "setvar:", "tx.a=+", "#",
        ]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 1...30, using: &generator)).map { _ in pieces.randomElement() ?? "" }
                .joined()
            _ = try? load(text)
        }
    }
}
