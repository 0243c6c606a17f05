import Foundation
import TestSupport
import Testing

@testable import Inspection

/// Strings that make backtracking, nesting and rescanning expensive where nobody counts, before all rules of the real set.
@Suite struct HostileValueTests {
    private static let length = 1_024

    private static let hostile: [(name: String, unit: String, end: String)] = [
        ("letters", "a", "!"), ("spaces", " ", "x"), ("quotes", "'", "\""), ("parentheses", "(", "x"),
        ("escapes", "\\", "x"), ("percents", "%25", "x"), ("entities", "&lt;", "x"), ("tags", "<a ", ">"),
        ("attributes", "x=\"", ">"), ("comments", "/*", "*/"), ("dashes", "-- ", "x"), ("paths", "../", "etc"),
        ("commands", ";a ", "|"), ("SQL", "' or ", "1"), ("numbers", "1,", "x"), ("dots", ".a", "@"),
        ("schemes", "a:", "//"), ("brackets", "{[", "]}"), ("dollars", "${", "}"), ("words", "select ", "from"),
    ]

    @Test(.timeLimit(.minutes(3))) func noValueMakesTheCoreRuleSetSlow() throws {
        if let obstacle = RuleCorpus.Version.debian.obstacle { try Test.cancel("\(obstacle)") }
        let engine = try SecLangEngine(try RuleCorpus.Version.debian.program(preface: CoreRuleSetTests.preface))
        var scratch = try engine.makeScratch()
        for (name, unit, end) in Self.hostile {
            let text = String(repeating: unit, count: Self.length / unit.utf8.count) + end
            let value = text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let request = InspectedRequest(
                method: "POST", target: [UInt8(ascii: "/")],
                headers: [.init("Host", "a"), .init("Content-Type", "application/x-www-form-urlencoded")],
                body: Array("q=\(value)".utf8))
            let took = processorTime { _ = engine.inspect(request, SecLangConnection(), &scratch) }
            // Without limits some of these take minutes; a debug build takes a hundred times what a release takes.
            #expect(took < .seconds(20), "\(name) took \(took) of processor time")
        }
    }
}
