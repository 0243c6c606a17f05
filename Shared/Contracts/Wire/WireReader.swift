package import Core

/// Reads protobuf's encoding from bytes that nobody has checked.
///
/// Total and bounded: it never reads outside its bytes, recurses at most `WireLimits.maximumDepth` deep and hands out at
/// most `WireLimits.maximumElements` repeated elements.
///
/// Safety: the pointers are valid only while the buffer given to `init` is. `read(_:_:)` is the only one who makes a
/// reader, and keeps the buffer alive while it lends the reader out.
@safe package struct WireReader {
    private var cursor: UnsafePointer<UInt8>
    private var end: UnsafePointer<UInt8>
    private var remainingDepth = WireLimits.maximumDepth
    private var remainingElements = WireLimits.maximumElements

    /// Lends `body` a reader of `slice`. The reader must not outlive the call.
    static func read<Result>(
        _ slice: ArraySlice<UInt8>, _ body: (inout WireReader) throws(WireFailure) -> Result
    ) throws(WireFailure) -> Result {
        // `withUnsafeBytes` rethrows any error, not a typed one.
        let outcome: Swift.Result<Result, WireFailure> = unsafe slice.withUnsafeBytes { buffer in
            var reader = unsafe WireReader(buffer)
            do throws(WireFailure) {
                return .success(try body(&reader))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    @unsafe private init(_ buffer: UnsafeRawBufferPointer) {
        let bytes = unsafe buffer.assumingMemoryBound(to: UInt8.self)
        // An empty buffer may have no address; then both pointers are equal and never followed.
        unsafe cursor = bytes.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
        unsafe end = cursor + bytes.count
    }

    private var remaining: Int { unsafe end - cursor }

    // MARK: Tags

    /// The next field's tag (number × 8 + wire type), 0 at the end of the message.
    package mutating func nextTag() throws(WireFailure) -> UInt32 {
        guard unsafe cursor != end else { return 0 }
        let tag = try varint()
        guard tag <= UInt64(UInt32.max), tag >> 3 != 0 else { throw .malformedTag }
        return UInt32(truncatingIfNeeded: tag)
    }

    /// Passes over a field this version does not know.
    package mutating func skip(_ tag: UInt32) throws(WireFailure) {
        switch tag & 7 {
        case 0: _ = try varint()
        case 1: try advance(8)
        case 2: try advance(length())
        case 3: try skipGroup(tag >> 3)
        case 5: try advance(4)
        default: throw .malformedTag
        }
    }

    private mutating func skipGroup(_ number: UInt32) throws(WireFailure) {
        try descend()
        defer { remainingDepth += 1 }
        while true {
            let tag = try nextTag()
            if tag == 0 { throw .truncated }
            if tag & 7 == 4 {
                guard tag >> 3 == number else { throw .malformedTag }
                return
            }
            try skip(tag)
        }
    }

    private mutating func advance(_ count: Int) throws(WireFailure) {
        guard count <= remaining else { throw .truncated }
        unsafe cursor += count
    }

    private mutating func descend() throws(WireFailure) {
        guard remainingDepth > 0 else { throw .tooDeep }
        remainingDepth -= 1
    }

    // MARK: Numbers

    private mutating func varint() throws(WireFailure) -> UInt64 {
        guard unsafe cursor != end else { throw .truncated }
        let first = unsafe cursor.pointee
        if first < 0x80 {
            unsafe cursor += 1
            return UInt64(first)
        }
        return try longVarint()
    }

    private mutating func longVarint() throws(WireFailure) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 70 {
            guard unsafe cursor != end else { throw .truncated }
            let byte = unsafe cursor.pointee
            unsafe cursor += 1
            value |= UInt64(byte & 0x7f) &<< shift
            // Of a tenth byte only one bit fits; the others are dropped, as every implementation does.
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .malformedVarint
    }

    private mutating func length() throws(WireFailure) -> Int {
        let length = try varint()
        guard length <= UInt64(remaining) else { throw .truncated }
        return Int(truncatingIfNeeded: length)
    }

    private mutating func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _: Number.Type
    ) throws(WireFailure) -> Number {
        let size = MemoryLayout<Number>.size
        guard remaining >= size else { throw .truncated }
        defer { unsafe cursor += size }
        return unsafe Number(littleEndian: UnsafeRawPointer(cursor).loadUnaligned(as: Number.self))
    }

    package mutating func uint64() throws(WireFailure) -> UInt64 { try varint() }
    package mutating func int64() throws(WireFailure) -> Int64 { Int64(bitPattern: try varint()) }
    package mutating func uint32() throws(WireFailure) -> UInt32 { UInt32(truncatingIfNeeded: try varint()) }
    package mutating func int32() throws(WireFailure) -> Int32 { Int32(truncatingIfNeeded: try varint()) }
    package mutating func bool() throws(WireFailure) -> Bool { try varint() != 0 }
    package mutating func fixed64() throws(WireFailure) -> UInt64 { try load(UInt64.self) }
    package mutating func fixed32() throws(WireFailure) -> UInt32 { try load(UInt32.self) }
    package mutating func sfixed64() throws(WireFailure) -> Int64 { try load(Int64.self) }
    package mutating func sfixed32() throws(WireFailure) -> Int32 { try load(Int32.self) }
    package mutating func double() throws(WireFailure) -> Double { Double(bitPattern: try load(UInt64.self)) }
    package mutating func float() throws(WireFailure) -> Float { Float(bitPattern: try load(UInt32.self)) }
    package mutating func sint64() throws(WireFailure) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
    package mutating func sint32() throws(WireFailure) -> Int32 {
        let value = UInt32(truncatingIfNeeded: try varint())
        return Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
    }
    package mutating func timestamp() throws(WireFailure) -> Timestamp { Timestamp(nanoseconds: try sfixed64()) }
    package mutating func enumeration<Value: WireEnumeration>() throws(WireFailure) -> Value {
        Value(rawValue: try int32())
    }

    // MARK: Bytes

    package mutating func bytes() throws(WireFailure) -> [UInt8] {
        let count = try length()
        guard count > 0 else { return [] }
        defer { unsafe cursor += count }
        return unsafe [UInt8](UnsafeBufferPointer(start: cursor, count: count))
    }

    package mutating func string() throws(WireFailure) -> String {
        let count = try length()
        guard count > 0 else { return "" }
        let text = unsafe String(validating: UnsafeBufferPointer(start: cursor, count: count), as: UTF8.self)
        guard let text else { throw .invalidUTF8 }
        unsafe cursor += count
        return text
    }

    package mutating func identifier() throws(WireFailure) -> UUIDv7 {
        switch try length() {
        case 0: return .unset
        case 16: return UUIDv7(high: try load(UInt64.self).byteSwapped, low: try load(UInt64.self).byteSwapped)
        default: throw .malformedIdentifier
        }
    }

    package mutating func address() throws(WireFailure) -> IPAddress {
        switch try length() {
        case 0: return .unset
        case 4: return IPAddress(v4: try load(UInt32.self).byteSwapped)
        case 16: return IPAddress(high: try load(UInt64.self).byteSwapped, low: try load(UInt64.self).byteSwapped)
        default: throw .malformedAddress
        }
    }

    // MARK: What holds others

    package mutating func merge<Message: WireMessage>(into message: inout Message) throws(WireFailure) {
        let count = try length()
        try descend()
        let outer = unsafe end
        unsafe end = cursor + count
        try message.merge(from: &self)
        unsafe end = outer
        remainingDepth += 1
    }

    package mutating func merge<Message: WireMessage>(into message: inout Message?) throws(WireFailure) {
        var merged = message ?? Message()
        try merge(into: &merged)
        message = merged
    }

    package mutating func message<Message: WireMessage>() throws(WireFailure) -> Message {
        var message = Message()
        try countElement()
        try merge(into: &message)
        return message
    }

    /// One more element of a repeated field.
    package mutating func countElement() throws(WireFailure) {
        guard remainingElements > 0 else { throw .tooManyElements }
        remainingElements -= 1
    }

    /// Reads the elements of a packed field.
    package mutating func packed(
        _ readElement: (inout WireReader) throws(WireFailure) -> Void
    ) throws(WireFailure) {
        let count = try length()
        let outer = unsafe end
        unsafe end = cursor + count
        while unsafe cursor != end {
            try countElement()
            try readElement(&self)
        }
        unsafe end = outer
    }
}
