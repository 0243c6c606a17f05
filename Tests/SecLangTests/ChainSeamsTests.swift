import PatternMatching
import TestSupport
import Testing

@testable import Inspection

/// What `ChainSeams` promises, tried on every transformation and on chains of them.
@Suite struct ChainSeamsTests {
    /// Bytes that some transformation does something with.
    private static let alphabet = Array("aBxX1 09\t/.,;:(*-#<!>'\"^\\%+&=\u{0}".utf8) + [0xa0, 0xc3, 0x85]

    private static let chains: [[SecLangTransformation]] = {
        var random = SeededGenerator(seed: 7)
        let all = SecLangTransformation.allCases
        let mixed = (0..<400).map { _ in
            (0..<Int.random(in: 2...4, using: &random)).map { _ in all.randomElement(using: &random) ?? .lowercase }
        }
        return all.map { [$0] } + mixed
    }()

    @Test func whatStandsBetweenSeamsStoodTogetherInTheValue() {
        var random = SeededGenerator(seed: 11)
        var compared = 0
        for chain in Self.chains {
            let known = ChainSeams(chain)
            guard let tears = known.tears else { continue }
            let bytes = Self.alphabet.filter { !tears.contains($0) }
            for _ in 0..<30 {
                let value = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                    bytes.randomElement(using: &random) ?? 0x61
                }
                let form = Self.form(of: value, chain)
                for piece in form.split(whereSeparator: { known.seams.contains($0) }) {
                    compared += 1
                    #expect(
                        Self.stands(piece.map(\.lowercased), in: value.map(\.lowercased)),
                        "\(chain) makes \(form) of \(value)")
                }
            }
        }
        #expect(compared > 1_000)
    }

    @Test func aLiteralIsCutAtSeamsAndItsRarestPieceIsLookedFor() {
        let literals = [[Array("cat /etc/passwd".utf8)]]
        #expect(ChainSeams([.lowercase]).solid(literals) == [Array("cat /etc/passwd".utf8)])
        #expect(ChainSeams([.urlDecodeUni, .cmdLine]).solid(literals) == [Array("passwd".utf8)])
        #expect(ChainSeams([.base64Decode]).solid(literals) == nil)
        #expect(ChainSeams([.cmdLine]).solid([[Array("( /".utf8)]]) == nil)
    }

    @Test func whatAnEarlierTransformationWritesMayTear() {
        // A comment becomes a space, which goes: `un/**/ion`.
        #expect(ChainSeams([.replaceComments, .removeWhitespace]).tears?.contains(UInt8(ascii: "/")) == true)
        #expect(ChainSeams([.removeWhitespace, .replaceComments]).tears?.contains(UInt8(ascii: "/")) == false)
        #expect(ChainSeams([.lowercase, .sqlHexDecode]).tears?.contains(UInt8(ascii: "Q")) == true)
    }

    private static func form(of value: [UInt8], _ chain: [SecLangTransformation]) -> [UInt8] {
        chain.reduce(value) { form, transformation in
            var output: [UInt8] = []
            transformation.apply(form.span, into: &output)
            return output
        }
    }

    private static func stands(_ piece: [UInt8], in value: [UInt8]) -> Bool {
        guard piece.count <= value.count else { return false }
        return (0...(value.count - piece.count)).contains { value[$0..<($0 + piece.count)].elementsEqual(piece) }
    }
}
