internal import CYAML

/// libyaml as a source of events; `YAMLTreeBuilder` decides what they mean.
extension YAMLNode {
    /// `file` is only the name that locations carry. An empty document is an empty mapping.
    package static func parse(
        _ bytes: [UInt8], file: String, limits: YAMLLimits = .standard
    ) throws(YAMLFailure) -> YAMLNode {
        let start = SourceLocation(file: file, line: 1, column: 1)
        guard bytes.count <= limits.bytes else {
            let reason = "the file has \(bytes.count) bytes; at most \(limits.bytes) are read"
            throw YAMLFailure(location: start, reason: reason)
        }
        let parser = LibYAML(bytes, file: file)
        var builder = YAMLTreeBuilder(limits: limits)
        while let (event, location) = try parser.next() { try builder.take(event, at: location) }
        guard let root = builder.root, !root.isNull else { return YAMLNode(content: .mapping([]), location: start) }
        return root
    }

    package static func parse(_ text: String, file: String) throws(YAMLFailure) -> YAMLNode {
        try parse(Array(text.utf8), file: file)
    }
}

/// Owns a `yaml_parser_t` and the bytes it reads; both are freed with it.
@safe private final class LibYAML {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let file: String

    init(_ bytes: [UInt8], file: String) {
        self.file = file
        unsafe parser = .allocate(capacity: 1)
        unsafe input = .allocate(capacity: bytes.count)
        _ = unsafe input.initialize(from: bytes)
        let isReady = unsafe yaml_parser_initialize(parser)
        precondition(isReady == 1, "libyaml could not allocate a parser")
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// Nil at the end of the stream.
    func next() throws(YAMLFailure) -> (YAMLTreeBuilder.Event, SourceLocation)? {
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw syntaxFailure() }
            defer { unsafe yaml_event_delete(&event) }
            let location = unsafe location(event.start_mark)
            switch unsafe event.type {
            case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return nil
            case YAML_DOCUMENT_START_EVENT: return (.documentStart, location)
            case YAML_ALIAS_EVENT: throw refused("aliases (*name) are", location)
            case YAML_SCALAR_EVENT: return (try unsafe scalar(event.data.scalar, location), location)
            case YAML_SEQUENCE_START_EVENT:
                let start = unsafe event.data.sequence_start
                try unsafe refuse(anchor: start.anchor, tag: start.tag, at: location)
                return (.sequenceStart, location)
            case YAML_MAPPING_START_EVENT:
                let start = unsafe event.data.mapping_start
                try unsafe refuse(anchor: start.anchor, tag: start.tag, at: location)
                return (.mappingStart, location)
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return (.end, location)
            default: continue
            }
        }
    }

    private typealias Scalar = yaml_event_s.__Unnamed_union_data.__Unnamed_struct_scalar

    private func scalar(_ scalar: Scalar, _ location: SourceLocation) throws(YAMLFailure) -> YAMLTreeBuilder.Event {
        try unsafe refuse(anchor: scalar.anchor, tag: scalar.tag, at: location)
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
        return .scalar(text: unsafe String(decoding: bytes, as: UTF8.self), isPlain: isPlain)
    }

    private func refuse(
        anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?, at location: SourceLocation
    ) throws(YAMLFailure) {
        if unsafe anchor != nil { throw refused("anchors (&name) are", location) }
        if unsafe tag != nil { throw refused("tags (!name) are", location) }
    }

    private func refused(_ what: String, _ location: SourceLocation) -> YAMLFailure {
        YAMLFailure(location: location, reason: "\(what) not supported; write the value out where it is needed")
    }

    private func syntaxFailure() -> YAMLFailure {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "it is not YAML"
        let isReaderError = unsafe parser.pointee.error == YAML_READER_ERROR
        let mark = unsafe isReaderError ? parser.pointee.mark : parser.pointee.problem_mark
        let hint =
            problem.contains("cannot start any token") ? "; indent with spaces, and quote values that begin so" : ""
        return YAMLFailure(location: location(mark), reason: "this is not valid YAML: \(problem)\(hint)")
    }

    private func location(_ mark: yaml_mark_t) -> SourceLocation {
        SourceLocation(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
