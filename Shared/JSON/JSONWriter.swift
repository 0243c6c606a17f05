internal import Core

/// Appends a JSON document to bytes, without a tree between. Commas write themselves; the caller closes what it opens.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"))
        members(&self)
        close(UInt8(ascii: "}"))
    }

    package mutating func array(_ elements: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "["))
        elements(&self)
        close(UInt8(ascii: "]"))
    }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    package mutating func key(_ key: String) {
        comma()
        quoted(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func null() { plain("null") }
    package mutating func bool(_ value: Bool) { plain(value ? "true" : "false") }
    package mutating func integer(_ value: some FixedWidthInteger) { plain(String(value)) }
    /// JSON has no infinities: they become null.
    package mutating func number(_ value: Double) { plain(value.isFinite ? value.description : "null") }
    package mutating func string(_ value: String) {
        comma()
        quoted(value)
        needsComma = true
    }

    /// Bytes that are UTF-8, as far as that is known: what is not is replaced, as a String would replace it.
    package mutating func string(_ value: ArraySlice<UInt8>) {
        guard !value.contains(where: { $0 >= 0x80 }) else { return string(String(decoding: value, as: UTF8.self)) }
        comma()
        unsafe value.withUnsafeBufferPointer { unsafe quoted($0) }
        needsComma = true
    }

    /// Where documents stand one to a line.
    package mutating func endLine() { bytes.append(0x0a) }

    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .number(let value): number(value)
        case .string(let value): string(value)
        case .array(let elements): array { writer in for element in elements { writer.value(element) } }
        case .object(let object):
            self.object { writer in
                for member in object.members {
                    writer.key(member.key)
                    writer.value(member.value)
                }
            }
        }
    }

    private mutating func open(_ bracket: UInt8) {
        comma()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func plain(_ text: String) {
        comma()
        var text = text
        text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
        needsComma = true
    }

    private mutating func quoted(_ text: String) {
        var text = text
        text.withUTF8 { unsafe quoted($0) }
    }

    /// What needs no escape is copied in runs: nearly always there is one.
    private mutating func quoted(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        for index in 0..<text.count {
            let byte = unsafe text[index]
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
            escape(byte)
            start = index + 1
        }
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Hex.digit(byte >> 4))
            bytes.append(Hex.digit(byte & 15))
        }
    }
}
