internal import Core
package import JSON

extension MessageDescriptor {
    /// Writes a message's JSON form: every field, in the contract's order, so that a document's shape never depends on
    /// its values. Unset identifiers, addresses, moments and messages are null; 64-bit numbers are strings, because
    /// JavaScript's numbers lose their last digits; enumerations go by name.
    package func writeJSON(of wireBytes: [UInt8], to writer: inout JSONWriter) throws(WireFailure) {
        try writeJSON(of: wireBytes, to: &writer, depth: 0)
    }

    private func writeJSON(of wireBytes: [UInt8], to writer: inout JSONWriter, depth: Int) throws(WireFailure) {
        guard depth < WireLimits.maximumDepth else { throw .tooDeep }
        let values = try valuesByField(wireBytes)
        writer.beginObject()
        for (field, found) in zip(fields, values) {
            writer.key(field.name)
            if field.isRepeated {
                writer.beginArray()
                for value in found { try write(value, of: field, to: &writer, depth: depth) }
                writer.endArray()
            } else if case .message = field.kind, let merged = Self.merged(found) {
                // Pieces of one message may come apart; behind each other they are one again.
                try write(merged, of: field, to: &writer, depth: depth)
            } else if let value = found.last {
                try write(value, of: field, to: &writer, depth: depth)
            } else {
                try writeUnset(field, to: &writer, depth: depth)
            }
        }
        writer.endObject()
    }

    private static func merged(_ pieces: [WireValue]) -> WireValue? {
        guard pieces.count > 1 else { return pieces.first }
        return .bytes(
            pieces.flatMap { piece -> [UInt8] in
                if case .bytes(let bytes) = piece { bytes } else { [] }
            })
    }

    /// The values on the wire for each field, in the order of `fields`; what no field claims is left out.
    private func valuesByField(_ wireBytes: [UInt8]) throws(WireFailure) -> [[WireValue]] {
        try WireReader.read(wireBytes[...]) { reader throws(WireFailure) in
            var found = [[WireValue]](repeating: [], count: fields.count)
            while true {
                let tag = try reader.nextTag()
                if tag == 0 { return found }
                guard let index = fields.firstIndex(where: { $0.number == tag >> 3 }) else {
                    try reader.skip(tag)
                    continue
                }
                let natural = fields[index].kind.wireType
                if tag & 7 == natural {
                    try reader.countElement()
                    if let value = try reader.value(wireType: natural) { found[index].append(value) }
                } else if tag & 7 == 2, fields[index].isRepeated {
                    try reader.packed { reader throws(WireFailure) in
                        if let value = try reader.value(wireType: natural) { found[index].append(value) }
                    }
                } else {
                    try reader.skip(tag)
                }
            }
        }
    }

    // MARK: One value

    private func write(
        _ value: WireValue, of field: FieldDescriptor, to writer: inout JSONWriter, depth: Int
    ) throws(WireFailure) {
        switch (field.kind, value) {
        case (.message(let type), .bytes(let bytes)):
            try type.descriptor.writeJSON(of: bytes, to: &writer, depth: depth + 1)
        case (.string, .bytes(let bytes)):
            guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidUTF8 }
            writer.string(text)
        case (.bytes, .bytes(let bytes)): try write(bytes, as: field.format, to: &writer)
        case (_, .varint(let bits)): write(bits, of: field, to: &writer)
        case (_, .fixed64(let bits)): write(fixed64: bits, of: field, to: &writer)
        case (.float, .fixed32(let bits)): writer.number(Double(Float(bitPattern: bits)))
        case (.sfixed32, .fixed32(let bits)): writer.integer(Int32(bitPattern: bits))
        case (_, .fixed32(let bits)): writer.integer(bits)
        case (_, .bytes): writer.null()
        }
    }

    private func writeUnset(
        _ field: FieldDescriptor, to writer: inout JSONWriter, depth: Int
    ) throws(WireFailure) {
        switch field.kind.wireType {
        case 0: try write(.varint(0), of: field, to: &writer, depth: depth)
        case 1: try write(.fixed64(0), of: field, to: &writer, depth: depth)
        case 5: try write(.fixed32(0), of: field, to: &writer, depth: depth)
        default:
            if case .message = field.kind {
                writer.null()
            } else {
                try write(.bytes([]), of: field, to: &writer, depth: depth)
            }
        }
    }

    private func write(_ bits: UInt64, of field: FieldDescriptor, to writer: inout JSONWriter) {
        switch field.kind {
        case .bool: writer.bool(bits != 0)
        case .enumeration(let enumeration):
            let number = Int32(truncatingIfNeeded: bits)
            writer.string(enumeration.name(of: number) ?? String(number))
        case .int32: writer.integer(Int32(truncatingIfNeeded: bits))
        case .uint32: writer.integer(UInt32(truncatingIfNeeded: bits))
        case .sint32: writer.integer(Int32(truncatingIfNeeded: unzigzag(UInt64(UInt32(truncatingIfNeeded: bits)))))
        case .sint64: writer.string(String(unzigzag(bits)))
        case .int64: writer.string(String(Int64(bitPattern: bits)))
        default: writer.string(String(bits))
        }
    }

    private func unzigzag(_ bits: UInt64) -> Int64 { Int64(bitPattern: bits >> 1) ^ -Int64(bitPattern: bits & 1) }

    private func write(fixed64 bits: UInt64, of field: FieldDescriptor, to writer: inout JSONWriter) {
        switch field.kind {
        case .double: writer.number(Double(bitPattern: bits))
        case .sfixed64 where field.format == .timestamp:
            let moment = Timestamp(nanoseconds: Int64(bitPattern: bits))
            if moment.isSet { writer.string(moment.rfc3339) } else { writer.null() }
        case .sfixed64: writer.string(String(Int64(bitPattern: bits)))
        default: writer.string(String(bits))
        }
    }

    private func write(
        _ bytes: [UInt8], as format: FieldDescriptor.Format, to writer: inout JSONWriter
    ) throws(WireFailure) {
        switch format {
        case .plain, .timestamp: writer.string(Base64.encode(bytes))
        case .text: writer.string(String(decoding: bytes, as: UTF8.self))
        case .hex: writer.string(Hex.encode(bytes))
        case .uuid where bytes.isEmpty, .address where bytes.isEmpty: writer.null()
        case .uuid:
            guard let identifier = UUIDv7(bytes: bytes) else { throw .malformedIdentifier }
            writer.string(identifier.description)
        case .address:
            guard let address = IPAddress(bytes: bytes) else { throw .malformedAddress }
            writer.string(address.description)
        }
    }
}

extension WireMessage {
    /// Its JSON form, as the public API shows it.
    package func writeJSON(to writer: inout JSONWriter) throws(WireFailure) {
        try Self.descriptor.writeJSON(of: wireBytes(), to: &writer)
    }

    package func json() throws(WireFailure) -> [UInt8] {
        var writer = JSONWriter()
        try writeJSON(to: &writer)
        return writer.bytes
    }
}
