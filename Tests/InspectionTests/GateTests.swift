import Foundation
import Measuring
import TestSupport
import Testing

@testable import Inspection
@testable import scorecard

/// The gates only save work: with them and without, every request is judged the same.
@Suite struct GateTests {
    private static let folder =
        URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared/corpora").standardized.path()
    private static let isThere = FileManager.default.fileExists(atPath: folder)

    private func compare(_ requests: some Sequence<InspectedRequest>) throws {
        let gated = try InspectionEngine.builtIn()
        let plain = InspectionEngine(
            sharing: try BuiltInRules.program.get(), version: "plain", limits: .standard, usesGates: false)
        var one = try InspectionScratch()
        var other = try InspectionScratch()
        for request in requests {
            let verdict = gated.inspect(request, .standard, &one)
            let expected = plain.inspect(request, .standard, &other)
            guard verdict != expected else { continue }
            let missing = expected.findings.filter { !verdict.findings.contains($0) }
            let text = String(decoding: request.target + [0x20] + request.body.prefix(300), as: UTF8.self)
            Issue.record("\(missing.map { "\($0.ruleID) \($0.parameter)" }) are missing: \(text)")
        }
    }

    @Test func attacksAndHonestValuesAreJudgedTheSame() throws {
        let cases =
            InspectionCase.read("attacks.txt", hasRule: true) + InspectionCase.read("honest.txt", hasRule: false)
            + InspectionCase.read("everyday.txt", hasRule: false)
        try compare(cases.flatMap(\.requests))
        for file in ["traffic.txt", "exploits.txt"] { try compare(WrittenRequest.read(file).map(\.request)) }
    }

    @Test(arguments: [UInt64(5), 6]) func brokenAttacksAreJudgedTheSame(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var requests: [InspectedRequest] = []
        for attack in InspectionCase.read("attacks.txt", hasRule: true) {
            for var request in attack.requests {
                for _ in 0..<3 {
                    random.mutate(&request.target)
                    random.mutate(&request.body)
                    requests.append(request)
                }
            }
        }
        try compare(requests)
    }

    /// What the rules' transformations take away or join tears the gates' words and literals, too.
    @Test(arguments: [UInt64(8), 9]) func tornAttacksAreJudgedTheSame(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let tears = [
            "+", "%09", "%0b+", "%27", "%5c", "^", "/**/", "/*!50000", "*/", "$@", "$x", "%00", "%1f", "1", "o", "_",
            "$",
        ]
        var requests: [InspectedRequest] = []
        for attack in InspectionCase.read("attacks.txt", hasRule: true) {
            for var request in attack.requests {
                random.insert(tears, into: &request.target)
                random.insert(tears, into: &request.body)
                requests.append(request)
            }
        }
        try compare(requests)
    }

    /// Texts put together from what the grammars look for.
    @Test func textsOfTheGrammarsPiecesAreJudgedTheSame() throws {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "'", "\"", "`", " ", " or ", "and", "1", "=", "--", "#", "/*", "*/", "(", ")", ";", "|", "&", "$(", "<",
            ">",
            "select", "union", "from", "a", "sleep", "ls", "cat ", "/etc/", "..", "/", "\\", "%2e", "on", "load",
            "alert",
            "top", "[", "]", "+", ".", "script", ":", "javascript", "//", "127.1", "\n", "\t", "{", "}", "$", "{{",
            "7*7",
            "in", "is", "null", "x", "order by ", "3", "drop table ", "exec ", "@", "&lt;", "\\u0027", "\u{ff0e}",
            "0x2e",
        ]
        let texts = (0..<4_000).map { _ in
            (0..<Int.random(in: 1...9, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        }
        try compare(texts.map { InspectedRequest.text(Array($0.utf8)) })
    }

    /// Every so many requests of each set: the whole would take minutes.
    @Test(.enabled(if: isThere, "no corpora beside the checkout"), arguments: Corpus.names(in: folder))
    func labelledRequestsAreJudgedTheSame(set: String) throws {
        let requests = try Corpus(set, in: Self.folder).requests
        let step = max(1, requests.count / 400)
        try compare(stride(from: 0, to: requests.count, by: step).map { requests[$0].request })
    }
}

extension SeededGenerator {
    fileprivate mutating func insert(_ pieces: [String], into bytes: inout [UInt8]) {
        guard bytes.count > 1 else { return }
        for _ in 0..<Int.random(in: 1...3, using: &self) {
            let piece = pieces.randomElement(using: &self) ?? ""
            bytes.insert(contentsOf: piece.utf8, at: Int.random(in: 1..<bytes.count, using: &self))
        }
    }
}
