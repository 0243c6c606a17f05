import Core
import Glibc

/// A count that forgets: each event weighs half as much after every half-life. Two numbers, whatever the rate.
struct DecayingCount: Sendable, Equatable {
    private(set) var stored: Double = 0
    private(set) var updatedAt: Timestamp = Timestamp(nanoseconds: 0)

    init() {}

    init(stored: Double, updatedAt: Timestamp) {
        self.stored = stored
        self.updatedAt = updatedAt
    }

    mutating func add(_ amount: Double = 1, at now: Timestamp, halfLife: Duration) {
        stored = value(at: now, halfLife: halfLife) + amount
        updatedAt = max(updatedAt, now)
    }

    /// A clock that was set back neither grows nor shrinks the count.
    func value(at now: Timestamp, halfLife: Duration) -> Double {
        guard stored > 0 else { return 0 }
        let age = max(0, (now - updatedAt).inSeconds)
        return stored * exp2(-age / halfLife.inSeconds)
    }
}

/// How many different things were seen, in 32 bytes: linear counting over a bitmap of 256 bits, good to about 10 % up to
/// some 500; beyond that it only says "many".
struct DistinctCount: Sendable, Equatable {
    static let saturation = 1_400.0
    private(set) var bits: SIMD4<UInt64> = .zero

    init() {}
    init(bits: SIMD4<UInt64>) { self.bits = bits }

    mutating func insert(_ hash: UInt64) {
        let bit = Int(hash >> 56)
        bits[bit >> 6] |= 1 << UInt64(bit & 63)
    }

    var estimate: Double {
        let zeros = 256 - (0..<4).reduce(0) { $0 + bits[$1].nonzeroBitCount }
        return zeros == 0 ? Self.saturation : 256 * log(256 / Double(zeros))
    }
}

/// FNV-1a with a final mix and a seed of this process, so that nobody outside can choose what collides.
struct SeededHash: Sendable {
    let seed: UInt64

    func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var value = 0xcbf2_9ce4_8422_2325 ^ seed
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        value ^= value >> 33
        value &*= 0xff51_afd7_ed55_8ccd
        return value ^ (value >> 33)
    }
}
