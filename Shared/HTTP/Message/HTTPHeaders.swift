/// The fields of a message, in order, names compared without regard to case.
///
/// One byte buffer holds the fields as they stand on the wire, a second array their positions: no allocation per field,
/// a String only for who asks for one, and fields that stand together are written by one copy. Removing a field forgets
/// its position; its bytes stay until the value is gone. In a parsed head the buffer is the head itself.
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
        var name = name
        return name.withUTF8 { name in
            fields.firstIndex { unsafe $0.nameLength == name.count && isName(name, of: $0) }
        }
    }

    private func isName(_ name: UnsafeBufferPointer<UInt8>, of field: Field) -> Bool {
        for (offset, position) in field.name.enumerated() {
            guard unsafe HTTPSyntax.lowercase(bytes[position]) == HTTPSyntax.lowercase(name[offset]) else {
                return false
            }
        }
        return true
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
        let name = append(name)
        if HTTPSyntax.endOfToken(in: bytes.span, name) < name.upperBound { mend(name, HTTPSyntax.isToken) }
        bytes.append(HTTPSyntax.colon)
        bytes.append(HTTPSyntax.space)
        let value = append(value)
        if !HTTPSyntax.isFieldContent(bytes.span, value) { mend(value, HTTPSyntax.isFieldContent) }
        bytes.append(HTTPSyntax.carriageReturn)
        bytes.append(HTTPSyntax.lineFeed)
        fields.append(
            Field(
                nameStart: UInt32(name.lowerBound), nameLength: UInt32(name.count),
                valueStart: UInt32(value.lowerBound), valueLength: UInt32(value.count)))
    }

    private mutating func append(_ text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(text: text)
        return start..<bytes.count
    }

    private mutating func mend(_ range: Range<Int>, _ isAllowed: (UInt8) -> Bool) {
        for index in range where !isAllowed(bytes[index]) { bytes[index] = UInt8(ascii: "?") }
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
        self = filter { !isName(name, at: $0) }
    }

    /// The same bytes, only the fields that `isKept` says yes to: nothing is copied but positions.
    package func filter(_ isKept: (Int) -> Bool) -> HTTPHeaders {
        var kept: [Field] = []
        // Room for what the owner of the result may add.
        kept.reserveCapacity(fields.count + 8)
        for index in fields.indices where isKept(index) { kept.append(fields[index]) }
        return HTTPHeaders(bytes: bytes, fields: kept)
    }

    /// Whether the field's name is one of `names`.
    package func isName(in names: HTTPFieldNames, at index: Int) -> Bool {
        names.contains(bytes.span.extracting(fields[index].name))
    }

    // MARK: Writing

    /// Appends every field but those named as `name: value CR LF`, copying those that stand together at once.
    package func write(to output: inout [UInt8], except names: HTTPFieldNames = []) {
        var run = 0..<0
        for (index, field) in fields.enumerated() where !isName(in: names, at: index) {
            guard let line = line(field) else {
                append(run, to: &output)
                run = 0..<0
                rewrite(field, to: &output)
                continue
            }
            if line.lowerBound == run.upperBound {
                run = run.lowerBound..<line.upperBound
            } else {
                append(run, to: &output)
                run = line
            }
        }
        append(run, to: &output)
    }

    /// Where the whole line stands, if it stands there as we would write it.
    private func line(_ field: Field) -> Range<Int>? {
        let (name, value) = (field.name, field.value)
        guard value.lowerBound == name.upperBound + 2, value.upperBound + 1 < bytes.count,
            bytes[name.upperBound] == HTTPSyntax.colon, bytes[name.upperBound + 1] == HTTPSyntax.space,
            bytes[value.upperBound] == HTTPSyntax.carriageReturn, bytes[value.upperBound + 1] == HTTPSyntax.lineFeed
        else { return nil }
        return name.lowerBound..<value.upperBound + 2
    }

    private func append(_ range: Range<Int>, to output: inout [UInt8]) {
        if !range.isEmpty { output.append(contentsOf: bytes[range]) }
    }

    private func rewrite(_ field: Field, to output: inout [UInt8]) {
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

extension [UInt8] {
    /// One copy of the text's bytes; `append(contentsOf: text.utf8)` takes several times as long.
    mutating func append(text: String) {
        var text = text
        text.withUTF8 { utf8 in unsafe append(contentsOf: utf8) }
    }
}
