import Foundation
import TestSupport
import Testing

@testable import Inspection

/// The prefilter decides how long an answer takes and never what it is.
@Suite struct EquivalenceTests {
    /// A labelled request of the corpora.
    private struct CorpusRequest: Decodable {
        var method: String
        var target: String
        var headers: [[String]]
        var body: Data

        enum CodingKeys: String, CodingKey {
            case method, target, headers
            case body = "body_b64"
        }

        var inspected: InspectedRequest {
            func latin(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
            return InspectedRequest(
                method: method, target: latin(target),
                headers: headers.map { InspectedRequest.Header($0[0], latin($0[1])) }, body: Array(body))
        }
    }

    private static let sets = [
        "gotestwaf", "wafbypass", "httpparams", "libinjection", "payload-lists", "naughty-strings", "browsing-har",
        "access-log", "webhooks", "csic2010-train", "crs-v4",
    ]

    /// `SECLANG_EQUIVALENCE=5000` compares as many requests of each set; by itself a few, so that the suite stays quick.
    private static var requestsOfEachSet: Int {
        ProcessInfo.processInfo.environment["SECLANG_EQUIVALENCE"].flatMap(Int.init) ?? 20
    }

    private func requests(_ set: String) throws -> [InspectedRequest] {
        let data = try RuleCorpus.output(of: "/usr/bin/gzip", ["-dc", RuleCorpus.root + "/\(set).jsonl.gz"])
        let lines = data.split(separator: 0x0a)
        let step = max(1, lines.count / Self.requestsOfEachSet)
        return try stride(from: 0, to: lines.count, by: step).map { index in
            try JSONDecoder().decode(CorpusRequest.self, from: Data(lines[index])).inspected
        }
    }

    @Test(arguments: RuleCorpus.Version.allCases)
    func askingOnlyWhatMayMatchFindsWhatAskingEverythingFinds(version: RuleCorpus.Version) throws {
        if let obstacle = version.obstacle { try Test.cancel("\(obstacle)") }
        let program = try version.program(preface: CoreRuleSetTests.preface)
        let fast = try SecLangEngine(program)
        let naive = try SecLangEngine(program, isPrefiltering: false)
        var fastScratch = try fast.makeScratch()
        var naiveScratch = try naive.makeScratch()
        var compared = 0
        for set in Self.sets where RuleCorpus.has("\(set).jsonl.gz") {
            for request in try requests(set) {
                let quick = fast.inspect(request, SecLangConnection(), &fastScratch)
                let slow = naive.inspect(request, SecLangConnection(), &naiveScratch)
                compared += 1
                #expect(quick.auditText == slow.auditText, "\(set): \(String(decoding: request.target, as: UTF8.self))")
                #expect(quick.inboundScore == slow.inboundScore)
                // What is remembered of the first time changes nothing.
                let again = fast.inspect(request, SecLangConnection(), &fastScratch)
                #expect(again.auditText == slow.auditText)
            }
        }
        print("CRS \(version.rawValue): \(compared) requests judged alike with and without the prefilter")
    }
}
