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
        /// What the name was recognised as.
        var mark: HTTPNameMark

        init(name: Range<Int>, value: Range<Int>, _ mark: HTTPNameMark) {
            nameStart = UInt32(name.lowerBound)
            nameLength = UInt32(name.count)
            valueStart = UInt32(value.lowerBound)
            valueLength = UInt32(value.count)
            self.mark = mark
        }

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
    /// What the value holds on to: a received one, all of its message's head.
    package var byteCount: Int { bytes.count }

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
        fields.append(Field(name: name, value: value, HTTPNameMark(bytes.span.extracting(name))))
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

    /// A field as another message has it, byte for byte.
    package mutating func add(fieldAt index: Int, of other: HTTPHeaders) {
        let field = other.fields[index]
        let nameStart = bytes.count
        bytes += other.bytes[field.name]
        bytes.append(HTTPSyntax.colon)
        bytes.append(HTTPSyntax.space)
        let valueStart = bytes.count
        bytes += other.bytes[field.value]
        bytes.append(HTTPSyntax.carriageReturn)
        bytes.append(HTTPSyntax.lineFeed)
        fields.append(
            Field(
                name: nameStart..<nameStart + Int(field.nameLength),
                value: valueStart..<valueStart + Int(field.valueLength), field.mark))
    }

    package func followed(by others: HTTPHeaders) -> HTTPHeaders {
        var all = self
        for index in others.fields.indices { all.add(fieldAt: index, of: others) }
        return all
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
        names.contains(fields[index], in: bytes.span)
    }

    /// Without the fields that are named.
    package func without(_ names: HTTPFieldNames) -> HTTPHeaders {
        var kept: [Field] = []
        kept.reserveCapacity(fields.count)
        let bytes = bytes.span
        for field in fields where !names.contains(field, in: bytes) { kept.append(field) }
        return HTTPHeaders(bytes: self.bytes, fields: kept)
    }

    // MARK: Changing with names known beforehand

    /// Room for so many more: what is shared with others is copied once, with the room.
    package mutating func reserve(fields fieldCount: Int, bytes byteCount: Int) {
        fields.reserveCapacity(fields.count + fieldCount)
        bytes.reserveCapacity(bytes.count + byteCount)
    }

    package mutating func add(_ name: HTTPFieldName, _ value: String) {
        addLines(bytes: name.lineBytes(value.utf8.count), fields: 1) { $0.add(name, value) }
    }

    package mutating func add(_ name: HTTPFieldName, _ value: ArraySlice<UInt8>) {
        addLines(bytes: name.lineBytes(value.count), fields: 1) { $0.add(name, value) }
    }

    /// Several lines in one step: each of its own would ask again whose the arrays are and how much room they have. At most
    /// `fieldCount` lines of together `byteCount` bytes.
    package mutating func addLines(
        bytes byteCount: Int, fields fieldCount: Int, _ write: (inout HTTPLineWriter) -> Void
    ) {
        fields.reserveCapacity(fields.count + fieldCount)
        var taken: [Field] = []
        swap(&taken, &fields)
        let start = bytes.count
        bytes.append(addingCapacity: byteCount) { lines in
            unsafe lines.withUnsafeMutableBufferPointer { buffer, count in
                var writer = unsafe HTTPLineWriter(buffer, at: start, taken)
                taken = []
                write(&writer)
                (count, taken) = writer.finish()
            }
        }
        swap(&taken, &fields)
    }

    package mutating func add(_ name: HTTPFieldName, decimal value: Int) {
        add(name, value.description)
    }

    package func isName(_ name: HTTPFieldName, at index: Int) -> Bool { name.isName(bytes.span, fields[index]) }

    /// Replaces every value under the name by this one.
    package mutating func set(_ name: HTTPFieldName, _ value: ArraySlice<UInt8>) {
        remove(name)
        add(name, value)
    }

    package mutating func set(_ name: HTTPFieldName, decimal value: Int) {
        remove(name)
        add(name, decimal: value)
    }

    package mutating func remove(_ name: HTTPFieldName) {
        guard contains(name) else { return }
        let bytes = bytes
        fields.removeAll { name.isName(bytes.span, $0) }
    }

    package func contains(_ name: HTTPFieldName) -> Bool { index(of: name) != nil }

    package func index(of name: HTTPFieldName) -> Int? {
        let bytes = bytes.span
        for index in fields.indices where name.isName(bytes, fields[index]) { return index }
        return nil
    }

    /// The first value under the name.
    package func valueBytes(of name: HTTPFieldName) -> ArraySlice<UInt8>? {
        index(of: name).map { bytes[fields[$0].value] }
    }

    /// Every value under the name, in order.
    package func allValueBytes(of name: HTTPFieldName) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        for field in fields where name.isName(bytes.span, field) { values.append(bytes[field.value]) }
        return values
    }

    // MARK: Writing

    /// All fields and the bytes they stand in, without counting a reference to either.
    borrowing func withFields<Result>(_ body: (Span<Field>, UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        unsafe bytes.withUnsafeBufferPointer { unsafe body(fields.span, $0) }
    }

    /// Appends every field but those named as `name: value CR LF`, copying those that stand together at once.
    package func write(to output: inout [UInt8], except names: HTTPFieldNames = []) {
        let all = bytes.span
        var run = 0..<0
        for field in fields where !names.contains(field, in: all) {
            let line = Int(field.nameStart)..<Int(field.valueStart + field.valueLength) + 2
            if isLine(field, all) && line.lowerBound == run.upperBound {
                run = run.lowerBound..<line.upperBound
                continue
            }
            append(run, to: &output)
            run = 0..<0
            if isLine(field, all) { run = line } else { rewrite(field, to: &output) }
        }
        append(run, to: &output)
    }

    /// Whether the whole line stands there as we would write it.
    private func isLine(_ field: Field, _ bytes: Span<UInt8>) -> Bool {
        let nameEnd = Int(field.nameStart + field.nameLength)
        let valueEnd = Int(field.valueStart + field.valueLength)
        guard Int(field.valueStart) == nameEnd + 2, valueEnd + 2 <= bytes.count else { return false }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe bytes.loadUnaligned(fromByteOffset: nameEnd, as: UInt16.self).littleEndian == 0x203a  // ": "
                && bytes.loadUnaligned(fromByteOffset: valueEnd, as: UInt16.self).littleEndian == 0x0a0d  // CR LF
        }
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
