import Core

/// An event as it stands in a spool's segment: length, checksum, then the content.
///
///     u32 length of the content | u32 CRC-32 of the content | content
///     content: 16 bytes id | text schema | text key | text trace | payload      (text: u16 length, UTF-8)
///
/// Numbers are little-endian. The checksum is for what a crash or a disk leaves behind, not against an attacker: who can
/// write the folder can write any event.
struct SpoolRecord: Sendable, Equatable {
    enum Reading: Equatable {
        case record(SpoolRecord, length: Int)
        /// More bytes are needed; at a segment's end: a write that was cut off.
        case incomplete
        case damaged
    }

    static let headLength = 8
    static let longest = 32 << 20

    var id: UUIDv7
    var schema: String
    var key: String
    var trace: String
    var payload: [UInt8]

    /// Returns the length written.
    @discardableResult
    func append(to output: inout [UInt8]) -> Int {
        let start = output.count
        output.append(contentsOf: [UInt8](repeating: 0, count: Self.headLength))
        for half in [id.high, id.low] { Self.append(half, bytes: 8, to: &output) }
        for text in [schema, key, trace] {
            let bytes = text.utf8.prefix(Int(UInt16.max))
            Self.append(UInt64(bytes.count), bytes: 2, to: &output)
            output.append(contentsOf: bytes)
        }
        output.append(contentsOf: payload)
        let content = output[(start + Self.headLength)...]
        let head = UInt64(content.count) | UInt64(Checksum.of(content)) << 32
        for index in 0..<Self.headLength { output[start + index] = UInt8(truncatingIfNeeded: head >> (8 * index)) }
        return output.count - start
    }

    static func read(_ bytes: ArraySlice<UInt8>) -> Reading {
        guard bytes.count >= headLength else { return .incomplete }
        let length = Int(number(bytes, at: 0, bytes: 4))
        guard (22...longest).contains(length) else { return .damaged }
        guard bytes.count >= headLength + length else { return .incomplete }
        let content = bytes.dropFirst(headLength).prefix(length)
        guard number(bytes, at: 4, bytes: 4) == UInt64(Checksum.of(content)), let record = parse(content) else {
            return .damaged
        }
        return .record(record, length: headLength + length)
    }

    private static func parse(_ content: ArraySlice<UInt8>) -> SpoolRecord? {
        let id = UUIDv7(high: number(content, at: 0, bytes: 8), low: number(content, at: 8, bytes: 8))
        var rest = content.dropFirst(16)
        var texts: [String] = []
        for _ in 0..<3 {
            guard rest.count >= 2 else { return nil }
            let length = Int(number(rest, at: 0, bytes: 2))
            guard rest.count >= 2 + length else { return nil }
            texts.append(String(decoding: rest.dropFirst(2).prefix(length), as: UTF8.self))
            rest = rest.dropFirst(2 + length)
        }
        return SpoolRecord(id: id, schema: texts[0], key: texts[1], trace: texts[2], payload: Array(rest))
    }

    private static func append(_ value: UInt64, bytes: Int, to output: inout [UInt8]) {
        for index in 0..<bytes { output.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }

    static func number(_ bytes: ArraySlice<UInt8>, at offset: Int, bytes count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[bytes.startIndex + offset + $1]) << (8 * $1) }
    }
}

/// CRC-32 as in IEEE 802.3.
enum Checksum {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xedb8_8320 ^ (value >> 1) : value >> 1 }
    }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
    }
}
