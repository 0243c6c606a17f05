/// A one-dimensional array in its binary form: dimensions, whether a NULL occurs, the element type, count and lower
/// bound, then each element behind its length (-1 is NULL). This is what `unnest($1)` is fed with.
package struct SQLArray: Sendable, Equatable {
    let type: SQLType
    let encoded: [UInt8]

    private static let nullLength: Int32 = -1

    package init<Element: SQLEncodable>(_ elements: [Element]) {
        self.init(elementType: Element.sqlType, count: elements.count, hasNull: false) { bytes in
            for element in elements { bytes.appendSized { element.encodeSQL(into: &$0) } }
        }
    }

    package init<Element: SQLEncodable>(_ elements: [Element?]) {
        self.init(elementType: Element.sqlType, count: elements.count, hasNull: elements.contains { $0 == nil }) {
            bytes in
            for element in elements {
                guard let element else {
                    bytes.appendBigEndian(Self.nullLength)
                    continue
                }
                bytes.appendSized { element.encodeSQL(into: &$0) }
            }
        }
    }

    private init(elementType: SQLType, count: Int, hasNull: Bool, encodeElements: (inout [UInt8]) -> Void) {
        // A type without an array type has no `SQLEncodable` conformance in this module.
        type = elementType.array ?? .unspecified
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + count * 12)
        bytes.appendBigEndian(Int32(count == 0 ? 0 : 1))
        bytes.appendBigEndian(Int32(hasNull ? 1 : 0))
        bytes.appendBigEndian(elementType.oid)
        if count > 0 {
            bytes.appendBigEndian(Int32(count))
            bytes.appendBigEndian(Int32(1))
            encodeElements(&bytes)
        }
        encoded = bytes
    }

    /// The elements of an array field; nil where the bytes are not a one-dimensional array of such elements.
    static func elements<Element: SQLDecodable>(of bytes: RawSpan, as type: Element.Type) -> [Element?]? {
        guard let dimensions = bytes.bigEndian(at: 0, as: Int32.self),
            let oid = bytes.bigEndian(at: 8, as: UInt32.self)
        else { return nil }
        if dimensions == 0 { return [] }
        // Each element takes four bytes at least, which bounds what a false count can make us reserve.
        guard dimensions == 1, let count = bytes.bigEndian(at: 12, as: Int32.self), count >= 0,
            Int(count) <= bytes.byteCount / 4
        else { return nil }
        var elements: [Element?] = []
        elements.reserveCapacity(Int(count))
        var position = 20
        for _ in 0..<count {
            guard let length = bytes.bigEndian(at: position, as: Int32.self) else { return nil }
            position += 4
            if length == nullLength {
                elements.append(nil)
                continue
            }
            guard length >= 0, bytes.byteCount - position >= Int(length),
                let element = Element(
                    sql: bytes.extracting(position..<position + Int(length)), type: SQLType(oid: oid))
            else { return nil }
            elements.append(element)
            position += Int(length)
        }
        return position == bytes.byteCount ? elements : nil
    }
}
