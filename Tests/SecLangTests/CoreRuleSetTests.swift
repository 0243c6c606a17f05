import Foundation
import TestSupport
import Testing

@testable import Inspection

/// The Core Rule Set's own regression tests, those of both versions, all rules on (paranoia level 4).
@Suite struct CoreRuleSetTests {
    /// What the tests' authors run them with, in our engine's terms.
    static let preface = """
        SecRuleEngine DetectionOnly
        SecResponseBodyAccess On
        SecAction "id:990001,phase:1,pass,nolog,\\
            setvar:tx.paranoia_level=4,setvar:tx.executing_paranoia_level=4,\\
            setvar:tx.blocking_paranoia_level=4,setvar:tx.detection_paranoia_level=4,\\
            setvar:tx.enforce_bodyproc_urlencoded=1,setvar:tx.crs_validate_utf8_encoding=1,\\
            setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,\\
            setvar:tx.max_num_args=255,setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535"
        """

    /// `Tests/Vectors/SecLang/regression-exceptions.table`: version, test, and why it cannot pass here.
    private func exceptions(_ version: RuleCorpus.Version) throws -> Set<String> {
        let path = Repository.root + "/Tests/Vectors/SecLang/regression-exceptions.table"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        return Set(
            lines.filter { $0.hasPrefix(version.rawValue + " ") }.compactMap { line in
                line.split(separator: " ", maxSplits: 2).dropFirst().first.map(String.init)
            })
    }

    @Test(arguments: RuleCorpus.Version.allCases)
    func itsRegressionTestsPassButForTheListedExceptions(version: RuleCorpus.Version) throws {
        if let obstacle = version.obstacle { try Test.cancel("\(obstacle)") }
        let engine = try SecLangEngine(try version.program(preface: Self.preface))
        var scratch = try engine.makeScratch()
        let exceptions = try exceptions(version)
        var needed: Set<String> = []
        var counts = (passed: 0, webServer: 0)
        var failed: [String] = []
        for test in try RegressionCase.load(version) {
            // A status alone is what the web server in front answers, before any rule: see HTTPTests.
            guard !test.expect.isEmpty || !test.refuse.isEmpty else {
                counts.webServer += 1
                continue
            }
            let verdict = engine.inspect(
                test.inspectedRequest, response: test.inspectedResponse,
                SecLangConnection(version: test.request.version, uniqueID: "test"), &scratch)
            let found = Set(verdict.ruleIDs)
            let missing = test.expect.filter { !found.contains($0) }
            let extra = test.refuse.filter { found.contains($0) }
            if missing.isEmpty, extra.isEmpty {
                counts.passed += 1
            } else if exceptions.contains(test.name) {
                needed.insert(test.name)
            } else {
                failed.append("\(test.name) missing \(missing) extra \(extra)")
            }
        }
        print(
            "CRS \(version.rawValue): \(counts.passed) passed, \(failed.count) failed, \(needed.count) listed exceptions,",
            "\(counts.webServer) about the web server only")
        for line in failed { print("  \(version.rawValue) \(line)") }
        #expect(failed.isEmpty, "\(failed.count) regression tests fail")
        // An exception that is not needed any more would hide the day it is broken again.
        let unneeded = exceptions.subtracting(needed).sorted()
        for name in unneeded { print("  unneeded \(version.rawValue) \(name)") }
        #expect(unneeded.isEmpty, "these pass: take them out of the table")
    }
}
