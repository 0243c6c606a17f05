internal import CContractSchema
internal import CProtobufC

/// Reads protoc's descriptor set with protobuf-c and refuses what our contracts do not use, with the reason.
struct SchemaReader {
    static func read(_ descriptorSet: [UInt8]) throws(GeneratorFailure) -> Schema {
        let unpacked = unsafe infinite__schema__file_set__unpack(nil, descriptorSet.count, descriptorSet)
        guard let set = unsafe unpacked else { throw .unreadableDescriptors }
        defer { unsafe infinite__schema__file_set__free_unpacked(set, nil) }
        let files: [Schema.SchemaFile?] = try unsafe list(set.pointee.file, set.pointee.n_file) {
            (_, file) throws(GeneratorFailure) in
            // A file that adds options to protobuf describes contracts but is none.
            unsafe file.pointee.n_extension == 0 ? try read(file: file) : nil
        }
        return Schema(files: files.compactMap(\.self).sorted { $0.name < $1.name })
    }

    // MARK: Files

    private static func read(
        file: UnsafeMutablePointer<Infinite__Schema__File>
    ) throws(GeneratorFailure) -> Schema.SchemaFile {
        let name = unsafe text(file.pointee.name)
        guard unsafe text(file.pointee.syntax) == "proto3" else { throw .refused(name, "say syntax = \"proto3\"") }
        let reader = unsafe FileReader(package: text(file.pointee.package), comments: comments(of: file))
        return unsafe Schema.SchemaFile(
            name: name, package: reader.package,
            messages: try list(file.pointee.message_type, file.pointee.n_message_type) {
                index, message throws(GeneratorFailure) in
                try unsafe reader.read(message: message, path: [4, index])
            },
            enumerations: list(file.pointee.enum_type, file.pointee.n_enum_type) { index, enumeration in
                unsafe reader.read(enumeration: enumeration, path: [5, index])
            },
            services: try list(file.pointee.service, file.pointee.n_service) {
                index, service throws(GeneratorFailure) in
                try unsafe reader.read(service: service, path: [6, index])
            })
    }

    /// Comments by the path of what they stand before (see SourceCodeInfo in descriptor.proto).
    private static func comments(of file: UnsafeMutablePointer<Infinite__Schema__File>) -> [[Int32]: String] {
        guard let info = unsafe file.pointee.source_code_info else { return [:] }
        let located = unsafe list(info.pointee.location, info.pointee.n_location) { _, location in
            unsafe (
                Array(UnsafeBufferPointer(start: location.pointee.path, count: location.pointee.n_path)),
                text(location.pointee.leading_comments)
            )
        }
        return Dictionary(located.filter { !$0.1.isEmpty }, uniquingKeysWith: { first, _ in first })
    }

    fileprivate static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
        guard let pointer = unsafe pointer else { return "" }
        return unsafe String(cString: pointer)
    }

    /// What `transform` makes of each element of a C array of pointers, given its index.
    fileprivate static func list<Element, Result, Failure>(
        _ start: UnsafeMutablePointer<UnsafeMutablePointer<Element>?>?, _ count: Int,
        _ transform: (Int32, UnsafeMutablePointer<Element>) throws(Failure) -> Result
    ) throws(Failure) -> [Result] {
        var results: [Result] = []
        guard let start = unsafe start else { return results }
        for index in 0..<count {
            if let element = unsafe start[index] { results.append(try unsafe transform(Int32(index), element)) }
        }
        return results
    }
}

/// Reads the contents of one file.
private struct FileReader {
    let package: String
    let comments: [[Int32]: String]

    private func fullName(_ name: String) -> String { "\(package).\(name)" }

    func read(
        message: UnsafeMutablePointer<Infinite__Schema__Message>, path: [Int32]
    ) throws(GeneratorFailure) -> Schema.Message {
        let name = unsafe SchemaReader.text(message.pointee.name)
        guard unsafe message.pointee.n_nested_type == 0, unsafe message.pointee.n_enum_type == 0 else {
            throw .refused(fullName(name), "messages, enumerations and maps inside a message are not used here")
        }
        let fields = try unsafe SchemaReader.list(message.pointee.field, message.pointee.n_field) {
            index, field throws(GeneratorFailure) in
            try unsafe read(field: field, of: name, path: path + [2, index])
        }
        return Schema.Message(name: name, fullName: fullName(name), comment: comments[path] ?? "", fields: fields)
    }

    private func read(
        field: UnsafeMutablePointer<Infinite__Schema__Field>, of message: String, path: [Int32]
    ) throws(GeneratorFailure) -> Schema.Field {
        let name = unsafe SchemaReader.text(field.pointee.name)
        let place = "\(fullName(message)).\(name)"
        guard unsafe field.pointee.has_oneof_index == 0 else {
            throw .refused(place, "oneof and optional are not used here: say which it is with an enumeration")
        }
        let typeName = unsafe String(SchemaReader.text(field.pointee.type_name).dropFirst())
        guard let type = unsafe Schema.FieldType(number: field.pointee.type, name: typeName) else {
            throw .refused(place, "its type is not one of proto3")
        }
        return unsafe Schema.Field(
            name: name, number: UInt32(field.pointee.number), comment: comments[path] ?? "", type: type,
            isRepeated: field.pointee.label == 3, rule: try rule(of: field, at: place))
    }

