internal import Core
package import JSON

extension MessageDescriptor {
    /// Encodes a JSON object as this message. Strict: a field that the message does not have, a value of another type or
    /// outside its bounds is refused, all problems at once. `null` is the same as leaving a field out.
    package func wireBytes(from json: JSONValue) throws(JSONMismatch) -> [UInt8] {
        var encoder = JSONEncoder()
        var writer = WireWriter()
        encoder.encode(json, as: self, to: &writer, path: "")
        guard encoder.mismatch.problems.isEmpty else { throw encoder.mismatch }
        return writer.bytes
    }
}

extension WireMessage {
    /// From a JSON document in the form that `MessageDescriptor` describes.
    package init(json: JSONValue) throws(JSONMismatch) {
        let bytes = try Self.descriptor.wireBytes(from: json)
        do {
            try self.init(wireBytes: bytes)
        } catch {
            var mismatch = JSONMismatch()
            mismatch.add("", "cannot be encoded: \(error)")
            throw mismatch
        }
    }
}

/// Walks a JSON document beside a descriptor. Depth is bounded by the document's, which the JSON parser bounds.
private struct JSONEncoder {
    var mismatch = JSONMismatch()

    mutating func encode(
        _ json: JSONValue, as descriptor: MessageDescriptor, to writer: inout WireWriter, path: String
    ) {
        guard let object = json.objectValue else {
            mismatch.add(path, "must be an object, not \(json.typeName)")
            return
        }
        for key in object.keys where descriptor.field(named: key) == nil {
            let known = descriptor.fields.map(\.name).joined(separator: ", ")
            mismatch.add(join(path, shortened(key)), "is not a known field here; known are: \(known)")
        }
        for field in descriptor.fields {
            encode(object[field.name] ?? .null, as: field, to: &writer, path: join(path, field.name))
        }
    }

    private mutating func encode(
        _ json: JSONValue, as field: FieldDescriptor, to writer: inout WireWriter, path: String
    ) {
        if json.isNull {
            if field.isRequired { mismatch.add(path, "is required") }
        } else if field.isRepeated {
            encodeElements(of: json, as: field, to: &writer, path: path)
        } else if let value = value(json, of: field, path: path) {
            let mustBeWritten = field.kind.isMessage
            if value.isDefault, field.isRequired, !mustBeWritten { mismatch.add(path, "must not be empty") }
            if mustBeWritten || !value.isDefault { writer.value(value, number: field.number) }
        }
    }

    private mutating func encodeElements(
        of json: JSONValue, as field: FieldDescriptor, to writer: inout WireWriter, path: String
    ) {
        guard let elements = json.arrayValue else {
            mismatch.add(path, "must be an array, not \(json.typeName)")
            return
        }
        if field.isRequired, elements.isEmpty { mismatch.add(path, "must not be empty") }
        if let length = field.length, !length.contains(elements.count) {
            mismatch.add(path, "must have \(length.inWords("elements")), not \(elements.count)")
        }
        for (index, element) in elements.enumerated() {
            if let value = value(element, of: field, path: "\(path)[\(index)]") {
                writer.value(value, number: field.number)
            }
        }
    }

    // MARK: One value

    private mutating func value(_ json: JSONValue, of field: FieldDescriptor, path: String) -> WireValue? {
        switch field.kind {
        case .message(let type):
            var nested = WireWriter()
            encode(json, as: type.descriptor, to: &nested, path: path)
            return .bytes(nested.bytes)
        case .bool:
            guard let value = json.boolValue else { return refuse(json, path, "must be true or false") }
            return .varint(value ? 1 : 0)
        case .double, .float: return number(json, of: field, path: path)
        case .string: return string(json, of: field, path: path)
        case .bytes: return bytes(json, of: field, path: path)
        case .enumeration(let enumeration): return enumerationValue(json, of: enumeration, path: path)
        case .sfixed64 where field.format == .timestamp:
            guard let text = json.stringValue, let moment = Timestamp(rfc3339: text) else {
                return refuse(json, path, "must be a moment as RFC 3339 writes it, like 2026-01-31T12:00:00Z")
            }
            return .fixed64(UInt64(bitPattern: moment.nanoseconds))
        case .uint64, .fixed64: return unsigned(json, of: field, path: path)
        case .int64, .sint64, .sfixed64: return signed(json, in: Int64.min...Int64.max, of: field, path: path)
        case .int32, .sint32, .sfixed32:
            return signed(json, in: Int64(Int32.min)...Int64(Int32.max), of: field, path: path)
        case .uint32, .fixed32: return signed(json, in: 0...Int64(UInt32.max), of: field, path: path)
        }
    }

    private mutating func refuse(_ json: JSONValue, _ path: String, _ message: String) -> WireValue? {
        mismatch.add(path, json.stringValue == nil ? "\(message), not \(json.typeName)" : message)
        return nil
    }

