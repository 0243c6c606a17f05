/// Writes lines of fields into room that was made for all of them.
@safe
package struct HTTPLineWriter: ~Copyable {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    /// Where the room begins among the bytes of all fields.
    private let start: Int
    private var count = 0
    private var fields: [HTTPHeaders.Field]

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int, _ fields: consuming [HTTPHeaders.Field]) {
        unsafe self.buffer = unsafe buffer
        self.start = start
        self.fields = fields
    }

    consuming func finish() -> (Int, [HTTPHeaders.Field]) { (count, fields) }

    package mutating func add(_ name: HTTPFieldName, _ value: String) {
        var value = value
        value.withUTF8 { unsafe add(name, $0) }
    }

    package mutating func add(_ name: HTTPFieldName, _ value: ArraySlice<UInt8>) {
        unsafe value.withUnsafeBufferPointer { unsafe add(name, $0) }
    }

    /// A value that the caller made of letters and digits himself: nothing in it can need mending.
    package mutating func add(_ name: HTTPFieldName, own value: ArraySlice<UInt8>) {
        unsafe value.withUnsafeBufferPointer { unsafe add(name, $0, isOwn: true) }
    }

    private mutating func add(_ name: HTTPFieldName, _ value: UnsafeBufferPointer<UInt8>, isOwn: Bool = false) {
        unsafe precondition(
            name.lineBytes(value.count) <= buffer.count - count, "more lines are written than room was made for")
        let nameStart = count
        append(name.beginning)
        let valueStart = count
        unsafe append(value)
        if !isOwn { mend(valueStart..<count) }
        let field = HTTPHeaders.Field(
            name: start + nameStart..<start + nameStart + name.count, value: start + valueStart..<start + count,
            name.mark)
        unsafe buffer.initializeElement(at: count, to: HTTPSyntax.carriageReturn)
        unsafe buffer.initializeElement(at: count + 1, to: HTTPSyntax.lineFeed)
        count += 2
        fields.append(field)
    }

    private mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append($0) }
    }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress, let target = unsafe buffer.baseAddress else { return }
        unsafe (target + count).initialize(from: source, count: bytes.count)
        count += bytes.count
    }

    /// What must not stand in a value would end it, or more.
    private func mend(_ range: Range<Int>) {
        let written = unsafe Span(_unsafeElements: UnsafeBufferPointer(rebasing: buffer[..<range.upperBound]))
        guard !HTTPSyntax.isFieldContent(written, range) else { return }
        for index in range where unsafe !HTTPSyntax.isFieldContent(buffer[index]) {
            unsafe buffer[index] = UInt8(ascii: "?")
        }
    }
}
