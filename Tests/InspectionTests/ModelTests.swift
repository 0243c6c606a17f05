import Core
import Foundation
import TestSupport
import Testing

@testable import Inspection

/// A small model file made here, so that what is tested does not depend on what was learned.
private struct ModelBytes {
    var name = "test-1"
    var format: UInt32 = 1
    var features: UInt32 = 1
    var scale: Float = 0.01
    var bias: Float = -1
    /// Only what words say: the bucket of the word `union` and of nothing else.
    var weights = [Int8](repeating: 0, count: ValueModel.weightCount)
    var probabilities: [(Float, Float)] = [(-1, 0.1), (1, 0.9)]
    var pull: [(Float, Float)] = [(0.5, 0), (0.9, 0.5)]
    var examples: [(String, Float)] = []

    var bytes: [UInt8] {
        var data = Array("INFMODEL".utf8) + word(format) + word(features) + [UInt8(name.utf8.count)] + name.utf8
        data += word(scale.bitPattern) + word(bias.bitPattern) + weights.map { UInt8(bitPattern: $0) }
        for curve in [probabilities, pull] {
            data.append(UInt8(curve.count))
            for (x, y) in curve { data += word(x.bitPattern) + word(y.bitPattern) }
        }
        let model = ValueModel(weights: weights, scale: scale, bias: bias)
        let examples = examples.isEmpty ? [("a", model.logit([UInt8(ascii: "a")].span))] : examples
        data.append(UInt8(examples.count))
        for (text, logit) in examples {
            data += [UInt8(text.utf8.count), 0] + Array(text.utf8) + word(logit.bitPattern)
        }
        return data + (0..<8).map { UInt8(truncatingIfNeeded: ModelFile.checksum(data[...]) >> UInt64(8 * $0)) }
    }

    private func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    /// Every feature of any text speaks for an attack.
    static let suspicious = ModelBytes(weights: [Int8](repeating: 127, count: ValueModel.weightCount))
}

@Suite struct ModelFileTests {
    @Test func aWellMadeFileIsRead() throws {
        let model = try InspectionModel(ModelBytes().bytes)
        #expect(model.name == "test-1")
        #expect(model.probability([UInt8(ascii: "a")].span) == 0.1)
    }

    private static let malformed: [(String, ModelBytes)] = [
        ("name", ModelBytes(name: "")), ("name", ModelBytes(name: "a b")), ("scale", ModelBytes(scale: 0)),
        ("scale", ModelBytes(scale: .nan)), ("scale", ModelBytes(bias: 1_000)),
        ("weights", ModelBytes(weights: [1, 2, 3], examples: [("a", 0)])),
        ("calibration", ModelBytes(probabilities: [])),
        ("calibration", ModelBytes(probabilities: [(0, 0.9), (1, 0.1)])),
        ("calibration", ModelBytes(probabilities: [(1, 0.1), (0, 0.9)])),
        ("calibration", ModelBytes(probabilities: [(0, 1.5)])), ("weights", ModelBytes(pull: [(0, 0.9)])),
        ("weights", ModelBytes(pull: [(0, .infinity)])),
    ]

    @Test(arguments: malformed.indices)
    func whatIsMalformedIsNamed(index: Int) {
        let (part, file) = Self.malformed[index]
        #expect(throws: ModelFailure.malformed(part: part)) { try InspectionModel(file.bytes) }
    }

    @Test func whatAnotherReleaseWroteIsRefused() {
        #expect(throws: ModelFailure.otherFormat(version: 2, known: 1)) {
            try InspectionModel(ModelBytes(format: 2).bytes)
        }
        #expect(throws: ModelFailure.otherFeatures(version: 9, known: 1)) {
            try InspectionModel(ModelBytes(features: 9).bytes)
        }
        #expect(throws: ModelFailure.readOtherwise(example: 0)) {
            try InspectionModel(ModelBytes(examples: [("union", 3)]).bytes)
        }
    }

    @Test func damageAnywhereIsFound() {
        let good = ModelBytes().bytes
        for index in stride(from: 8, to: good.count, by: 997) {
            var bytes = good
            bytes[index] ^= 4
            #expect(throws: ModelFailure.damaged) { try InspectionModel(bytes) }
        }
        for count in [25, 60, 70_000, good.count - 1] where count < good.count {
            #expect(throws: ModelFailure.damaged) { try InspectionModel(Array(good.prefix(count))) }
        }
        #expect(throws: ModelFailure.notAModel) { try InspectionModel(Array("hello".utf8)) }
        #expect(throws: ModelFailure.notAModel) { try InspectionModel([]) }
        let long = [UInt8](repeating: 0, count: ModelFile.maximumLength + 1)
        #expect(throws: ModelFailure.tooLong(bytes: long.count, maximum: ModelFile.maximumLength)) {
            try InspectionModel(long)
        }
    }

    /// The examples in it were computed by the training's own code in Python: both read texts the same way.
    @Test func theModelThatShipsIsRead() throws {
        let model = try InspectionModel(ShippedModel.bytes())
        #expect(model.probability(Array("1' UNION SELECT password FROM users -- ".utf8).span) > 0.9)
        #expect(model.probability(Array("running shoes, size 42 (wide)".utf8).span) < 0.5)
    }

    @Test func harmlessTextAroundAnAttackDoesNotThinItOut() throws {
        let model = try InspectionModel(ShippedModel.bytes())
        let harmless = String(repeating: "please leave the parcel with the neighbour at number 14. ", count: 4)
        #expect(model.probability(Array(harmless.utf8).span) < 0.5)
        let attack = "1' UNION SELECT password FROM users WHERE 'a'='a' -- "
        #expect(model.probability(Array((harmless + attack + harmless).utf8).span) > 0.9)
    }
}

