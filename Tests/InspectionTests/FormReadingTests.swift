import TestSupport
import Testing

@testable import Inspection

/// A form is taken apart the same in one pass and piece by piece.
@Suite struct FormReadingTests {
    private func values(_ text: [UInt8], _ limits: InspectionLimits) -> [String] {
        var table = ValueTable()
        table.reset(limits)
        URLEncoded.parseForm(text.span, into: &table)
        return table.values.map { "\($0.variable.name) \(table.bytes[$0.name]) \(table.bytes[$0.bytes])" }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func inOnePassAndPieceByPiece(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "a", "=", "&", "%", "+", "%4", "%41", "%3c", "name", "'", "a long harmless text ", "\u{e9}", "==",
        ]
        for _ in 0..<1_500 {
            // Ended so that no value is as long as the text: then only the whole has no room.
            let text = Array(
                ((0..<Int.random(in: 0...14, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                    .joined() + "&z").utf8)
            let whole = values(text, .standard)
            // The last value is the whole text once more, where a name is torn: it has no room then.
            let small = values(text, InspectionLimits(maximumValueLength: text.count - 1))
            #expect(
                whole.prefix(small.count - 1) == small.prefix(small.count - 1),
                "\(String(decoding: text, as: UTF8.self))")
            #expect(whole.count == small.count)
        }
    }
}
