import Glibc

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

/// The same in 8 bytes, for what few are enough of: good to some 100.
struct SmallDistinctCount: Sendable, Equatable {
    static let saturation = 300.0
    private(set) var bits: UInt64 = 0

    init() {}
    init(bits: UInt64) { self.bits = bits }

    mutating func insert(_ hash: UInt64) { bits |= 1 << (hash >> 58) }

    var estimate: Double {
        let zeros = 64 - bits.nonzeroBitCount
        return zeros == 0 ? Self.saturation : 64 * log(64 / Double(zeros))
    }
}

/// HyperLogLog with 256 registers: any number of different things to about 6.5 %, in 256 bytes.
struct HyperLogLog: Sendable, Equatable {
    private static let precision: UInt64 = 8
    private(set) var registers: [UInt8]

    init() { registers = [UInt8](repeating: 0, count: 1 << Int(Self.precision)) }

    init?(registers: [UInt8]) {
        guard registers.count == 1 << Int(Self.precision), registers.allSatisfy({ $0 <= 57 }) else { return nil }
        self.registers = registers
    }

    mutating func insert(_ hash: UInt64) {
        let index = Int(hash >> (64 - Self.precision))
        let rest = hash << Self.precision | 1 << (Self.precision - 1)
        registers[index] = max(registers[index], UInt8(rest.leadingZeroBitCount + 1))
    }

    var estimate: Double {
        let count = Double(registers.count)
        let sum = registers.reduce(0.0) { $0 + exp2(-Double($1)) }
        let raw = 0.7213 / (1 + 1.079 / count) * count * count / sum
        let zeros = registers.count { $0 == 0 }
        return raw <= 2.5 * count && zeros > 0 ? count * log(count / Double(zeros)) : raw
    }
}
