package import Core

/// Appends protobuf's encoding to bytes. A field with its default value is not written, as proto3 has it; elements of
/// repeated fields always are.
///
/// Safety: `start` points to `capacity` bytes that only this value owns and frees; `count` of them are written. Every
/// write first makes room (`reserve`). An array instead would ask on every byte whether it is shared, which was half of
/// an event's cost.
@safe package struct WireWriter: ~Copyable {
    private var start: UnsafeMutablePointer<UInt8>
    private var count = 0
    private var capacity: Int

    package init(capacity: Int = 512) {
        self.capacity = max(16, capacity)
        unsafe start = .allocate(capacity: self.capacity)
    }

    deinit { unsafe start.deallocate() }

    /// What was written.
    package var bytes: [UInt8] { unsafe [UInt8](UnsafeBufferPointer(start: start, count: count)) }

    package var byteCount: Int { count }

    /// Forgets what was written and keeps the memory.
    package mutating func removeAll() { count = 0 }

    // MARK: Primitives

    /// Makes room for `extra` bytes more.
    private mutating func reserve(_ extra: Int) {
        if capacity - count < extra { grow(by: extra) }
    }

    private mutating func grow(by extra: Int) {
        capacity = max(capacity * 2, count + extra)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe larger.update(from: start, count: count)
        unsafe start.deallocate()
        unsafe start = larger
    }

    /// Nearly every one is a byte, and an event has sixty of them.
    @inline(__always)
    private mutating func varint(_ value: UInt64) {
        guard value < 0x80, count < capacity else { return longVarint(value) }
        unsafe start[count] = UInt8(truncatingIfNeeded: value)
        count += 1
    }

    /// Ten bytes at most.
    private mutating func longVarint(_ value: UInt64) {
        reserve(10)
        var rest = value
        while rest >= 0x80 {
            unsafe start[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count += 1
            rest >>= 7
        }
        unsafe start[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
    }

    private mutating func fixed<Number: FixedWidthInteger & BitwiseCopyable>(_ value: Number) {
        reserve(MemoryLayout<Number>.size)
        unsafe UnsafeMutableRawPointer(start + count).storeBytes(of: value.littleEndian, as: Number.self)
        count += MemoryLayout<Number>.size
    }

    private mutating func append(_ buffer: UnsafeBufferPointer<UInt8>) {
        guard let source = buffer.baseAddress else { return }
        reserve(buffer.count)
        unsafe (start + count).update(from: source, count: buffer.count)
        count += buffer.count
    }

    private mutating func prefixed(_ value: [UInt8]) {
        varint(UInt64(value.count))
        unsafe value.withUnsafeBufferPointer { unsafe append($0) }
    }

    private mutating func prefixed(_ value: String) {
        var text = value
        text.withUTF8 { utf8 in
            varint(UInt64(utf8.count))
            unsafe append(utf8)
        }
    }

    private mutating func prefixed(_ value: UUIDv7) {
        varint(16)
        fixed(value.high.byteSwapped)
        fixed(value.low.byteSwapped)
    }

    /// Writes what `body` appends behind its length. One byte is kept free for it; in the rare case that the length
    /// needs more, the content moves.
    private mutating func lengthPrefixed(_ body: (inout WireWriter) -> Void) {
        reserve(1)
        let prefix = count
        count += 1
        body(&self)
        let length = count - prefix - 1
        guard length >= 0x80 else {
            unsafe start[prefix] = UInt8(length)
            return
        }
        let more = (UInt64.bitWidth - length.leadingZeroBitCount + 6) / 7 - 1
        reserve(more)
        unsafe (start + prefix + 1 + more).update(from: start + prefix + 1, count: length)
        // Behind `prefix` lie more than the ten bytes that `varint` makes sure of, so it does not grow.
        count = prefix
        varint(UInt64(length))
        count += length
    }

    /// Of one byte or two, nearly always.
    private mutating func tagged(_ tag: UInt32) {
        guard tag >= 0x80, tag < 0x4000, capacity - count >= 2 else { return varint(UInt64(tag)) }
        unsafe start[count] = UInt8(truncatingIfNeeded: tag) | 0x80
        unsafe start[count + 1] = UInt8(truncatingIfNeeded: tag >> 7)
        count += 2
    }

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
        element(value, tag: tag)
    }
    package mutating func bytes(_ value: ArraySlice<UInt8>, tag: UInt32) {
        guard !value.isEmpty else { return }
        tagged(tag)
        varint(UInt64(value.count))
        unsafe value.withUnsafeBufferPointer { unsafe append($0) }
    }
    package mutating func string(_ value: String, tag: UInt32) {
        guard !value.isEmpty else { return }
        element(value, tag: tag)
    }
    package mutating func identifier(_ value: UUIDv7, tag: UInt32) {
        guard value.isSet else { return }
        tagged(tag)
        prefixed(value)
    }
    package mutating func address(_ value: IPAddress, tag: UInt32) {
        guard value.isSet else { return }
        tagged(tag)
        if value.isV4 {
            varint(4)
            fixed(UInt32(truncatingIfNeeded: value.low).byteSwapped)
        } else {
            varint(16)
            fixed(value.high.byteSwapped)
            fixed(value.low.byteSwapped)
        }
    }
    package mutating func message(_ value: (some WireMessage)?, tag: UInt32) {
        guard let value else { return }
        element(value, tag: tag)
    }

    // MARK: Elements of repeated fields

    package mutating func element(_ value: some WireEncodable, tag: UInt32) {
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
        if value.isSet { prefixed(value) } else { varint(0) }
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
    package mutating func rawFixed64(_ value: UInt64) { fixed(value) }
    package mutating func rawFixed32(_ value: UInt32) { fixed(value) }
    mutating func rawBytes(_ value: [UInt8]) { prefixed(value) }

    package static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }
}
