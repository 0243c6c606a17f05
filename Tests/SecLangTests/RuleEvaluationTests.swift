import Foundation
import TestSupport
import Testing

@testable import Inspection

/// `Tests/Vectors/SecLang/*.txt`: rules, then requests and the ids that each makes match. Lines begin with a word:
/// `rule` text (`\` continues it), `request` method and target, `header` name and value, `body` text, `match` ids.
struct RuleTable: Sendable, CustomTestStringConvertible {
    struct Exchange: Sendable {
        var request = InspectedRequest(method: "GET", target: [])
        var expected: [Int] = []
    }

    var name: String
    var rules = ""
    var exchanges: [Exchange] = []

    var testDescription: String { name }

    static let all: [RuleTable] = {
        let folder = Repository.root + "/Tests/Vectors/SecLang"
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        return files.filter { $0.hasSuffix(".txt") }.compactMap { try? read(folder + "/" + $0) }
    }()

    private static func read(_ path: String) throws -> RuleTable {
        var table = RuleTable(name: URL(fileURLWithPath: path).lastPathComponent)
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#")
        {
            let space = line.firstIndex(of: " ") ?? line.endIndex
            let rest = String(line[space...].dropFirst())
            let last = table.exchanges.count - 1
            switch line[..<space] {
            case "rule": table.rules += rest + "\n"
            case "request":
                let words = rest.split(separator: " ", maxSplits: 1).map(String.init)
                table.exchanges.append(
                    Exchange(request: InspectedRequest(method: words[0], target: Array(words[1].utf8))))
            case "header":
                let words = rest.split(separator: " ", maxSplits: 1).map(String.init)
                table.exchanges[last].request.headers.append(.init(words[0], words.count > 1 ? words[1] : ""))
            case "body":
                let text = rest.replacingOccurrences(of: "\\r\\n", with: "\r\n")
                table.exchanges[last].request.body += Array(text.utf8)
            case "match": table.exchanges[last].expected = rest.split(separator: " ").compactMap { Int($0) }
            default: throw RuleCorpus.Missing(description: "\(path): \(line)")
            }
        }
        return table
    }
}

@Suite struct RuleEvaluationTests {
    @Test(arguments: RuleTable.all)
    func everyRequestMatchesTheRulesOfItsTableWithAndWithoutPrefilter(table: RuleTable) throws {
        let program = try SecLangProgram(files: ["rules"], from: .texts(["rules": table.rules]))
        for isPrefiltering in [true, false] {
            let engine = try SecLangEngine(program, isPrefiltering: isPrefiltering)
            var scratch = try engine.makeScratch()
            for exchange in table.exchanges {
                let verdict = engine.inspect(exchange.request, SecLangConnection(), &scratch)
                let target = String(decoding: exchange.request.target, as: UTF8.self)
                #expect(verdict.ruleIDs == exchange.expected, "\(target), prefilter \(isPrefiltering)")
            }
        }
    }

    @Test func theTablesAreThere() { #expect(RuleTable.all.count >= 5) }

    @Test func aVerdictSaysWhatWhereAndWhy() throws {
        let rules = """
            SecRule ARGS "@rx (union)\\s(select)" "id:7,deny,status:406,capture,t:urlDecodeUni,t:lowercase,\\
                msg:'SQL in %{MATCHED_VAR_NAME}',logdata:'%{TX.1} and %{TX.2}',severity:CRITICAL,tag:sql,\\
                setvar:tx.anomaly_score=+5"
            """
        let engine = try SecLangEngine(try SecLangProgram(files: ["r"], from: .texts(["r": rules])))
        var scratch = try engine.makeScratch()
        let request = InspectedRequest(method: "GET", target: Array("/?q=1%20UNION%20SELECT".utf8))
        let verdict = engine.inspect(request, SecLangConnection(), &scratch)
        let match = try #require(verdict.matches.first)
        #expect(match.message == "SQL in ARGS:q" && match.logData == "union and select")
        #expect(match.variable == "ARGS:q" && match.matched == Array("union select".utf8) && match.offset == 2)
        #expect(verdict.interruption?.action == .deny(status: 406))
        #expect(verdict.inboundScore == 5 && verdict.isComplete && match.severity == 2)
        #expect(verdict.auditText.contains("[id \"7\"]"))
    }

    @Test func responsesAreJudgedInTheirPhases() throws {
        let rules = """
            SecRule RESPONSE_STATUS "@rx ^5" "id:1,phase:3,pass"
            SecRule RESPONSE_HEADERS:X-Powered-By "@contains PHP" "id:2,phase:3,pass"
            SecRule RESPONSE_BODY "@pm stacktrace ora-00933" "id:3,phase:4,pass"
            """
        let engine = try SecLangEngine(try SecLangProgram(files: ["r"], from: .texts(["r": rules])))
        var scratch = try engine.makeScratch()
        let response = InspectedResponse(
            status: 500, headers: [.init("x-powered-by", "PHP/8")], body: Array("a StackTrace".utf8))
        let request = InspectedRequest(method: "GET", target: [UInt8(ascii: "/")])
        let verdict = engine.inspect(request, response: response, SecLangConnection(), &scratch)
        #expect(verdict.ruleIDs == [1, 2, 3])
    }

    /// Patterns that take for ever where nobody counts, and values that make them.
    @Test func noValueMakesAPatternSlow() throws {
        let rules = """
            SecRule ARGS "@rx ^(?:a+)+$" "id:1,pass"
            SecRule ARGS "@rx (?:x|xx)*y" "id:2,pass"
            SecRule ARGS "@rx ^(?:[^=]*=)*[^=]*;$" "id:3,pass"
            """
        let engine = try SecLangEngine(try SecLangProgram(files: ["r"], from: .texts(["r": rules])))
        var scratch = try engine.makeScratch()
        for text in [
            String(repeating: "a", count: 5_000) + "!", String(repeating: "x", count: 5_000),
            String(repeating: "=", count: 5_000),
        ] {
            let clock = ContinuousClock()
            let elapsed = clock.measure {
                let request = InspectedRequest(method: "GET", target: Array("/?q=\(text)".utf8))
                _ = engine.inspect(request, SecLangConnection(), &scratch)
            }
            #expect(elapsed < .seconds(20))
        }
    }
}
