/// The fields of a message, in order, names compared without regard to case.
///
/// One byte buffer holds names and values, a second array their positions: no allocation per field, and a String only for
/// who asks for one. Removing a field forgets its position; its bytes stay until the value is gone. In a parsed head the
/// buffer is the head itself as it came over the wire.
package struct HTTPHeaders: Sendable {
    struct Field: Sendable {
        var nameStart: UInt32
        var nameLength: UInt32
        var valueStart: UInt32
        var valueLength: UInt32

        var name: Range<Int> { Int(nameStart)..<Int(nameStart + nameLength) }
        var value: Range<Int> { Int(valueStart)..<Int(valueStart + valueLength) }
    }

    private(set) var bytes: [UInt8]
    private(set) var fields: [Field]

    package init() {
        bytes = []
        fields = []
    }

    init(bytes: [UInt8], fields: [Field]) {
        self.bytes = bytes
        self.fields = fields
    }

    package init(_ fields: [(String, String)]) {
        self.init()
        for (name, value) in fields { add(name, value) }
    }

    package var count: Int { fields.count }
    package var isEmpty: Bool { fields.isEmpty }

    // MARK: Looking

    /// The first value under `name`.
    package subscript(name: String) -> String? {
        guard let index = index(of: name) else { return nil }
        return value(at: index)
    }

    package func contains(_ name: String) -> Bool { index(of: name) != nil }

    package func values(of name: String) -> [String] {
        fields.indices.filter { isName(name, at: $0) }.map { value(at: $0) }
    }

    package func valueBytes(of name: String) -> ArraySlice<UInt8>? {
        index(of: name).map { bytes[fields[$0].value] }
    }

    package func name(at index: Int) -> String { String(decoding: bytes[fields[index].name], as: UTF8.self) }
    package func value(at index: Int) -> String { String(decoding: bytes[fields[index].value], as: UTF8.self) }
    package func nameBytes(at index: Int) -> ArraySlice<UInt8> { bytes[fields[index].name] }
    package func valueBytes(at index: Int) -> ArraySlice<UInt8> { bytes[fields[index].value] }

    package func index(of name: String) -> Int? {
        for index in fields.indices where isName(name, at: index) { return index }
        return nil
    }

    package func isName(_ name: String, at index: Int) -> Bool {
        let field = fields[index]
        guard Int(field.nameLength) == name.utf8.count else { return false }
        var position = Int(field.nameStart)
        for character in name.utf8 {
            guard HTTPSyntax.lowercase(bytes[position]) == HTTPSyntax.lowercase(character) else { return false }
            position += 1
        }
        return true
    }

    /// Whether the comma-separated lists under `name` hold `token`, in any case.
    package func hasToken(_ token: String, in name: String) -> Bool {
        fields.indices.contains { index in
            isName(name, at: index)
                && value(at: index).split(separator: ",").contains { HTTPHeaders.isToken($0, token) }
        }
    }

    private static func isToken(_ item: Substring, _ token: String) -> Bool {
        let trimmed = item.utf8.drop(while: HTTPSyntax.isBlank)
        let end = trimmed.lastIndex { !HTTPSyntax.isBlank($0) }.map { trimmed.index(after: $0) } ?? trimmed.startIndex
        return trimmed[..<end].elementsEqual(token.utf8) { HTTPSyntax.lowercase($0) == HTTPSyntax.lowercase($1) }
    }

    // MARK: Changing

    /// Bytes that must not stand in a name or value are replaced by `?`, so that no value can end its own field.
    package mutating func add(_ name: String, _ value: String) {
        let nameStart = bytes.count
        for byte in name.utf8 { bytes.append(HTTPSyntax.isToken(byte) ? byte : UInt8(ascii: "?")) }
        let valueStart = bytes.count
        for byte in value.utf8 { bytes.append(HTTPSyntax.isFieldContent(byte) ? byte : UInt8(ascii: "?")) }
        fields.append(
            Field(
                nameStart: UInt32(nameStart), nameLength: UInt32(valueStart - nameStart),
                valueStart: UInt32(valueStart), valueLength: UInt32(bytes.count - valueStart)))
    }

    package mutating func add(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        add(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }

    /// Replaces every value under `name` by this one.
    package mutating func set(_ name: String, _ value: String) {
        remove(name)
        add(name, value)
    }

    package mutating func remove(_ name: String) {
        guard contains(name) else { return }
        var kept: [Field] = []
        kept.reserveCapacity(fields.count)
        for index in fields.indices where !isName(name, at: index) { kept.append(fields[index]) }
        fields = kept
    }

    /// The same bytes, only the fields that `isKept` says yes to: nothing is copied but positions.
    package func filter(_ isKept: (Int) -> Bool) -> HTTPHeaders {
        HTTPHeaders(bytes: bytes, fields: fields.indices.filter(isKept).map { fields[$0] })
    }

    // MARK: Writing

    /// Appends every field as `name: value CR LF`.
    package func write(to output: inout [UInt8]) {
        for index in fields.indices { write(at: index, to: &output) }
    }

    package func write(at index: Int, to output: inout [UInt8]) {
        let field = fields[index]
        output.append(contentsOf: bytes[field.name])
        output.append(HTTPSyntax.colon)
        output.append(HTTPSyntax.space)
        output.append(contentsOf: bytes[field.value])
        output.append(HTTPSyntax.carriageReturn)
        output.append(HTTPSyntax.lineFeed)
    }
}

extension HTTPHeaders: Equatable {
    package static func == (left: HTTPHeaders, right: HTTPHeaders) -> Bool {
        left.count == right.count
            && left.fields.indices.allSatisfy { index in
                left.isName(right.name(at: index), at: index)
                    && left.valueBytes(at: index) == right.valueBytes(at: index)
            }
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }
}

extension HTTPHeaders: CustomStringConvertible {
    package var description: String {
        fields.indices.map { "\(name(at: $0)): \(value(at: $0))" }.joined(separator: "\n")
    }
}
