import Cryptography
import Testing

@Suite struct SipHashTests {
    private static let key: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)

    /// From the reference implementation's table: key 00…0f, message 00, 01, … of each length.
    @Test(
        arguments: [
            (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5), (63, 0x958a_324c_eb06_4572),
        ] as [(Int, UInt64)])
    func `SipHash-2-4 is what its authors publish`(length: Int, expected: UInt64) {
        let hash = SipHash<2, 4>(Self.key.0, Self.key.1)
        #expect(hash.hash((0..<length).map { UInt8($0) }) == expected)
    }

    /// The same with the rounds of hash tables.
    @Test(
        arguments: [
            (0, 0xabac_0158_050f_c4dc), (1, 0xc9f4_9bf3_7d57_ca93), (8, 0x3690_9511_8d29_9a8e),
            (15, 0xd320_d86d_2a51_9956), (63, 0x9d19_9062_b7bb_b3a8),
        ] as [(Int, UInt64)])
    func `SipHash-1-3 is what hash tables use`(length: Int, expected: UInt64) {
        let hash = SipHash<1, 3>(Self.key.0, Self.key.1)
        #expect(hash.hash((0..<length).map { UInt8($0) }) == expected)
    }

    @Test func `Words hash as their bytes do`() {
        let hash = SipHash<2, 4>(1, 2)
        let bytes: [UInt8] = [8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1]
        let words: [UInt64] = [0x0102_0304_0506_0708, 0x0101_0101_0101_0101]
        #expect(hash.hash(bytes) == hash.hash(words: words))
        #expect(hash.hash(bytes) == hash.hash(words[0], words[1]))
    }
}