private enum ShippedModel {
    static func bytes() throws -> [UInt8] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        return [UInt8](try Data(contentsOf: root.appending(path: "Shared/Inspection/Assets/text.model")))
    }
}

@Suite struct ValueModelTests {
    private func model(_ bytes: ModelBytes) -> ValueModel {
        ValueModel(weights: bytes.weights, scale: bytes.scale, bias: bytes.bias)
    }

    @Test func letterCaseNumbersAndRunsOfWhiteSpaceMakeNoDifference() {
        let suspicious = ValueModel(
            weights: (0..<ValueModel.weightCount).map { Int8(truncatingIfNeeded: $0 &* 40_503) }, scale: 0.01, bias: 0)
        let first = suspicious.logit(Array("UNION  Select\t\n1234".utf8).span)
        #expect(first == suspicious.logit(Array("union select 7".utf8).span))
        #expect(first != suspicious.logit(Array("union select a".utf8).span))
    }

    @Test func anyBytesOfAnyLengthHaveAResult() {
        var random = SystemRandomNumberGenerator()
        let model = model(.suspicious)
        for length in [0, 1, 2, 30, 31, 32, 33, 62, 63, 64, 65, 96, 510, 511, 512, 5_000] {
            let text = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(model.logit(text.span).isFinite)
        }
    }
}

@Suite struct ModelOpinionTests {
    private let likely = Rule(
        "t.likely", .sqlInjection, .likely, "a word", in: .inputs, after: [], literals: ["needle"], .containsLiteral)
    private let weak = Rule(
        "t.weak", .protocolAbuse, .weak, "a word", in: .inputs, after: [], literals: ["straw"], .containsLiteral)

    private func inspect(
        _ query: String, _ model: InspectionModel?, _ policy: InspectionPolicy = .standard
    ) throws -> InspectionVerdict {
        let engine = try InspectionEngine(rules: [likely, weak], version: "test")
        engine.use(model)
        var scratch = try InspectionScratch()
        let request = InspectedRequest(method: "GET", target: Array("/?\(query)".utf8))
        return engine.inspect(request, policy, &scratch)
    }

    @Test func itLiftsALikelyFindingOverTheBarWhereTheTextAgrees() throws {
        #expect(try inspect("q=needle", nil).action == .alert)
        #expect(try inspect("q=needle", try InspectionModel(ModelBytes().bytes)).action == .alert)
        let verdict = try inspect("q=needle", try InspectionModel(ModelBytes.suspicious.bytes))
        #expect(verdict.action == .block)
        #expect(verdict.findings.map(\.ruleID) == ["t.likely", InspectionModel.ruleID])
        let opinion = try #require(verdict.findings.last)
        #expect(opinion.parameter == "q")
        #expect(opinion.category == .sqlInjection)
        #expect(opinion.weight == 0.5)
    }

    @Test func besideWhatIsWeakItNeverBlocksWhateverItsFileSays() throws {
        var loud = ModelBytes.suspicious
        loud.pull = [(0, InspectionModel.maximumWeight)]
        #expect(try inspect("q=straw", try InspectionModel(loud.bytes)).action == .alert)
    }

    @Test func whereNothingWasFoundItIsNotAsked() throws {
        var loud = ModelBytes.suspicious
        loud.pull = [(0, InspectionModel.maximumWeight)]
        #expect(try inspect("p=1&q=any%27thing", try InspectionModel(loud.bytes)) == .clean)
    }

    @Test func itNeverLowersAScore() throws {
        for query in ["q=needle", "q=straw", "q=needle&r=straw", "q=needle+straw"] {
            let alone = try inspect(query, nil).score
            for bytes in [ModelBytes(), .suspicious] {
                #expect(try inspect(query, try InspectionModel(bytes.bytes)).score >= alone)
            }
        }
    }

    @Test func itsExclusionSilencesItAlone() throws {
        let model = try InspectionModel(ModelBytes.suspicious.bytes)
        let opinion = try #require(try inspect("q=needle", model).findings.last)
        var policy = InspectionPolicy()
        policy.exclusions = [opinion.silencedBy]
        #expect(try inspect("q=needle", model, policy).findings.map(\.ruleID) == ["t.likely"])
        #expect(try inspect("r=needle", model, policy).action == .block)
    }

    @Test func anotherModelIsInForceWithTheNextRequestAndNamesTheEngine() throws {
        let engine = try InspectionEngine(rules: [likely], version: "test")
        var scratch = try InspectionScratch()
        let request = InspectedRequest(method: "GET", target: Array("/?q=needle".utf8))
        #expect(engine.inspect(request, .standard, &scratch).action == .alert)
        engine.use(try InspectionModel(ModelBytes.suspicious.bytes))
        #expect(engine.version == "test+test-1")
        #expect(engine.inspect(request, .standard, &scratch).action == .block)
        engine.use(nil)
        #expect(engine.version == "test")
        #expect(engine.inspect(request, .standard, &scratch).action == .alert)
    }

    @Test func oneScratchServesSeveralEngines() throws {
        let plain = try InspectionEngine(rules: [likely], version: "plain")
        let learned = try InspectionEngine(rules: [likely], version: "learned")
        learned.use(try InspectionModel(ModelBytes.suspicious.bytes))
        var scratch = try InspectionScratch()
        let request = InspectedRequest(method: "GET", target: Array("/?q=needle".utf8))
        for _ in 0..<3 {
            #expect(plain.inspect(request, .standard, &scratch).action == .alert)
            #expect(learned.inspect(request, .standard, &scratch).action == .block)
        }
    }
}
