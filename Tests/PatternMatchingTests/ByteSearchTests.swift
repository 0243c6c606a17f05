import PatternMatching
import TestSupport
import Testing

/// Searching by sixteen finds what searching one by one finds, wherever it stands and wherever the text ends.
@Suite struct ByteSearchTests {
    @Test(arguments: [UInt64(1), 2, 3]) func findsTheFirstOfItsBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for length in 0..<80 {
            let text = (0..<length).map { _ in "aaaaaaaaaaaa'\"`%+\u{0}".utf8.randomElement(using: &random) ?? 0 }
            for start in [0, 1, 7, 16, length / 2, length] where start <= length {
                func first(of wanted: String) -> Int {
                    text[start...].firstIndex { wanted.utf8.contains($0) } ?? length
                }
                let one = text.span.place(of: UInt8(ascii: "%"), from: start)
                let two = text.span.place(of: UInt8(ascii: "%"), or: UInt8(ascii: "+"), from: start)
                let quote = text.span.placeOfQuote(from: start)
                #expect(
                    one == first(of: "%") && two == first(of: "%+") && quote == first(of: "'\"`"), "\(text) \(start)")
            }
        }
    }

    @Test func aShortTextIsToldByItsEndsAndItsLength() {
        var known: Set<[UInt64]> = []
        for length in 0...16 {
            for changed in 0..<length {
                var text = [UInt8](repeating: 1, count: length)
                text[changed] = 2
                let (first, last) = text.span.ends
                #expect(known.insert([UInt64(length), first, last]).inserted)
            }
        }
    }

    @Test func oneByteTakesThePlaceOfAnother() {
        for byte in 0...255 as ClosedRange<UInt8> {
            let text = (0..<16).map { $0 % 3 == 0 ? byte : $0 % 3 == 1 ? 0x2b : byte ^ 0x80 }
            var replaced = [UInt8](repeating: 0, count: 16)
            unsafe text.withUnsafeBufferPointer { from in
                unsafe replaced.withUnsafeMutableBufferPointer { to in
                    guard let from = from.baseAddress, let to = to.baseAddress else { return }
                    unsafe ByteBlock(from).replacing(0x2b, by: 0x20).store(to: to)
                }
            }
            #expect(replaced == text.map { $0 == 0x2b ? 0x20 : $0 })
        }
    }

    @Test(arguments: 0..<40) func textsAreTheSameOnlyIfEveryByteIs(length: Int) {
        let text = (0..<length).map { UInt8($0) }
        let longer = text + [0]
        let (isSame, isLonger) = (text.span.hasSameBytes(as: text.span), text.span.hasSameBytes(as: longer.span))
        #expect(isSame && !isLonger)
        for index in text.indices {
            var other = text
            other[index] ^= 0x80
            let isOther = text.span.hasSameBytes(as: other.span)
            #expect(!isOther)
        }
    }
}
