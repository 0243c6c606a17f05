import Testing

@testable import Inspection

/// A rule set in miniature, built like the real one.
private let miniature = [
    "/crs/crs-setup.conf": "SecAction \"id:900000,phase:1,pass,nolog,setvar:tx.paranoia_level=3\"\n",
    "/crs/rules/REQUEST-901-INITIALIZATION.conf": """
    SecComponentSignature "Miniature/1"
    SecRule &TX:paranoia_level "@eq 0" "id:901120,phase:1,pass,nolog,setvar:tx.paranoia_level=1"
    """,
    "/crs/rules/REQUEST-942-APPLICATION-ATTACK-SQLI.conf": """
    SecRule TX:PARANOIA_LEVEL "@lt 1" "id:942011,phase:2,pass,nolog,skipAfter:END"
    SecRule ARGS "@contains union" "id:942100,phase:2,block,t:lowercase,severity:CRITICAL,tag:attack-sqli,\\
        msg:'One',setvar:tx.anomaly_score=+5"
    SecRule TX:PARANOIA_LEVEL "@lt 2" "id:942013,phase:2,pass,nolog,skipAfter:END"
    SecRule ARGS "@contains select" "id:942200,phase:2,block,t:lowercase,severity:CRITICAL,tag:attack-sqli,\\
        msg:'Two',setvar:tx.anomaly_score=+5"
    SecMarker END
    """,
    "/crs/rules/REQUEST-949-BLOCKING-EVALUATION.conf": """
    SecRule TX:ANOMALY_SCORE "@ge 5" "id:949110,phase:2,deny,tag:attack-generic,severity:CRITICAL,msg:'Too much'"
    """,
    "/site/before.conf": "SecRuleUpdateTargetById 942100 \"!ARGS:essay\"\n",
    "/site/exclusion.conf": "SecAction \"id:1,phase:1,pass,nolog,ctl:ruleRemoveTargetById=942100;ARGS:essay\"\n",
]

@Suite struct CoreRuleSetLoadingTests {
    private let source = SecLangSource.texts(miniature)

    private func verdict(_ settings: CoreRuleSet, _ target: String) throws -> SecLangVerdict {
        let engine = try SecLangEngine(try settings.load(from: source))
        var scratch = try engine.makeScratch()
        return engine.inspect(
            InspectedRequest(method: "GET", target: Array(target.utf8)), SecLangConnection(), &scratch)
    }

    @Test func theSetUpFileDecidesTheParanoiaLevelUnlessTheSettingDoes() throws {
        #expect(try verdict(CoreRuleSet(folder: "/crs"), "/?q=select").ruleIDs == [942_200, 949_110])
        #expect(try verdict(CoreRuleSet(folder: "/crs", paranoiaLevel: 1), "/?q=select").ruleIDs.isEmpty)
        #expect(try verdict(CoreRuleSet(folder: "/crs", paranoiaLevel: 2), "/?q=select").inboundScore == 5)
    }

    @Test func theRulesMayStandInTheFolderItself() throws {
        let setup = "/crs/crs-setup.conf"
        let settings = CoreRuleSet(folder: "/crs/rules", setupFile: setup)
        #expect(try settings.load(from: source).ruleCount == CoreRuleSet(folder: "/crs").load(from: source).ruleCount)
        // Beside the folder it is found, too.
        let beside = SecLangSource.texts(
            Dictionary(uniqueKeysWithValues: miniature.map { ($0 == setup ? "/crs/rules/../crs-setup.conf" : $0, $1) }))
        #expect(try CoreRuleSet(folder: "/crs/rules").load(from: beside).ruleCount > 0)
    }

    @Test func ownRulesComeBeforeAndAfter() throws {
        let before = CoreRuleSet(folder: "/crs", rulesBefore: ["/site/exclusion.conf"])
        #expect(try verdict(before, "/?essay=union").ruleIDs.isEmpty)
        let after = CoreRuleSet(folder: "/crs", rulesAfter: ["/site/before.conf"])
        #expect(try verdict(after, "/?essay=union").ruleIDs.isEmpty)
        #expect(try verdict(after, "/?q=union").ruleIDs == [942_100, 949_110])
    }

