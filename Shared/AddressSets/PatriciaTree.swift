/// A set of blocks of addresses as a compressed binary tree (Morrison's PATRICIA): a branch only where two blocks differ,
/// so a look-up walks the differing bits alone and compares once, at its end.
///
/// Made once and never changed. Blocks that another one covers are left out, so no block lies within another and every
/// block is a leaf: n blocks, n - 1 branches, in flat arrays without a reference in them.
struct PatriciaTree<Bits: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    struct Block: Sendable, Equatable {
        /// Zero beyond `length`.
        var bits: Bits
        var length: UInt8
    }

    /// Where a walk goes on, by one bit of the address; the first bit is 0.
    private struct Branch: Sendable {
        var zero: UInt32
        var one: UInt32
        var bit: UInt8
    }

    /// Marks the number of a leaf.
    private static var leaf: UInt32 { 1 << 31 }

    private var branches: [Branch] = []
    private var bits: [Bits] = []
    private var lengths: [UInt8] = []
    private var root: UInt32 = 0

    init(_ blocks: consuming [Block]) {
        blocks.sort { $0.bits == $1.bits ? $0.length < $1.length : $0.bits < $1.bits }
        bits.reserveCapacity(blocks.count)
        lengths.reserveCapacity(blocks.count)
        for block in blocks where !isCoveredByLast(block.bits) {
            bits.append(block.bits)
            lengths.append(block.length)
        }
        guard !bits.isEmpty else { return }
        branches.reserveCapacity(bits.count - 1)
        root = join(bits.indices)
    }

    var count: Int { bits.count }

    /// What the arrays take.
    var byteCount: Int {
        branches.capacity * MemoryLayout<Branch>.stride + bits.capacity * MemoryLayout<Bits>.stride + lengths.capacity
    }

    /// In the order of sorting a block comes right after what covers it, or after others that are covered too.
    private func isCoveredByLast(_ address: Bits) -> Bool {
        guard let last = bits.indices.last else { return false }
        return covers(last, address)
    }

    private func covers(_ index: Int, _ address: Bits) -> Bool {
        (bits[index] ^ address) >> (Bits.bitWidth - Int(lengths[index])) == 0
    }

    /// The tree of a run of sorted blocks. No deeper than an address has bits.
    private mutating func join(_ run: Range<Int>) -> UInt32 {
        guard run.count > 1 else { return UInt32(run.lowerBound) | Self.leaf }
        let bit = (bits[run.lowerBound] ^ bits[run.upperBound - 1]).leadingZeroBitCount
        let middle = firstWithOne(at: bit, in: run)
        let number = branches.count
        branches.append(Branch(zero: 0, one: 0, bit: UInt8(bit)))
        let zero = join(run.lowerBound..<middle)
        let one = join(middle..<run.upperBound)
        branches[number] = Branch(zero: zero, one: one, bit: UInt8(bit))
        return UInt32(number)
    }

    private func firstWithOne(at bit: Int, in run: Range<Int>) -> Int {
        var (low, high) = (run.lowerBound, run.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if isOne(bits[middle], at: bit) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func isOne(_ address: Bits, at bit: Int) -> Bool { (address << bit) >> (Bits.bitWidth - 1) == 1 }

    /// The block that the address lies in.
    func block(covering address: Bits) -> Block? {
        guard !bits.isEmpty else { return nil }
        var number = root
        while number & Self.leaf == 0 {
            let branch = branches[Int(number)]
            number = isOne(address, at: Int(branch.bit)) ? branch.one : branch.zero
        }
        let index = Int(number & ~Self.leaf)
        return covers(index, address) ? Block(bits: bits[index], length: lengths[index]) : nil
    }
}
