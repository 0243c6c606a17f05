/// Up to 128 sets of bytes, looked for together: one pass over a text tells which of them have a member in it.
@usableFromInline package struct ByteClasses: Sendable {
    /// One bit for each set.
    @usableFromInline package typealias Found = SIMD2<UInt64>

    package static let capacity = 128
    /// For each byte, the sets that it is a member of.
    private var table = [Found](repeating: .zero, count: 256)
    private var sets: [ByteSet] = []

    package init() {}

    package var count: Int { sets.count }

    /// The set's number, the same for equal sets; nil when there are too many.
    package mutating func add(_ set: ByteSet) -> Int? {
        if let known = sets.firstIndex(of: set) { return known }
        guard sets.count < Self.capacity else { return nil }
        let bit = Self.bit(sets.count)
        for byte in 0...255 as ClosedRange<UInt8> where set.contains(byte) { table[Int(byte)] |= bit }
        sets.append(set)
        return sets.count - 1
    }

    @inlinable package static func bit(_ number: Int) -> Found {
        var bit = Found.zero
        bit[number >> 6] = 1 &<< UInt64(number & 63)
        return bit
    }

    package func find(in text: Span<UInt8>) -> Found {
        let table = table.span
        var (even, odd) = (Found.zero, Found.zero)
        var index = 0
        let last = text.count &- 1
        // Two sums, so that one byte's does not wait for the other's.
        while index < last {
            even |= unsafe table[unchecked: Int(text[unchecked: index])]
            odd |= unsafe table[unchecked: Int(text[unchecked: index &+ 1])]
            index &+= 2
        }
        if index == last { even |= unsafe table[unchecked: Int(text[unchecked: index])] }
        return even | odd
    }
}

extension ByteClasses.Found {
    @inlinable @inline(__always) package func intersects(_ other: Self) -> Bool {
        let common = self & other
        return common.x | common.y != 0
    }

    @inlinable @inline(__always) package func contains(_ other: Self) -> Bool {
        let missing = other & ~self
        return missing.x | missing.y == 0
    }
}