    private func rule(
        of field: UnsafeMutablePointer<Infinite__Schema__Field>, at place: String
    ) throws(GeneratorFailure) -> Schema.Rule {
        guard let options = unsafe field.pointee.options, let rule = unsafe options.pointee.rule else {
            return Schema.Rule()
        }
        guard let format = unsafe Schema.Format(rawValue: rule.pointee.format),
            let sensitivity = unsafe Schema.Sensitivity(rawValue: rule.pointee.sensitivity)
        else { throw .refused(place, "the generator does not know its format or sensitivity") }
        let (minimum, maximum) = unsafe (rule.pointee.minimum, rule.pointee.maximum)
        let (shortest, longest) = unsafe (rule.pointee.minimum_length, rule.pointee.maximum_length)
        guard minimum <= maximum, longest == 0 || shortest <= longest else {
            throw .refused(place, "its minimum is above its maximum")
        }
        return unsafe Schema.Rule(
            format: format, sensitivity: sensitivity, isRequired: rule.pointee.required != 0,
            length: longest > 0 ? shortest...longest : nil, range: minimum < maximum ? minimum...maximum : nil)
    }

    func read(
        enumeration: UnsafeMutablePointer<Infinite__Schema__Enumeration>, path: [Int32]
    ) -> Schema.Enumeration {
        let name = unsafe SchemaReader.text(enumeration.pointee.name)
        let values = unsafe SchemaReader.list(enumeration.pointee.value, enumeration.pointee.n_value) { index, value in
            unsafe Schema.Enumeration.Value(
                name: SchemaReader.text(value.pointee.name), number: value.pointee.number,
                comment: comments[path + [2, index]] ?? "")
        }
        return Schema.Enumeration(
            name: name, fullName: fullName(name), comment: comments[path] ?? "", values: values)
    }

    func read(
        service: UnsafeMutablePointer<Infinite__Schema__Service>, path: [Int32]
    ) throws(GeneratorFailure) -> Schema.Service {
        let name = unsafe SchemaReader.text(service.pointee.name)
        let methods = try unsafe SchemaReader.list(service.pointee.method, service.pointee.n_method) {
            index, method throws(GeneratorFailure) in
            try unsafe read(method: method, of: name, path: path + [2, index])
        }
        return Schema.Service(
            name: name, fullName: fullName(name), comment: comments[path] ?? "", methods: methods)
    }

    private func read(
        method: UnsafeMutablePointer<Infinite__Schema__Method>, of service: String, path: [Int32]
    ) throws(GeneratorFailure) -> Schema.Method {
        let name = unsafe SchemaReader.text(method.pointee.name)
        let place = "\(fullName(service))/\(name)"
        guard unsafe method.pointee.client_streaming == 0, unsafe method.pointee.server_streaming == 0 else {
            throw .refused(place, "streaming RPCs are not carried by the bus: publish events instead")
        }
        return unsafe Schema.Method(
            name: name, comment: comments[path] ?? "",
            request: String(SchemaReader.text(method.pointee.input_type).dropFirst()),
            response: String(SchemaReader.text(method.pointee.output_type).dropFirst()),
            http: try binding(of: method, at: place))
    }

    private func binding(
        of method: UnsafeMutablePointer<Infinite__Schema__Method>, at place: String
    ) throws(GeneratorFailure) -> Schema.Binding? {
        guard let options = unsafe method.pointee.options, let rule = unsafe options.pointee.http else { return nil }
        guard let verb = unsafe Schema.Verb(rawValue: rule.pointee.verb),
            let access = unsafe Schema.Access(rawValue: rule.pointee.access)
        else { throw .refused(place, "its http option names no verb or no access") }
        return unsafe Schema.Binding(
            verb: verb, path: SchemaReader.text(rule.pointee.path), hasBody: rule.pointee.body != 0, access: access)
    }
}

extension Schema.FieldType {
    /// From FieldDescriptorProto.Type.
    fileprivate init?(number: Int32, name: String) {
        let scalars: [Int32: Schema.FieldType] = [
            1: .double, 2: .float, 3: .int64, 4: .uint64, 5: .int32, 6: .fixed64, 7: .fixed32, 8: .bool, 9: .string,
            12: .bytes, 13: .uint32, 15: .sfixed32, 16: .sfixed64, 17: .sint32, 18: .sint64,
        ]
        switch number {
        case 11: self = .message(name)
        case 14: self = .enumeration(name)
        default:
            guard let scalar = scalars[number] else { return nil }
            self = scalar
        }
    }
}