    @Test func observingSaysEverythingAndStopsNothing() throws {
        for isEnforced in [true, false] {
            let found = try verdict(CoreRuleSet(folder: "/crs", isEnforced: isEnforced), "/?q=union+select")
            #expect(found.isEnforced == isEnforced && found.interruption?.ruleID == 949_110)
            let joined = found.joined(to: .clean, .standard)
            #expect(joined.action == (isEnforced ? .block : .alert))
            #expect(joined.findings.contains { $0.ruleID == "seclang.942200" })
            // What only adds up is a finding where it stops the request.
            #expect(joined.findings.contains { $0.ruleID == "seclang.949110" } == isEnforced)
        }
    }

    @Test(arguments: [
        #"SecRule ARGS:q "@streq no" "id:7,phase:2,deny,msg:'Ours'""#,
        #"SecRule ARGS:q "@streq no" "id:7,phase:1,deny,nolog""#,
        #"SecRule &ARGS:q "@eq 1" "id:7,phase:1,deny,msg:'One'""#,
    ])
    func aDenyOfOnesOwnStopsWhateverItsTags(rule: String) throws {
        let texts = SecLangSource.texts(miniature.merging(["/site/own.conf": rule + "\n"]) { $1 })
        for isEnforced in [true, false] {
            let settings = CoreRuleSet(folder: "/crs", isEnforced: isEnforced, rulesBefore: ["/site/own.conf"])
            let engine = try SecLangEngine(try settings.load(from: texts))
            var scratch = try engine.makeScratch()
            let request = InspectedRequest(method: "GET", target: Array("/?q=no".utf8))
            let joined = engine.inspect(request, SecLangConnection(), &scratch).joined(to: .clean, .standard)
            #expect((joined.action == .block) == isEnforced)
            #expect(joined.findings.contains { $0.ruleID == "seclang.7" } == isEnforced)
        }
    }

    @Test func aFindingNamesTheDirectiveThatSilencesIt() throws {
        let found = try verdict(CoreRuleSet(folder: "/crs"), "/?q=xx%55nion").joined(to: .clean, .standard)
        let finding = try #require(found.findings.first { $0.ruleID == "seclang.942100" })
        #expect(finding.matched == Array("union".utf8) && finding.offset == 2)
        #expect(finding.variable == .argument && finding.parameter == "q")
        #expect(finding.silencedByDirective == "SecRuleUpdateTargetById 942100 \"!ARGS:q\"")
        let silenced = SecLangSource.texts(
            miniature.merging(["/site/silence.conf": finding.silencedByDirective ?? ""]) { $1 })
        let settings = CoreRuleSet(folder: "/crs", rulesAfter: ["/site/silence.conf"])
        let engine = try SecLangEngine(try settings.load(from: silenced))
        var scratch = try engine.makeScratch()
        let request = InspectedRequest(method: "GET", target: Array("/?q=xx%55nion".utf8))
        #expect(engine.inspect(request, SecLangConnection(), &scratch).ruleIDs.isEmpty)
    }

    @Test(arguments: [
        (CoreRuleSet(folder: "/nowhere"), "crs-setup.conf"),
        (CoreRuleSet(folder: "/nowhere", setupFile: "/crs/crs-setup.conf"), "no rules"),
        (CoreRuleSet(folder: "/crs", setupFile: "/crs/setup.conf"), "/crs/setup.conf"),
        (CoreRuleSet(folder: "/crs", rulesAfter: ["/site/none.conf"]), "/site/none.conf"),
    ])
    func whatIsMissingIsSaidWithAWayOut(settings: CoreRuleSet, word: String) {
        let failure = #expect(throws: InspectionFailure.self) { _ = try settings.load(from: source) }
        guard case .malformedRules(_, _, let reason, let fix) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(reason.contains(word) && !fix.isEmpty, "\(reason)")
    }
}
