/// Sixteen bytes of a text in two words. Its methods mark bytes by their highest bit: the lowest mark of a word is right,
/// those above it may not be. (Comparing `SIMD16<UInt8>` compiles to a loop over its lanes.)
@usableFromInline package struct ByteBlock {
    @usableFromInline package typealias Marks = SIMD2<UInt64>

    @usableFromInline let words: Marks

    @inlinable @inline(__always) init(_ bytes: UnsafeRawBufferPointer, at index: Int) {
        words = unsafe bytes.loadUnaligned(fromByteOffset: index, as: Marks.self)
    }

    @inlinable @inline(__always) package init(_ bytes: UnsafePointer<UInt8>) {
        words = unsafe UnsafeRawPointer(bytes).loadUnaligned(as: Marks.self)
    }

    @inlinable @inline(__always) package func store(to bytes: UnsafeMutablePointer<UInt8>) {
        unsafe UnsafeMutableRawPointer(bytes).storeBytes(of: words, as: Marks.self)
    }

    @inlinable @inline(__always) package func marks(_ byte: UInt8) -> Marks {
        let others = words ^ Marks(repeating: 0x0101_0101_0101_0101 &* UInt64(byte))
        return (others &- Marks(repeating: 0x0101_0101_0101_0101)) & ~others
    }

    /// All bytes below one that is at most 0x80.
    @inlinable @inline(__always) package func marks(below byte: UInt8) -> Marks {
        (words &- Marks(repeating: 0x0101_0101_0101_0101 &* UInt64(byte))) & ~words
    }

    /// With another byte in the place of each that is `byte`.
    ///
    /// - Precondition: both are below 0x80.
    @inlinable @inline(__always) package func replacing(_ byte: UInt8, by other: UInt8) -> ByteBlock {
        // Exact, unlike `marks`: no sum carries into the next byte.
        let others = words ^ Marks(repeating: 0x0101_0101_0101_0101 &* UInt64(byte))
        let sums = (others & Marks(repeating: 0x7f7f_7f7f_7f7f_7f7f)) &+ Marks(repeating: 0x7f7f_7f7f_7f7f_7f7f)
        let equal = ~(sums | others) & Marks(repeating: 0x8080_8080_8080_8080)
        let mask = equal &- (equal &>> Marks(repeating: 7))
        return ByteBlock(words ^ (mask & Marks(repeating: 0x0101_0101_0101_0101 &* UInt64(byte ^ other))))
    }

    @inlinable @inline(__always) init(_ words: Marks) { self.words = words }

    /// The first marked byte's number; 16 if there is none.
    @inlinable @inline(__always) package static func first(of marks: Marks) -> Int {
        let marks = marks & Marks(repeating: 0x8080_8080_8080_8080)
        if marks.x != 0 { return marks.x.trailingZeroBitCount >> 3 }
        return 8 &+ marks.y.trailingZeroBitCount >> 3
    }
}

/// Looking for the next of a few bytes, sixteen at a time. What is not found is at the text's end.
extension Span<UInt8> {
    @inlinable package func place(of wanted: UInt8, from start: Int = 0) -> Int {
        place(from: start, { $0.marks(wanted) }, { $0 == wanted })
    }

    @inlinable package func place(of one: UInt8, or other: UInt8, from start: Int = 0) -> Int {
        place(from: start, { $0.marks(one) | $0.marks(other) }, { $0 == one || $0 == other })
    }

    /// The next `'`, `"` or `` ` ``.
    @inlinable package func placeOfQuote(from start: Int = 0) -> Int {
        place(
            from: start,
            { $0.marks(UInt8(ascii: "'")) | $0.marks(UInt8(ascii: "\"")) | $0.marks(UInt8(ascii: "`")) },
            { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "`") })
    }

    /// - Parameters:
    ///   - marks: tells of sixteen bytes which are wanted.
    ///   - isMeant: tells the same of one.
    @inlinable @inline(__always) package func place(
        from start: Int, _ marks: (ByteBlock) -> ByteBlock.Marks, _ isMeant: (UInt8) -> Bool
    ) -> Int {
        unsafe withUnsafeBytes { bytes in
            var index = start
            // A block is read only where all of it belongs to the text.
            while index &+ 16 <= bytes.count {
                let found = ByteBlock.first(of: marks(unsafe ByteBlock(bytes, at: index)))
                if found < 16 { return index &+ found }
                index &+= 16
            }
            while index < bytes.count, unsafe !isMeant(bytes[index]) { index &+= 1 }
            return index
        }
    }
}

extension Span<UInt8> {
    /// The first eight bytes and the last eight, which overlap in a text of less than sixteen; a shorter text than eight
    /// stands in the first number alone.
    @inlinable package var ends: (UInt64, UInt64) {
        unsafe withUnsafeBytes { bytes in
            if bytes.count >= 8 {
                return unsafe (
                    bytes.loadUnaligned(as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self)
                )
            }
            if bytes.count >= 4 {
                let first = unsafe bytes.loadUnaligned(as: UInt32.self)
                let last = unsafe bytes.loadUnaligned(fromByteOffset: bytes.count &- 4, as: UInt32.self)
                return (UInt64(last) &<< 32 | UInt64(first), 0)
            }
            var number: UInt64 = 0
            for index in 0..<bytes.count { number = unsafe number &<< 8 | UInt64(bytes[index]) }
            return (number, 0)
        }
    }
}

extension Span<UInt8> {
    @inlinable package func hasSameBytes(as other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        return unsafe withUnsafeBytes { bytes in
            unsafe other.withUnsafeBytes { others in
                var index = 0
                while index &+ 8 < bytes.count {
                    let one = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    let two = unsafe others.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    if one != two { return false }
                    index &+= 8
                }
                // The last eight, some of them for the second time; a short text whole.
                if bytes.count >= 8 {
                    let one = unsafe bytes.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self)
                    let two = unsafe others.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self)
                    return one == two
                }
                return ends.0 == other.ends.0
            }
        }
    }
}
