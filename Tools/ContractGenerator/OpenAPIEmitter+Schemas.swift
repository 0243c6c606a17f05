internal import JSON

/// What messages and their fields look like in JSON.
extension OpenAPIEmitter {
    /// Where a value stands, which decides how it may be written.
    enum Place { case query, body, answer }

    var schemas: JSONValue {
        var schemas = JSONObject()
        for message in schema.messages where sent.contains(message.fullName) {
            schemas[name(of: message.fullName, in: .body)] = object(of: message.fields, comment: message.comment)
        }
        for message in schema.messages where answered.contains(message.fullName) {
            schemas[name(of: message.fullName, in: .answer)] = answer(of: message)
        }
        let used = schema.messages.filter { sent.contains($0.fullName) || answered.contains($0.fullName) }
        let asked = schema.files.flatMap(\.services).flatMap(\.methods).filter { $0.http != nil }
            .compactMap { schema.message(named: $0.request) }
        for enumeration in schema.enumerations
        where (used + asked).contains(where: { $0.fields.contains { $0.type == .enumeration(enumeration.fullName) } }) {
            schemas[SwiftNames.type(enumeration.name)] = choice(of: enumeration)
        }
        schemas["Problem"] = Self.problem
        return .object(schemas)
    }

    /// One message may be sent and be answered, and an answer promises more: then what is sent has a name of its own.
    private func name(of fullName: String, in place: Place) -> String {
        let name = SwiftNames.type(fullName)
        return place == .body && answered.contains(fullName) ? name + "Input" : name
    }

    func reference(to fullName: String, in place: Place) -> JSONValue {
        ["$ref": .string("#/components/schemas/\(name(of: fullName, in: place))")]
    }

    func object(of fields: [Schema.Field], comment: String = "") -> JSONValue {
        var object = described(comment)
        object["type"] = "object"
        object["properties"] = properties(fields, in: .body)
        let required = fields.filter(\.rule.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { object["required"] = .array(required) }
        object["additionalProperties"] = false
        return .object(object)
    }

    private func answer(of message: Schema.Message) -> JSONValue {
        var object = described(message.comment)
        object["type"] = "object"
        object["properties"] = properties(message.fields, in: .answer)
        if !message.fields.isEmpty { object["required"] = .array(message.fields.map { .string($0.name) }) }
        return .object(object)
    }

    private func properties(_ fields: [Schema.Field], in place: Place) -> JSONValue {
        var properties = JSONObject()
        for field in fields {
            guard var schema = value(of: field, in: place).objectValue else { continue }
            if !field.comment.isEmpty { schema["description"] = .string(Self.text(field.comment)) }
            properties[field.name] = .object(schema)
        }
        return .object(properties)
    }

    private func choice(of enumeration: Schema.Enumeration) -> JSONValue {
        var choice = described(enumeration.comment)
        choice["type"] = "string"
        choice["enum"] = .array(
            enumeration.values.map { .string(SwiftNames.jsonName(of: $0.name, in: enumeration.name)) })
        return .object(choice)
    }

    func described(_ comment: String) -> JSONObject {
        var object = JSONObject()
        if !comment.isEmpty { object["description"] = .string(Self.text(comment)) }
        return object
    }

    func value(of field: Schema.Field, in place: Place) -> JSONValue {
        guard field.isRepeated else { return element(of: field, in: place) }
        var list = JSONObject()
        list["type"] = "array"
        list["items"] = element(of: field, in: place == .answer ? .answer : .body)
        if let length = field.rule.length {
            if length.lowerBound > 0 { list["minItems"] = .integer(Int64(length.lowerBound)) }
            list["maxItems"] = .integer(Int64(length.upperBound))
        }
        return .object(list)
    }

    private func element(of field: Schema.Field, in place: Place) -> JSONValue {
        switch field.type {
        case .message(let name):
            let reference = reference(to: name, in: place)
            // A message that was not given is null; an element of a list is always there.
            return place == .answer && !field.isRepeated ? ["anyOf": [reference, ["type": "null"]]] : reference
        case .enumeration(let name):
            return ["$ref": .string("#/components/schemas/\(SwiftNames.type(name))")]
        case .bool: return ["type": "boolean"]
        case .double: return number(field, "double")
        case .float: return number(field, "float")
        case .int32, .sint32, .sfixed32: return whole(field, Int64(Int32.min)...Int64(Int32.max))
        case .uint32, .fixed32: return whole(field, 0...Int64(UInt32.max))
        case .sfixed64 where field.rule.format == .timestamp: return text("date-time", isNullable: place == .answer)
        case .int64, .sint64, .sfixed64: return long("int64", "^-?[0-9]{1,19}$", in: place)
        case .uint64, .fixed64: return long("uint64", "^[0-9]{1,20}$", in: place)
        case .string: return bounded("string", field)
        case .bytes: return bytes(field, in: place)
        }
    }

    private func number(_ field: Schema.Field, _ format: String) -> JSONValue {
        var number = JSONObject()
        number["type"] = "number"
        number["format"] = .string(format)
        if let range = field.rule.range {
            number["minimum"] = .integer(range.lowerBound)
            number["maximum"] = .integer(range.upperBound)
        }
        return .object(number)
    }

    private func whole(_ field: Schema.Field, _ limits: ClosedRange<Int64>) -> JSONValue {
        let range = (field.rule.range ?? limits).clamped(to: limits)
        return ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
    }

    /// JavaScript's numbers lose the last digits of large ones, so answers carry strings; requests may carry either.
    private func long(_ format: String, _ pattern: String, in place: Place) -> JSONValue {
        let types: JSONValue = place == .body ? ["string", "integer"] : "string"
        return ["type": types, "format": .string(format), "pattern": .string(pattern)]
    }

    private func text(_ format: String, isNullable: Bool) -> JSONValue {
        ["type": isNullable ? ["string", "null"] : "string", "format": .string(format)]
    }

    private func bytes(_ field: Schema.Field, in place: Place) -> JSONValue {
        switch field.rule.format {
        case .uuid: return text("uuid", isNullable: place == .answer)
        case .address: return text("ip-address", isNullable: place == .answer)
        case .hex: return ["type": "string", "pattern": "^([0-9a-f]{2})*$"]
        case .text: return bounded("string", field)
        case .plain, .timestamp: return ["type": "string", "contentEncoding": "base64"]
        }
    }

    /// Our bounds count bytes, the document's count characters, of which there are never more.
    private func bounded(_ type: String, _ field: Schema.Field) -> JSONValue {
        var value = JSONObject()
        value["type"] = .string(type)
        if field.rule.sensitivity == .secret { value["format"] = "password" }
        if let length = field.rule.length, !field.isRepeated { value["maxLength"] = .integer(Int64(length.upperBound)) }
        return .object(value)
    }

    /// A comment's lines as one text.
    static func text(_ comment: String) -> String {
        comment.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
    }
}
