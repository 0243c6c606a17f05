import Core
import Inspection
import RuleKeeping
import TestSupport
import Testing

/// What a candidate may do to a rule set.
@Suite struct RuleSetChangeTests {
    private let source = SecLangSource.texts([
        "/crs/crs-setup.conf": "SecAction \"id:900000,phase:1,pass,nolog,setvar:tx.paranoia_level=1\"",
        "/crs/rules/REQUEST-1.conf": """
        SecRule TX:PARANOIA_LEVEL "@ge 2" "id:1,phase:1,pass,nolog,setvar:tx.strict=1"
        SecRule ARGS:q "@pmFromFile words.data" "id:2,phase:2,deny,tag:attack-generic"
        SecRule TX:STRICT "@eq 1" "id:3,phase:2,chain,deny,tag:attack-generic"
        SecRule ARGS:q "@contains nougat"
        """,
        "/crs/rules/words.data": "marzipan\n", "/etc/secret": "root:hash\n", "/etc/more.conf": "SecRuleEngine Off\n",
    ])
    private let configured = CoreRuleSet(folder: "/crs")

    private func judge(_ word: String, _ rules: RuleSetInForce) -> InspectionVerdict.Action {
        RuleSetSeat().judge(
            InspectedRequest(method: "GET", target: Array("/?q=\(word)".utf8)), SecLangConnection(), .standard,
            by: rules, joining: .clean
        ).action
    }

    @Test func `The configured rules at another level, with exclusions before and rules after them`() throws {
        let unchanged = try RuleSetChange().load(on: configured, from: source)
        #expect(["marzipan", "nougat", "toffee"].map { judge($0, unchanged) } == [.block, .allow, .allow])
        let changed = try RuleSetChange(
            paranoiaLevel: 2, rulesBefore: #"SecAction "id:10,phase:1,pass,nolog,ctl:ruleRemoveById=2""#,
            rulesAfter: #"SecRule ARGS:q "@contains toffee" "id:11,phase:2,deny,severity:CRITICAL,tag:attack-generic""#
        ).load(on: configured, from: source)
        #expect(["marzipan", "nougat", "toffee"].map { judge($0, changed) } == [.allow, .block, .block])
    }

    @Test func `Without a configured rule set its own rules are all there is, and observe unless told otherwise`()
        throws
    {
        let rule = #"SecRule ARGS:q "@contains toffee" "id:11,phase:2,deny,severity:CRITICAL,tag:attack-generic""#
        let observing = try RuleSetChange(rulesAfter: rule).load(on: nil, from: source)
        let enforcing = try RuleSetChange(isEnforced: true, rulesAfter: rule).load(on: nil, from: source)
        #expect(judge("toffee", observing) == .alert && judge("toffee", enforcing) == .block)
    }

    @Test(arguments: [
        "Include /etc/more.conf", "IncludeOptional /etc/secret", #"SecRule ARGS "@pmFromFile /etc/secret" "id:5""#,
        #"SecRule ARGS "@pmFromFile /crs/../etc/secret" "id:5""#,
        #"SecRule REMOTE_ADDR "@ipMatchFromFile /etc/secret" "id:5""#,
    ])
    func `Files that the configured rules do not read are not there`(rule: String) throws {
        for configured in [configured, nil] {
            guard rule.hasPrefix("IncludeOptional") else {
                #expect(throws: InspectionFailure.self) {
                    _ = try RuleSetChange(rulesAfter: rule).load(on: configured, from: source)
                }
                continue
            }
            // What is optional may be missing.
            _ = try RuleSetChange(rulesAfter: rule).load(on: configured, from: source)
        }
    }
}
