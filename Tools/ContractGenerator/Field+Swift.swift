/// The Swift of one field: its property, how it is written, how it is read, how it is described.
extension Schema.Field {
    var swiftName: String { SwiftNames.property(name) }

    var swiftType: String {
        if isRepeated { return "[\(elementType)]" }
        if case .message = type { return elementType + "?" }
        return elementType
    }

    private var elementType: String {
        switch (rule.format, type) {
        case (.uuid, _): "UUIDv7"
        case (.timestamp, _): "Timestamp"
        case (.address, _): "IPAddress"
        case (_, .double): "Double"
        case (_, .float): "Float"
        case (_, .int64), (_, .sint64), (_, .sfixed64): "Int64"
        case (_, .uint64), (_, .fixed64): "UInt64"
        case (_, .int32), (_, .sint32), (_, .sfixed32): "Int32"
        case (_, .uint32), (_, .fixed32): "UInt32"
        case (_, .bool): "Bool"
        case (_, .string): "String"
        case (_, .bytes): "[UInt8]"
        case (_, .message(let name)), (_, .enumeration(let name)): SwiftNames.type(name)
        }
    }

    var defaultValue: String {
        if isRepeated { return "[]" }
        switch (rule.format, type) {
        case (.uuid, _), (.timestamp, _), (.address, _): return ".unset"
        case (_, .bool): return "false"
        case (_, .string): return "\"\""
        case (_, .bytes): return "[]"
        case (_, .message): return "nil"
        case (_, .enumeration): return ".unspecified"
        default: return "0"
        }
    }

    // MARK: The wire

    /// What `WireReader` and `WireWriter` call this type.
    private var primitive: String {
        switch (rule.format, type) {
        case (.uuid, _): "identifier"
        case (.timestamp, _): "timestamp"
        case (.address, _): "address"
        case (_, .message): "message"
        case (_, .enumeration): "enumeration"
        default: "\(type)"
        }
    }

    private var wireType: UInt32 {
        switch type {
        case .double, .fixed64, .sfixed64: 1
        case .float, .fixed32, .sfixed32: 5
        case .string, .bytes, .message: 2
        case .int64, .uint64, .int32, .bool, .uint32, .sint32, .sint64, .enumeration: 0
        }
    }

    private var tag: UInt32 { number << 3 | wireType }
    private var packedTag: UInt32 { number << 3 | 2 }
    private var isPacked: Bool { isRepeated && wireType != 2 }

    var encodeLines: [String] {
        if isPacked {
            return ["writer.packed(\(swiftName), tag: \(packedTag)) { writer, value in", "    writer.\(rawWrite)", "}"]
        }
        if isRepeated {
            return ["for value in \(swiftName) { writer.element(value, tag: \(tag)) }"]
        }
        return ["writer.\(primitive)(\(swiftName), tag: \(tag))"]
    }

    /// One element of a packed field, without a tag.
    private var rawWrite: String {
        switch type {
        case .double: "rawFixed64(value.bitPattern)"
        case .float: "rawFixed32(value.bitPattern)"
        case .fixed64: "rawFixed64(value)"
        case .fixed32: "rawFixed32(value)"
        case .sfixed64: "rawFixed64(UInt64(bitPattern: value))"
        case .sfixed32: "rawFixed32(UInt32(bitPattern: value))"
        case .sint64: "rawVarint(WireWriter.zigzag(value))"
        case .sint32: "rawVarint(WireWriter.zigzag(Int64(value)))"
        case .int64: "rawVarint(UInt64(bitPattern: value))"
        case .int32: "rawVarint(UInt64(bitPattern: Int64(value)))"
        case .bool: "rawVarint(value ? 1 : 0)"
        case .uint32: "rawVarint(UInt64(value))"
        case .enumeration: "rawVarint(UInt64(bitPattern: Int64(value.rawValue)))"
        case .uint64, .string, .bytes, .message: "rawVarint(value)"
        }
    }

    /// A repeated number may come packed or one by one; both are read.
    var mergeBranches: [(tag: UInt32, lines: [String])] {
        if isPacked {
            let append = "\(swiftName).append(try reader.\(primitive)())"
            return [
                (packedTag, ["try reader.packed { reader throws(WireFailure) in", "    \(append)", "}"]),
                (tag, ["try reader.countElement()", append]),
            ]
        }
        if case .message = type {
            let line =
                isRepeated
                ? "\(swiftName).append(try reader.message())" : "try reader.merge(into: &\(swiftName))"
            return [(tag, [line])]
        }
        if isRepeated {
            return [(tag, ["try reader.countElement()", "\(swiftName).append(try reader.\(primitive)())"])]
        }
        return [(tag, ["\(swiftName) = try reader.\(primitive)()"])]
    }

    // MARK: The descriptor

    var descriptor: String {
        var arguments = ["\(number)", "\"\(name)\"", kind]
        if isRepeated { arguments.append("isRepeated: true") }
        if rule.format != .plain { arguments.append("format: .\(rule.format)") }
        if rule.sensitivity != .open { arguments.append("sensitivity: .\(rule.sensitivity)") }
        if rule.isRequired { arguments.append("isRequired: true") }
        if let length = rule.length { arguments.append("length: \(length.lowerBound)...\(length.upperBound)") }
        if let range = rule.range { arguments.append("range: \(range.lowerBound)...\(range.upperBound)") }
        return "FieldDescriptor(\(arguments.joined(separator: ", ")))"
    }

    private var kind: String {
        switch type {
        case .message(let name): ".message(\(SwiftNames.type(name)).self)"
        case .enumeration(let name): ".enumeration(\(SwiftNames.type(name)).descriptor)"
        default: ".\(type)"
        }
    }
}
