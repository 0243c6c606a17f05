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

    /// Fewer than this many different things were seen.
    func isSurelyBelow(_ bound: Double) -> Bool {
        // Half of the bits and more stay distinct up to a hundred and fifty; then the estimate itself decides.
        Double((0..<4).reduce(0) { $0 + bits[$1].nonzeroBitCount }) < min(bound, 150) / 2
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

/// HyperLogLog with 256 registers: any number of different things to about 6.5 %, in 256 bytes. What the estimate needs is
/// kept up to date with every insertion, because it is asked for more often than anything new comes.
struct HyperLogLog: Sendable, Equatable {
    private static let precision: UInt64 = 8
    private static let largestRank = 57

    private(set) var registers: [UInt8]
    private var sum: Double
    private var zeros: Int

    init() {
        registers = [UInt8](repeating: 0, count: 1 << Int(Self.precision))
        (sum, zeros) = (Double(registers.count), registers.count)
    }

    init?(registers: [UInt8]) {
        guard registers.count == 1 << Int(Self.precision), registers.allSatisfy({ $0 <= Self.largestRank }) else {
            return nil
        }
        self.registers = registers
        sum = registers.reduce(0) { $0 + Self.weight($1) }
        zeros = registers.count { $0 == 0 }
    }

    static func == (left: HyperLogLog, right: HyperLogLog) -> Bool { left.registers == right.registers }

    mutating func insert(_ hash: UInt64) {
        let index = Int(hash >> (64 - Self.precision))
        let rest = hash << Self.precision | 1 << (Self.precision - 1)
        let (rank, before) = (UInt8(rest.leadingZeroBitCount + 1), registers[index])
        guard rank > before else { return }
        registers[index] = rank
        sum += Self.weight(rank) - Self.weight(before)
        if before == 0 { zeros -= 1 }
    }

    var estimate: Double {
        let count = Double(registers.count)
        let raw = 0.7213 / (1 + 1.079 / count) * count * count / sum
        return raw <= 2.5 * count && zeros > 0 ? count * log(count / Double(zeros)) : raw
    }

    /// Two to the power of minus `rank`.
    private static func weight(_ rank: UInt8) -> Double {
        Double(sign: .plus, exponent: -Int(rank), significand: 1)
    }
}
