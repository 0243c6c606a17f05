import Core
import TestSupport
import Testing

@testable import Inspection

private func inspect(
    _ request: InspectedRequest, _ policy: InspectionPolicy = .standard, rules: [Rule]? = nil
) throws -> InspectionVerdict {
    let engine = try rules.map { try InspectionEngine(rules: $0, version: "test") } ?? Compiled.engine.get()
    var scratch = try InspectionScratch()
    return engine.inspect(request, policy, &scratch)
}

/// Compiled once for all cases: that takes longer than judging hundreds of them.
private enum Compiled {
    static let engine = Result { try InspectionEngine.builtIn() }
}

private func query(_ text: String) -> InspectedRequest {
    InspectedRequest(method: "GET", target: Array("/search?\(text)".utf8), headers: [.init("host", "shop.example")])
}

@Suite struct BuiltInRuleTests {
    @Test(arguments: InspectionCase.read("attacks.txt", hasRule: true))
    func anAttackIsFoundByItsRuleWhereverItStands(attack: InspectionCase) throws {
        for request in attack.requests {
            let verdict = try inspect(request)
            #expect(verdict.findings.contains { $0.ruleID == attack.rule }, "found \(verdict.findings.map(\.ruleID))")
        }
    }

    @Test(
        arguments: InspectionCase.read("honest.txt", hasRule: false)
            + InspectionCase.read("everyday.txt", hasRule: false))
    func anHonestValueDoesNotEvenAlert(value: InspectionCase) throws {
        for request in value.requests {
            let verdict = try inspect(request)
            #expect(verdict.action == .allow, "\(verdict.findings.map(\.ruleID))")
        }
    }

    @Test func everyRuleOfTheTableExistsAndMostRulesHaveACase() {
        let known = Set(BuiltInRules.all.map(\.id))
        let tested = Set(InspectionCase.read("attacks.txt", hasRule: true).map(\.rule))
        #expect(tested.subtracting(known).isEmpty)
        #expect(tested.count > 60)
    }

    @Test func everyCertainRuleBlocksAlone() {
        let finding = finding(.sqlInjection, weight: Confidence.certain.rawValue)
        #expect(InspectionPolicy.standard.action(for: Score.combine([finding])) == .block)
    }
}

@Suite struct ScoreTests {
    @Test func oneLikelyFindingAlertsAndTwoBlock() {
        let one = finding(.crossSiteScripting, weight: Confidence.likely.rawValue)
        #expect(InspectionPolicy.standard.action(for: Score.combine([one])) == .alert)
        #expect(InspectionPolicy.standard.action(for: Score.combine([one, one])) == .block)
    }

    @Test func hintsAloneNeverBlock() {
        let hints = (0..<32).map { _ in finding(.protocolAbuse, weight: Confidence.hint.rawValue) }
        #expect(Score.combine(hints) < 0.5)
    }

    @Test func moreEvidenceNeverLowersAScoreAndNeverReachesOne() {
        var findings: [Finding] = []
        var last = 0.0
        for category in FindingCategory.allCases {
            findings.append(finding(category, weight: 0.9))
            let score = Score.combine(findings)
            #expect(score > last && score < 1)
            last = score
        }
    }
}

@Suite struct PolicyTests {
    private let attack = query("q=7+UNION+SELECT+1&page=2")

    @Test func modesDecideWhatAScoreDoes() throws {
        #expect(try inspect(attack, InspectionPolicy(mode: .enforce)).action == .block)
        #expect(try inspect(attack, InspectionPolicy(mode: .observe)).action == .alert)
        #expect(try inspect(attack, InspectionPolicy(mode: .off)) == .clean)
        #expect(try inspect(attack, InspectionPolicy(blockAbove: 0.999)).action == .alert)
    }

    @Test func aVerdictSaysWhereWhatAndHowToSilenceIt() throws {
        let verdict = try inspect(attack, InspectionPolicy(route: "shop"))
        let finding = try #require(verdict.findings.first { $0.ruleID == "sqli.union-select" })
        #expect(finding.variable == .argument)
        #expect(finding.parameter == "q")
        #expect(String(decoding: finding.matched, as: UTF8.self) == "union select")
        #expect(finding.offset == 2)
        #expect(finding.silencedBy == Exclusion(route: "shop", rule: "sqli.union-select", parameter: "q"))
    }

