internal import Core

/// What was learned from labelled requests: how likely a text is part of an attack, and how much that says beside what
/// rules and grammars found. Read from a file that `make train` writes; immutable, shared by all threads.
package final class InspectionModel: Sendable {
    /// What the file calls itself.
    package let name: String
    /// Changes with every byte of the file.
    package let checksum: UInt64
    private let values: ValueModel
    private let probabilities: Curve
    /// What a probability weighs beside a finding in the same value.
    private let weights: Curve

    package static let ruleID = "model.text"
    /// Whatever its file says, a model's word beside one weak finding does not block: 1 - (1 - 0.4) (1 - 0.65) is 0.79.
    static let maximumWeight: Float = 0.65
    /// How far an example's result may be from the file's: sums of floats in another order.
    private static let tolerance: Float = 0.01

    package init(_ bytes: [UInt8]) throws(ModelFailure) {
        var file = try ModelFile(bytes)
        let format = try file.word(of: "format")
        guard format == ModelFile.format else { throw .otherFormat(version: format, known: ModelFile.format) }
        let features = try file.word(of: "features")
        guard features == ModelFile.features else {
            throw .otherFeatures(version: features, known: ModelFile.features)
        }
        name = try Self.readName(&file)
        values = try Self.readValueModel(&file)
        probabilities = try file.curve(of: "calibration", within: 0...1)
        weights = try file.curve(of: "weights", within: 0...Self.maximumWeight)
        try Self.checkExamples(&file, values)
        try file.finish()
        checksum = ModelFile.checksum(bytes[...])
    }

    /// For fuzzing: what stands behind a wrong checksum is never read.
    package static func withChecksum(_ bytes: [UInt8]) -> [UInt8] { ModelFile.sealed(bytes) }

    private static func readName(_ file: inout ModelFile) throws(ModelFailure) -> String {
        let text = try file.take(try file.byte(of: "name"), of: "name")
        guard !text.isEmpty, text.allSatisfy({ (0x21...0x7e).contains($0) }) else { throw .malformed(part: "name") }
        return String(decoding: text, as: UTF8.self)
    }

    private static func readValueModel(_ file: inout ModelFile) throws(ModelFailure) -> ValueModel {
        let (scale, bias) = (try file.number(of: "scale"), try file.number(of: "bias"))
        guard scale > 0, scale < 1, abs(bias) < 100 else { throw .malformed(part: "scale") }
        let weights = try file.take(ValueModel.weightCount, of: "weights").map { Int8(bitPattern: $0) }
        return ValueModel(weights: weights, scale: scale, bias: bias)
    }

    private static func checkExamples(_ file: inout ModelFile, _ values: ValueModel) throws(ModelFailure) {
        let count = try file.byte(of: "examples")
        guard (1...ModelFile.maximumExamples).contains(count) else { throw .malformed(part: "examples") }
        for example in 0..<count {
            let low = try file.byte(of: "examples")
            let high = try file.byte(of: "examples")
            let text = Array(try file.take(high << 8 | low, of: "examples"))
            let expected = try file.number(of: "examples")
            guard abs(values.logit(text.span) - expected) <= tolerance else { throw .readOtherwise(example: example) }
        }
    }

    // MARK: The file

    /// Of a longer value the beginning is read.
    package static let maximumText = ValueModel.maximumText
    package static let maximumFileBytes = ModelFile.maximumLength

    /// Where the model's file is: the configured one, none when that is `none`, else the one shipped with the program,
    /// if it was.
    package static func file(configured: String?) -> String? {
        if let configured { return configured == "none" ? nil : configured }
        return ShippedFolder.find(shipped: "inspection/Assets", source: "Shared/Inspection/Assets").map {
            "\($0)/text.model"
        }
    }

    // MARK: Judging

    /// The probability, 0…1, that a text is part of an attack, when half of all texts are.
    package func probability(_ text: Span<UInt8>) -> Float { probabilities.value(at: values.logit(text)) }

    func weight(_ probability: Float) -> Float { weights.value(at: probability) }
}
