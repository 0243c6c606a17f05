import Core
import TestSupport
import Testing

@testable import Inspection

/// Whatever arrives, an inspection ends, soon, within its limits.
@Suite struct HostileInputTests {
    private let headers: [[InspectedRequest.Header]] = [
        [.init("content-type", "application/x-www-form-urlencoded")], [.init("content-type", "application/json")],
        [.init("content-type", "multipart/form-data; boundary=xx")], [.init("content-type", "text/xml")],
        [.init("content-type", "text/plain")], [.init("Cookie", "a=b; c")], [],
    ]

    @Test(arguments: [UInt64(1), 2, 3, 4]) func randomBytesNeverCrash(seed: UInt64) throws {
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            let request = InspectedRequest(
                method: "POST", target: random.bytes(upTo: 200), headers: headers.randomElement(using: &random) ?? [],
                body: random.bytes(upTo: 2_000))
            check(engine.inspect(request, .standard, &scratch))
        }
    }

    @Test(arguments: [UInt64(11), 12, 13]) func mutatedAttacksNeverCrash(seed: UInt64) throws {
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        var random = SeededGenerator(seed: seed)
        for attack in InspectionCase.read("attacks.txt", hasRule: true) {
            for var request in attack.requests {
                for _ in 0..<4 {
                    random.mutate(&request.target)
                    random.mutate(&request.body)
                    request.headers += headers.randomElement(using: &random) ?? []
                    check(engine.inspect(request, .standard, &scratch))
                }
            }
        }
    }

    private func check(_ verdict: InspectionVerdict) {
        #expect((0..<1).contains(verdict.score))
        #expect(verdict.findings.count <= InspectionLimits.standard.maximumFindings + ProtocolRules.anomalies.count)
        #expect(verdict.findings.allSatisfy { $0.matched.count <= InspectionLimits.standard.maximumEvidence })
    }

    /// Shapes made to cost the most: nesting, unclosed things, many pieces, near-matches repeated.
    @Test(arguments: [
        "[", "{\"a\":", "&", "a=&", "%", "%25", "&#x", "\\u00", "/*", "<", "<a ", "'", "' or ", "../", "(", "${", "{{",
        "; ", "\"", "a=1&", "--xx\r\n", "select ", "union ", "or 1", "<a b=", "`", "a ", "http://", "()", "on", "=",
    ])
    func aLongRepetitionOfOneShapeEndsSoon(piece: String) throws {
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        let body = Array(String(repeating: piece, count: 100_000 / piece.utf8.count).utf8)
        for header in headers {
            let request = InspectedRequest(method: "POST", target: Array("/".utf8), headers: header, body: body)
            let taken = processorTime { check(engine.inspect(request, .standard, &scratch)) }
            #expect(taken < .seconds(20), "\(header.map(\.value))")
        }
    }

    @Test func whatIsNotLookedAtIsSaid() throws {
        let engine = try InspectionEngine.builtIn(limits: InspectionLimits(maximumValues: 10, maximumBytes: 500))
        var scratch = try InspectionScratch()
        let many = Array("/?".utf8) + Array(String(repeating: "a=b&", count: 100).utf8)
        let first = engine.inspect(InspectedRequest(method: "GET", target: many), .standard, &scratch)
        #expect(!first.isComplete)
        #expect(first.findings.contains { $0.ruleID == "protocol.too-many-values" })
        let long = InspectedRequest(method: "POST", target: [0x2f], body: [UInt8](repeating: 0x61, count: 5_000))
        let second = engine.inspect(long, .standard, &scratch)
        #expect(!second.isComplete)
        #expect(second.findings.contains { $0.ruleID == "protocol.too-much-text" })
    }

    @Test func deepJSONIsAFindingNotAStackOverflow() throws {
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        let body = [UInt8](repeating: UInt8(ascii: "["), count: 200_000)
        let request = InspectedRequest(
            method: "POST", target: [0x2f], headers: [.init("content-type", "application/json")], body: body)
        #expect(engine.inspect(request, .standard, &scratch).findings.contains { $0.ruleID == "protocol.too-deep" })
    }

    /// Scratch is reused: a request must not see anything of the one before.
    @Test func oneRequestLeavesNothingForTheNext() throws {
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        let clean = InspectedRequest(method: "GET", target: Array("/shop?page=2".utf8))
        for attack in InspectionCase.read("attacks.txt", hasRule: true) {
            for request in attack.requests { _ = engine.inspect(request, .standard, &scratch) }
            #expect(engine.inspect(clean, .standard, &scratch) == .clean)
        }
    }
}

extension SeededGenerator {
    mutating func bytes(upTo limit: Int) -> [UInt8] {
        let count = Int.random(in: 0...limit, using: &self)
        let alphabet = Array("%&=;<>'\"\\/{}[]()$#:.-_*+ \r\n\tabcu0123456789".utf8)
        return (0..<count).map { _ in
            Bool.random(using: &self)
                ? alphabet[Int.random(in: alphabet.indices, using: &self)]
                : UInt8.random(in: .min ... .max, using: &self)
        }
    }

    mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: bytes.indices, using: &self)
        switch Int.random(in: 0..<4, using: &self) {
        case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &self)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(contentsOf: self.bytes(upTo: 4), at: index)
        default: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 8)], at: index)
        }
    }
}
