import TestSupport
import Testing

@testable import Inspection

/// What is remembered of a value saves work and changes no verdict.
@Suite struct DullValuesTests {
    @Test func whatWasJudgedBeforeIsJudgedTheSameAgain() throws {
        let cases =
            InspectionCase.read("attacks.txt", hasRule: true) + InspectionCase.read("honest.txt", hasRule: false)
            + InspectionCase.read("everyday.txt", hasRule: false)
        let requests = cases.flatMap(\.requests)
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        let first = requests.map { engine.inspect($0, .standard, &scratch) }
        for _ in 0..<3 {
            for (request, verdict) in zip(requests, first) {
                #expect(engine.inspect(request, .standard, &scratch) == verdict)
            }
        }
    }

    @Test func anExcludedFindingIsNotForgotten() throws {
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        let attack = InspectedRequest(method: "GET", target: Array("/?q=7+UNION+SELECT+1".utf8))
        let quiet = InspectionPolicy(exclusions: [Exclusion(parameter: "q")])
        for _ in 0..<3 { #expect(engine.inspect(attack, quiet, &scratch).findings.isEmpty) }
        #expect(engine.inspect(attack, .standard, &scratch).action == .block)
    }

    @Test func theSameBytesElsewhereAreAnotherValue() throws {
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        let name = Array("/.git/config".utf8)
        for _ in 0..<3 {
            let harmless = InspectedRequest(
                method: "GET", target: [UInt8(ascii: "/")], headers: [.init("referer", name)])
            #expect(engine.inspect(harmless, .standard, &scratch).action == .allow)
        }
        #expect(engine.inspect(InspectedRequest(method: "GET", target: name), .standard, &scratch).action == .block)
    }

    /// `<script>alert(1)</script>` in base64.
    private static let hidden = "q=PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg"

    @Test func whatIsDerivedFromAValueBelongsToIt() throws {
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        let honest = InspectedRequest(
            method: "GET", target: Array("/?q=field_12&field_12=7&r=%5B%22blue%22,%22green%22%5D".utf8))
        let first = engine.inspect(honest, .standard, &scratch)
        for _ in 0..<4 {
            #expect(engine.inspect(honest, .standard, &scratch) == first)
            let attack = InspectedRequest(method: "GET", target: Array("/?\(Self.hidden)".utf8))
            #expect(engine.inspect(attack, .standard, &scratch).action == .block)
        }
    }

    /// Nobody hides an attack behind so many values that there is no room for what it is decoded to.
    @Test func whatWasNotLookedAtIsNotForgotten() throws {
        // The method, the target, the path, three names and values.
        let engine = try InspectionEngine.builtIn(limits: InspectionLimits(maximumValues: 9))
        var scratch = try InspectionScratch()
        let full = InspectedRequest(method: "GET", target: Array("/?a=1&b=2&\(Self.hidden)".utf8))
        for _ in 0..<3 { #expect(engine.inspect(full, .standard, &scratch).isComplete == false) }
        let attack = InspectedRequest(method: "GET", target: Array("/?\(Self.hidden)".utf8))
        #expect(engine.inspect(attack, .standard, &scratch).action == .block)
    }

    /// Rules of one engine say nothing about another's.
    @Test func anotherEnginesMemoryIsOfNoUse() throws {
        let rule = Rule(
            "test", .protocolAbuse, .certain, "a test", in: VariableSet(.argument), after: [], literals: ["blue"],
            .containsLiteral)
        let (first, second) = (try InspectionEngine.builtIn(), try InspectionEngine(rules: [rule], version: "test"))
        var scratch = try InspectionScratch()
        let request = InspectedRequest(method: "GET", target: Array("/?q=blue".utf8))
        for _ in 0..<3 { #expect(first.inspect(request, .standard, &scratch) == .clean) }
        #expect(second.inspect(request, .standard, &scratch).findings.map(\.ruleID) == ["test"])
    }
}