    private mutating func refuseNumber(
        _ json: JSONValue, _ path: String, _ adjective: String, from lower: some Numeric, to upper: some Numeric
    ) -> WireValue? {
        let message = "must be a \(adjective)number between \(lower) and \(upper)"
        guard json.numberValue == nil else {
            mismatch.add(path, message)
            return nil
        }
        return refuse(json, path, message)
    }

    private mutating func number(_ json: JSONValue, of field: FieldDescriptor, path: String) -> WireValue? {
        guard let value = json.numberValue ?? json.stringValue.flatMap(Double.init), value.isFinite else {
            return refuse(json, path, "must be a number")
        }
        if let range = field.range, value < Double(range.lowerBound) || value > Double(range.upperBound) {
            return refuseNumber(json, path, "", from: range.lowerBound, to: range.upperBound)
        }
        if case .float = field.kind { return .fixed32(Float(value).bitPattern) }
        return .fixed64(value.bitPattern)
    }

    /// A number may come as a string, because JavaScript's numbers lose the last digits of large ones.
    private mutating func signed(
        _ json: JSONValue, in limits: ClosedRange<Int64>, of field: FieldDescriptor, path: String
    ) -> WireValue? {
        let allowed = (field.range ?? limits).clamped(to: limits)
        guard let value = json.integerValue ?? json.stringValue.flatMap({ Int64($0) }), allowed.contains(value) else {
            return refuseNumber(json, path, "whole ", from: allowed.lowerBound, to: allowed.upperBound)
        }
        switch field.kind {
        case .sint32, .sint64: return .varint(WireWriter.zigzag(value))
        case .sfixed32, .fixed32: return .fixed32(UInt32(truncatingIfNeeded: value))
        case .sfixed64: return .fixed64(UInt64(bitPattern: value))
        default: return .varint(UInt64(bitPattern: value))
        }
    }

    private mutating func unsigned(_ json: JSONValue, of field: FieldDescriptor, path: String) -> WireValue? {
        let number = json.integerValue.flatMap { UInt64(exactly: $0) } ?? json.stringValue.flatMap { UInt64($0) }
        let allowed =
            field.range.map { UInt64(clamping: $0.lowerBound)...UInt64(clamping: $0.upperBound) } ?? 0 ... .max
        guard let value = number, allowed.contains(value) else {
            return refuseNumber(json, path, "whole ", from: allowed.lowerBound, to: allowed.upperBound)
        }
        if case .fixed64 = field.kind { return .fixed64(value) }
        return .varint(value)
    }

    private mutating func enumerationValue(
        _ json: JSONValue, of enumeration: EnumerationDescriptor, path: String
    ) -> WireValue? {
        guard let number = json.stringValue.flatMap(enumeration.number(of:)) else {
            let names = enumeration.values.filter { $0.number != 0 }.map(\.name).joined(separator: ", ")
            return refuse(json, path, "must be one of: \(names)")
        }
        return .varint(UInt64(bitPattern: Int64(number)))
    }

    private mutating func string(_ json: JSONValue, of field: FieldDescriptor, path: String) -> WireValue? {
        guard let text = json.stringValue else { return refuse(json, path, "must be a string") }
        return checkedLength(Array(text.utf8), of: field, path: path)
    }

    private mutating func bytes(_ json: JSONValue, of field: FieldDescriptor, path: String) -> WireValue? {
        guard let text = json.stringValue else { return refuse(json, path, "must be a string") }
        guard !text.isEmpty else { return .bytes([]) }
        let (bytes, form): ([UInt8]?, String) =
            switch field.format {
            case .uuid: (UUIDv7(text)?.bytes, "a UUID")
            case .address: (IPAddress(text)?.bytes, "an IP address")
            case .hex: (Hex.decode(text), "hexadecimal")
            case .text: (Array(text.utf8), "text")
            case .plain, .timestamp: (Base64.decode(text), "base64")
            }
        guard let bytes else { return refuse(json, path, "must be \(form)") }
        return checkedLength(bytes, of: field, path: path)
    }

    private mutating func checkedLength(_ bytes: [UInt8], of field: FieldDescriptor, path: String) -> WireValue {
        if !field.isRepeated, let length = field.length, !length.contains(bytes.count) {
            mismatch.add(path, "must have \(length.inWords("bytes")), not \(bytes.count)")
        }
        return .bytes(bytes)
    }

    // MARK: Paths

    private func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// A key is the sender's text: what is quoted back to him is bounded.
    private func shortened(_ key: String) -> String { String(key.prefix(64)) }
}

extension FieldDescriptor.Kind {
    fileprivate var isMessage: Bool {
        if case .message = self { true } else { false }
    }
}

extension ClosedRange<Int> {
    fileprivate func inWords(_ unit: String) -> String {
        lowerBound == 0 ? "at most \(upperBound) \(unit)" : "\(lowerBound) to \(upperBound) \(unit)"
    }
}
