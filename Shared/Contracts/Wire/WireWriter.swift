package import Core

/// Appends protobuf's encoding to bytes. A field with its default value is not written, as proto3 has it; elements of
/// repeated fields always are.
package struct WireWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    // MARK: Primitives

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func fixed(_ value: some FixedWidthInteger & BitwiseCopyable) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func prefixed(_ value: [UInt8]) {
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    private mutating func prefixed(_ value: String) {
        let text = value.utf8
        varint(UInt64(text.count))
        bytes.append(contentsOf: text)
    }

    private mutating func prefixed(_ value: UUIDv7) {
        bytes.append(16)
        fixed(value.high.byteSwapped)
        fixed(value.low.byteSwapped)
    }

    /// Writes what `body` appends behind its length: one byte is kept free, and more are inserted in the rare case that
    /// the length needs them.
    private mutating func lengthPrefixed(_ body: (inout WireWriter) -> Void) {
        let start = bytes.count
        bytes.append(0)
        body(&self)
        let length = bytes.count - start - 1
        guard length >= 0x80 else {
            bytes[start] = UInt8(length)
            return
        }
        var prefix = WireWriter(capacity: 10)
        prefix.varint(UInt64(length))
        bytes.replaceSubrange(start...start, with: prefix.bytes)
    }

    private mutating func tagged(_ tag: UInt32) { varint(UInt64(tag)) }

    // MARK: Singular fields

    package mutating func uint64(_ value: UInt64, tag: UInt32) {
        guard value != 0 else { return }
        tagged(tag)
        varint(value)
    }
    package mutating func int64(_ value: Int64, tag: UInt32) { uint64(UInt64(bitPattern: value), tag: tag) }
    package mutating func uint32(_ value: UInt32, tag: UInt32) { uint64(UInt64(value), tag: tag) }
    package mutating func int32(_ value: Int32, tag: UInt32) { int64(Int64(value), tag: tag) }
    package mutating func bool(_ value: Bool, tag: UInt32) { uint64(value ? 1 : 0, tag: tag) }
    package mutating func sint64(_ value: Int64, tag: UInt32) { uint64(Self.zigzag(value), tag: tag) }
    package mutating func sint32(_ value: Int32, tag: UInt32) { sint64(Int64(value), tag: tag) }
    package mutating func fixed64(_ value: UInt64, tag: UInt32) {
        guard value != 0 else { return }
        tagged(tag)
        fixed(value)
    }
    package mutating func fixed32(_ value: UInt32, tag: UInt32) {
        guard value != 0 else { return }
        tagged(tag)
        fixed(value)
    }
    package mutating func sfixed64(_ value: Int64, tag: UInt32) { fixed64(UInt64(bitPattern: value), tag: tag) }
    package mutating func sfixed32(_ value: Int32, tag: UInt32) { fixed32(UInt32(bitPattern: value), tag: tag) }
    // Negative zero is not the default: compare bits.
    package mutating func double(_ value: Double, tag: UInt32) { fixed64(value.bitPattern, tag: tag) }
    package mutating func float(_ value: Float, tag: UInt32) { fixed32(value.bitPattern, tag: tag) }
    package mutating func timestamp(_ value: Timestamp, tag: UInt32) { sfixed64(value.nanoseconds, tag: tag) }
    package mutating func enumeration(_ value: some WireEnumeration, tag: UInt32) { int32(value.rawValue, tag: tag) }

    package mutating func bytes(_ value: [UInt8], tag: UInt32) {
        guard !value.isEmpty else { return }
        tagged(tag)
        prefixed(value)
    }
    package mutating func string(_ value: String, tag: UInt32) {
        guard !value.isEmpty else { return }
        tagged(tag)
        prefixed(value)
    }
    package mutating func identifier(_ value: UUIDv7, tag: UInt32) {
        guard value != .unset else { return }
        tagged(tag)
        prefixed(value)
    }
    package mutating func address(_ value: IPAddress, tag: UInt32) {
        guard value != .unset else { return }
        tagged(tag)
        if value.isV4 {
            bytes.append(4)
            fixed(UInt32(truncatingIfNeeded: value.low).byteSwapped)
        } else {
            bytes.append(16)
            fixed(value.high.byteSwapped)
            fixed(value.low.byteSwapped)
        }
    }
    package mutating func message(_ value: (some WireMessage)?, tag: UInt32) {
        guard let value else { return }
        element(value, tag: tag)
    }

    // MARK: Elements of repeated fields

    package mutating func element(_ value: some WireMessage, tag: UInt32) {
        tagged(tag)
        lengthPrefixed { writer in value.encode(to: &writer) }
    }
    package mutating func element(_ value: [UInt8], tag: UInt32) {
        tagged(tag)
        prefixed(value)
    }
    package mutating func element(_ value: String, tag: UInt32) {
        tagged(tag)
        prefixed(value)
    }
    package mutating func element(_ value: UUIDv7, tag: UInt32) {
        tagged(tag)
        if value.isSet { prefixed(value) } else { bytes.append(0) }
    }

    /// Numbers of one field in one length-prefixed run.
    package mutating func packed<Element>(
        _ values: [Element], tag: UInt32, _ write: (inout WireWriter, Element) -> Void
    ) {
        guard !values.isEmpty else { return }
        tagged(tag)
        lengthPrefixed { writer in
            for value in values { write(&writer, value) }
        }
    }
    package mutating func rawVarint(_ value: UInt64) { varint(value) }
    mutating func rawBytes(_ value: [UInt8]) { prefixed(value) }
    package mutating func rawFixed64(_ value: UInt64) { fixed(value) }
    package mutating func rawFixed32(_ value: UInt32) { fixed(value) }

    package static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }
}
