/// Rules of ours that protoc does not know. Each failure says what to write instead.
struct SchemaValidator {
    let schema: Schema

    func validate() throws(GeneratorFailure) {
        try requireUniqueNames()
        for message in schema.messages { try validate(message) }
        for enumeration in schema.enumerations { try validate(enumeration) }
        for file in schema.files {
            for service in file.services {
                for method in service.methods { try validate(method, at: "\(service.fullName)/\(method.name)") }
            }
        }
    }

    /// Swift sees one flat module.
    private func requireUniqueNames() throws(GeneratorFailure) {
        var owner: [String: String] = [:]
        for fullName in schema.messages.map(\.fullName) + schema.enumerations.map(\.fullName) {
            let name = SwiftNames.type(fullName)
            if let other = owner.updateValue(fullName, forKey: name) {
                throw .refused(fullName, "the name \(name) is taken by \(other): choose another")
            }
        }
    }

    private func validate(_ message: Schema.Message) throws(GeneratorFailure) {
        for field in message.fields {
            let place = "\(message.fullName).\(field.name)"
            let formatted: Schema.FieldType? =
                switch field.rule.format {
                case .plain: nil
                case .timestamp: .sfixed64
                case .uuid, .address, .text, .hex: .bytes
                }
            if let formatted, formatted != field.type {
                throw .refused(place, "format \(field.rule.format) needs the type \(formatted)")
            }
            if field.isRepeated, field.rule.format == .timestamp || field.rule.format == .address {
                throw .refused(place, "\(field.rule.format) cannot repeat: repeat a message that holds one")
            }
            if case .message(let name) = field.type, !field.isRepeated, reaches(name, message.fullName, depth: 0) {
                throw .refused(place, "a message cannot hold itself: make the field repeated")
            }
        }
    }

    /// Whether a value of `start` stores a value of `target` in itself.
    private func reaches(_ start: String, _ target: String, depth: Int) -> Bool {
        guard start != target, depth < 64 else { return true }
        return (schema.message(named: start)?.fields ?? []).contains { field in
            guard case .message(let next) = field.type, !field.isRepeated else { return false }
            return reaches(next, target, depth: depth + 1)
        }
    }

    private func validate(_ enumeration: Schema.Enumeration) throws(GeneratorFailure) {
        let prefix = SwiftNames.prefix(of: enumeration.name)
        guard let first = enumeration.values.first, first.number == 0, first.name == prefix + "UNSPECIFIED" else {
            throw .refused(enumeration.fullName, "its first value must be \(prefix)UNSPECIFIED = 0")
        }
        for value in enumeration.values where !value.name.hasPrefix(prefix) {
            throw .refused("\(enumeration.fullName).\(value.name)", "its name must begin with \(prefix)")
        }
        guard Set(enumeration.values.map(\.number)).count == enumeration.values.count else {
            throw .refused(enumeration.fullName, "two of its values have one number")
        }
    }

    private func validate(_ method: Schema.Method, at place: String) throws(GeneratorFailure) {
        guard let request = schema.message(named: method.request) else {
            throw .refused(place, "its request must be a message of the contracts")
        }
        guard let http = method.http else { return }
        guard http.path.hasPrefix("/v1/"), !http.path.hasSuffix("/") else {
            throw .refused(place, "its path must begin with /v1/ and not end with a slash")
        }
        guard !http.hasBody || http.verb == .post || http.verb == .put else {
            throw .refused(place, "only POST and PUT have a body")
        }
        let parameters = Self.parameters(of: http.path)
        for parameter in parameters where !request.fields.contains(where: { $0.name == parameter && $0.isScalar }) {
            throw .refused(place, "{\(parameter)} of its path is not a scalar field of \(request.name)")
        }
        guard http.hasBody || request.fields.allSatisfy(\.isScalar) else {
            throw .refused(place, "\(request.name) has fields that a query string cannot carry: give it a body")
        }
    }

    static func parameters(of path: String) -> [String] {
        path.split(separator: "/").compactMap { segment in
            segment.hasPrefix("{") && segment.hasSuffix("}") ? String(segment.dropFirst().dropLast()) : nil
        }
    }
}

extension Schema.Field {
    fileprivate var isScalar: Bool {
        if case .message = type { return false }
        return !isRepeated
    }
}
