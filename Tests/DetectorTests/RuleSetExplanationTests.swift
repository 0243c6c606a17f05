import Contracts
import Core
import Inspection
import ServiceKit
import Testing

@testable import detector

@Suite struct RuleSetExplanationTests {
    private static let rules = """
        SecRule ARGS "@contains union" "id:942100,phase:2,block,t:urlDecodeUni,t:lowercase,severity:CRITICAL,\\
            tag:attack-sqli,msg:'A union'"
        """

    private func examiner() throws -> Examiner {
        let program = try SecLangProgram(files: ["r"], from: .texts(["r": Self.rules]))
        return Examiner(try InspectionEngine.builtIn(), rules: Published(try RuleSetInForce(program)))
    }

    @Test func `A rule of the set is explained with where, what and how to silence it`() throws {
        let request = try RequestText.parse(
            Array("GET /?essay=the%20European%20UNion HTTP/1.1\nHost: a\n\n".utf8))
        let examination = try examiner().examine(request, asksRuleSet: true)
        let text = Explanation.text(examination.verdict, engineVersion: examination.version)
        #expect(text.contains("seclang.942100  A union"))
        #expect(text.contains("where     argument essay, decoded, from byte 13"))
        #expect(text.contains("matched   union"))
        #expect(text.contains("silence   rule: seclang.942100, parameter: essay"))
        #expect(text.contains("or        SecRuleUpdateTargetById 942100 \"!ARGS:essay\""))
        #expect(text.contains("1 rules"))
        #expect(examination.contributions == [examination.verdict.score])
    }

    @Test func `An analysis asks the rule set only about requests with header fields`() throws {
        let call = AnalyzeCall(try examiner())
        var request = AnalyzeRequest()
        request.target = Array("/?q=the+european+union".utf8)
        #expect(try call.analyze(request).findings.isEmpty)
        request.headers = [AnalyzedHeader(name: "Host", value: Array("a".utf8))]
        let answer = try call.analyze(request)
        #expect(answer.findings.map(\.finding?.ruleID) == ["seclang.942100"])
        #expect(answer.findings.first?.contribution == answer.score && answer.score > 0)
    }

    @Test func `The verb's words are read, and what is none of them is refused`() throws {
        let plain = try #require(ExplainVerb.parse(["a.http"]))
        #expect(plain.path == "a.http" && plain.rules == nil)
        let words = "--core-rule-set /crs --paranoia-level 2 --rules-after x.conf --observe a.http"
        let parsed = try #require(ExplainVerb.parse(words.split(separator: " ").map(String.init)))
        #expect(parsed.path == "a.http")
        #expect(
            parsed.rules == CoreRuleSet(folder: "/crs", paranoiaLevel: 2, isEnforced: false, rulesAfter: ["x.conf"]))
        for wrong in [[], ["a", "b"], ["--core-rule-set"], ["--paranoia-level", "5", "a"], ["--observe", "a"]] {
            #expect(ExplainVerb.parse(wrong) == nil)
        }
    }

    @Test func `A rule set that is not there stops the start with a way out`() throws {
        let file = try YAMLNode.parse("inspection: { core_rule_set: { folder: /nowhere } }", file: "d.yaml")
        var reader = ConfigurationReader(ConfigurationSources(service: .detector, file: file, environment: [:]))
        let problem = try #require(DetectorService.problems(with: DetectorConfiguration(from: &reader)).first)
        #expect(problem.hasPrefix("inspection.core_rule_set:") && problem.contains("setup_file"))
    }
}