    @Test func itsOwnExclusionSilencesAFindingAndNothingElse() throws {
        let noisy = InspectionPolicy(route: "shop")
        let finding = try #require(try inspect(attack, noisy).findings.first)
        var quiet = noisy
        quiet.exclusions = [finding.silencedBy]
        #expect(try inspect(attack, quiet).findings.allSatisfy { $0.ruleID != finding.ruleID })
        #expect(try inspect(query("id=7+UNION+SELECT+1"), quiet).action == .block)
        quiet.route = "other"
        #expect(try inspect(attack, quiet).action == .block)
    }

    @Test func anExclusionByParameterCoversAllItsRules() throws {
        let policy = InspectionPolicy(exclusions: [Exclusion(parameter: "q")])
        #expect(try inspect(attack, policy).findings.isEmpty)
    }
}

@Suite struct RuleSetTests {
    private func rule(_ id: String, _ condition: Operator, literals: [String] = []) -> Rule {
        Rule(
            id, .protocolAbuse, .certain, "a test", in: VariableSet(.argument), after: [.lowercase], literals: literals,
            condition)
    }

    @Test func aRuleSetThatCannotWorkIsRefusedWithItsReason() {
        #expect(throws: InspectionFailure.duplicateRule(id: "a")) {
            _ = try inspect(query("x=1"), rules: [rule("a", .isLongerThan(1)), rule("a", .isLongerThan(2))])
        }
        let failure = #expect(throws: InspectionFailure.self) {
            _ = try inspect(query("x=1"), rules: [rule("b", .matches("("))])
        }
        #expect(failure?.description.contains("rule b cannot be used") == true)
        #expect(throws: InspectionFailure.malformedRule(id: "c", reason: "it has no literals")) {
            _ = try inspect(query("x=1"), rules: [rule("c", .containsLiteral)])
        }
    }

    @Test func eachOperatorDoesWhatItSays() throws {
        let rules = [
            rule("pattern", .matches("b+c"), literals: ["bc"]), rule("literal", .containsLiteral, literals: ["blue"]),
            rule("one-of", .isOneOf(["red", "green"])), rule("long", .isLongerThan(9)),
        ]
        func found(_ value: String) throws -> Set<String> {
            Set(try inspect(query("x=\(value)"), rules: rules).findings.map(\.ruleID))
        }
        #expect(try found("aBBc") == ["pattern"])
        #expect(try found("deepBlue") == ["literal"])
        #expect(try found("GREEN") == ["one-of"])
        #expect(try found("greens") == [])
        #expect(try found("0123456789") == ["long"])
    }

    /// The prefilter must never hide what the pattern would have found: every built-in pattern rule, with and without
    /// its prefilter, over the table of attacks.
    @Test func thePrefilterLosesNothing() throws {
        var bare = BuiltInRules.all
        for index in bare.indices {
            if case .matches = bare[index].condition {
                bare[index].literals = []
                bare[index].words = nil
                bare[index].bytes = []
            }
        }
        let fast = try InspectionEngine.builtIn()
        let slow = try InspectionEngine(rules: bare, version: "bare")
        var scratch = try InspectionScratch()
        var random = SeededGenerator(seed: 7)
        for attack in InspectionCase.read("attacks.txt", hasRule: true) {
            for var request in attack.requests {
                for _ in 0..<5 {
                    let quick = fast.inspect(request, .standard, &scratch)
                    let thorough = slow.inspect(request, .standard, &scratch)
                    #expect(quick.findings.map(\.ruleID).sorted() == thorough.findings.map(\.ruleID).sorted())
                    random.mutate(&request.target)
                    random.mutate(&request.body)
                }
            }
        }
    }
}

func finding(_ category: FindingCategory, weight: Double) -> Finding {
    Finding(
        ruleID: "test", title: "a test", category: category, variable: .argument, parameter: "q", matched: [],
        offset: 0,
        weight: weight, silencedBy: Exclusion(rule: "test"))
}
