import Core
import Inspection
import RuleKeeping
import ServiceKit
import Testing

@Suite struct CoreRuleSetConfigurationTests {
    private func read(_ text: String) throws -> (CoreRuleSet?, problems: [ConfigurationProblem]) {
        let reader = ConfigurationReader(
            ConfigurationSources(service: .gateway, file: try YAMLNode.parse(text, file: "g.yaml"), environment: [:]))
        let settings = CoreRuleSet.read(reader.section("inspection"))
        return (settings, reader.finish())
    }

    @Test func `Nothing is loaded unless a folder is named, and then it observes as its set-up file says`() throws {
        #expect(try read("{}").0 == nil)
        #expect(try read("inspection: { core_rule_set: { mode: enforce } }").0 == nil)
        let named = try read("inspection: { core_rule_set: { folder: /rules } }")
        #expect(named.0 == CoreRuleSet(folder: "/rules", isEnforced: false) && named.problems.isEmpty)
    }

    @Test func `Level, mode and files of one's own are taken over, a level that does not exist is told`() throws {
        let all = try read(
            """
            inspection:
              core_rule_set:
                folder: /rules
                setup_file: /site/crs-setup.conf
                paranoia_level: 2
                mode: enforce
                rules_before: [/site/exclusions.conf]
                rules_after: ["/site/more/*.conf"]
            """)
        #expect(
            all.0
                == CoreRuleSet(
                    folder: "/rules", setupFile: "/site/crs-setup.conf", paranoiaLevel: 2,
                    rulesBefore: ["/site/exclusions.conf"], rulesAfter: ["/site/more/*.conf"]))
        #expect(all.problems.isEmpty)
        #expect(try read("inspection: { core_rule_set: { folder: /rules, paranoia_level: 5 } }").problems.count == 1)
    }
}
