/// One value as it lies on the wire, for code that knows a message by its descriptor only.
enum WireValue {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes([UInt8])

    var wireType: UInt32 {
        switch self {
        case .varint: 0
        case .fixed64: 1
        case .bytes: 2
        case .fixed32: 5
        }
    }

    /// What proto3 does not write.
    var isDefault: Bool {
        switch self {
        case .varint(let value), .fixed64(let value): value == 0
        case .fixed32(let value): value == 0
        case .bytes(let value): value.isEmpty
        }
    }
}

extension WireWriter {
    mutating func value(_ value: WireValue, number: UInt32) {
        rawVarint(UInt64(number << 3 | value.wireType))
        switch value {
        case .varint(let value): rawVarint(value)
        case .fixed64(let value): rawFixed64(value)
        case .fixed32(let value): rawFixed32(value)
        case .bytes(let value): rawBytes(value)
        }
    }
}

extension WireReader {
    /// The value behind a tag with this wire type; nil for one that no field of ours has.
    mutating func value(wireType: UInt32) throws(WireFailure) -> WireValue? {
        switch wireType {
        case 0: .varint(try uint64())
        case 1: .fixed64(try fixed64())
        case 2: .bytes(try bytes())
        case 5: .fixed32(try fixed32())
        default: nil
        }
    }
}

extension FieldDescriptor.Kind {
    var wireType: UInt32 {
        switch self {
        case .bool, .int32, .int64, .uint32, .uint64, .sint32, .sint64, .enumeration: 0
        case .fixed64, .sfixed64, .double: 1
        case .fixed32, .sfixed32, .float: 5
        case .string, .bytes, .message: 2
        }
    }
}
