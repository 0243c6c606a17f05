import PatternMatching
import Testing

@Suite struct ByteSetTests {
    @Test func holdsWhatWasPutIn() {
        let bytes: [UInt8] = [0, 63, 64, 127, 128, 255]
        let set = ByteSet(of: bytes.span)
        #expect((0...255).filter { set.contains($0) } == bytes)
        #expect(set.intersects(ByteSet([255])))
        #expect(!set.intersects(ByteSet("abc")))
        #expect(ByteSet().isEmpty)
    }
}
