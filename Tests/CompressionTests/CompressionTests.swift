import Compression
import TestSupport
import Testing

@Suite struct CompressionTests {
    @Test("What is deflated in pieces is inflated in pieces", arguments: [0, 1, 255, 256, 70_000])
    func roundTrip(size: Int) {
        var generator = SeededGenerator(seed: UInt64(size) + 7)
        let original = (0..<size).map { _ in UInt8(generator.below(8)) }
        for (format, reader) in [(Deflater.Format.gzip, Inflater.Format.headed), (.bare, .bare)] {
            var packed: [UInt8] = []
            var deflater = Deflater(format)
            for start in stride(from: 0, to: size, by: 9_000) {
                let piece = Array(original[start..<min(size, start + 9_000)])
                deflater.compress(piece.span, start % 2 == 0 ? .sync : .none, into: &packed)
            }
            deflater.compress([UInt8]().span, .finish, into: &packed)

            var unpacked: [UInt8] = []
            var inflater = Inflater(reader)
            var outcome = Inflater.Outcome.needsInput
            for start in stride(from: 0, to: packed.count, by: 100) {
                let piece = Array(packed[start..<min(packed.count, start + 100)])
                outcome = inflater.expand(piece.span, limit: size, into: &unpacked)
                #expect(outcome == .needsInput || outcome == .ended)
            }
            #expect(outcome == .ended)
            #expect(unpacked == original)
        }
    }

    @Test func `what was flushed can be read before the end`() {
        var packed: [UInt8] = []
        var deflater = Deflater(.gzip)
        deflater.compress(Array("first".utf8).span, .sync, into: &packed)
        var unpacked: [UInt8] = []
        var inflater = Inflater(.headed)
        #expect(inflater.expand(packed.span, limit: 100, into: &unpacked) == .needsInput)
        #expect(unpacked == Array("first".utf8))
    }

    @Test func `a bomb is cut at the limit, to the byte`() {
        var packed: [UInt8] = []
        var deflater = Deflater(.gzip, level: 9)
        deflater.compress([UInt8](repeating: 0, count: 1 << 20).span, .finish, into: &packed)
        for (limit, expected) in [((1 << 20) - 1, Inflater.Outcome.cut), (10, .cut), (0, .cut), (1 << 20, .ended)] {
            var unpacked: [UInt8] = []
            var inflater = Inflater(.headed)
            #expect(inflater.expand(packed.span, limit: limit, into: &unpacked) == expected)
            #expect(unpacked.count == limit)
        }
    }

    @Test func `nonsense is refused, and never more is written than allowed`() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let input = generator.bytes(generator.below(200))
            for format in [Inflater.Format.headed, .bare] {
                var output: [UInt8] = []
                var inflater = Inflater(format)
                _ = inflater.expand(input.span, limit: 4_096, into: &output)
                #expect(output.count <= 4_096)
            }
        }
    }
}
