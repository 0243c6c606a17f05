internal import Contracts

/// Where in a message's body its payloads lie, so that a batch is decoded without copying it apart first.
///
/// Reads only the outermost level of the envelope's encoding. Total and bounded: at most `maximumPayloads` ranges.
struct EnvelopeLayout {
    static let maximumPayloads = 65_536
    private static let payloadField: UInt64 = 8

    private(set) var payloads: [Range<Int>] = []
    /// All other fields, as they were: an envelope without payloads.
    private(set) var rest: [UInt8] = []

    init(_ body: [UInt8]) throws(WireFailure) {
        var position = 0
        while position < body.count {
            let start = position
            let tag = try Self.varint(body, &position)
            if tag == Self.payloadField << 3 | 2 {
                let range = try Self.skipPrefixed(body, &position)
                guard payloads.count < Self.maximumPayloads else { throw .tooManyElements }
                payloads.append(range)
            } else {
                try Self.skip(tag, body, &position)
                rest.append(contentsOf: body[start..<position])
            }
        }
    }

    private static func skip(_ tag: UInt64, _ body: [UInt8], _ position: inout Int) throws(WireFailure) {
        switch tag & 7 {
        case 0: _ = try varint(body, &position)
        case 1: position += 8
        case 2: _ = try skipPrefixed(body, &position)
        case 5: position += 4
        default: throw .malformedTag
        }
        guard position <= body.count else { throw .truncated }
    }

    private static func skipPrefixed(_ body: [UInt8], _ position: inout Int) throws(WireFailure) -> Range<Int> {
        let length = try varint(body, &position)
        guard length <= UInt64(body.count - position) else { throw .truncated }
        let start = position
        position += Int(length)
        return start..<position
    }

    private static func varint(_ body: [UInt8], _ position: inout Int) throws(WireFailure) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < body.count else { throw .truncated }
            let byte = body[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw .malformedVarint
    }
}
