/// Big-endian numbers, the form of everything in PostgreSQL's binary protocol.
extension [UInt8] {
    @inlinable package mutating func appendBigEndian<Number: FixedWidthInteger>(_ number: Number) {
        unsafe Swift.withUnsafeBytes(of: number.bigEndian) { unsafe append(contentsOf: $0) }
    }

    /// Overwrites the four bytes at `position`: lengths are written once they are known.
    @inlinable package mutating func setBigEndian(_ number: Int32, at position: Int) {
        unsafe Swift.withUnsafeBytes(of: number.bigEndian) { unsafe replaceSubrange(position..<position + 4, with: $0) }
    }

    /// Writes a length, then what `encode` appends: the form of every field and parameter in a COPY or an array.
    @inlinable package mutating func appendSized(_ encode: (inout [UInt8]) -> Void) {
        let start = count
        appendBigEndian(Int32(0))
        encode(&self)
        setBigEndian(Int32(count - start - 4), at: start)
    }
}

extension RawSpan {
    /// The number at `offset`; nil where the bytes end before it does. The server is trusted, the network between is
    /// not, so a short value is an answer and never a trap.
    @inlinable package func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Number.Type)
        -> Number?
    {
        guard offset >= 0, byteCount - offset >= MemoryLayout<Number>.size else { return nil }
        return unsafe Number(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// The number these bytes are, when they are exactly one.
    @inlinable package func onlyNumber<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        byteCount == MemoryLayout<Number>.size ? bigEndian(at: 0, as: type) : nil
    }

    @inlinable package var array: [UInt8] {
        unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    }

    @inlinable package var text: String? {
        unsafe withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
    }
}
