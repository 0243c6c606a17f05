internal import CNGHTTP2

/// Collects the fields of one section and hands them to nghttp2, which copies them and makes their names small.
///
/// One per reactor, used again for every section: it keeps its capacity. What a message brings along is pointed at where it
/// stands. As in HTTP/1.1 whatever a handler put under the names of framing and connection fields is left out.
@safe
final class HTTP2FieldEncoder {
    private struct Field {
        var name: Range<Int>
        var value: Range<Int>
        /// Not worth a place in the table of the compression: the next response says something else.
        var isUnique: Bool
    }

    /// RFC 9113 §8.2.2, and what the connection itself writes.
    static let ownOfResponses: HTTPFieldNames = [
        "date", "content-length", "upgrade", "connection", "keep-alive", "proxy-connection", "transfer-encoding",
    ]
    static let ownOfRequests: HTTPFieldNames = [
        "te", "host", "expect", "content-length", "upgrade", "connection", "keep-alive", "proxy-connection",
        "transfer-encoding",
    ]

    private var bytes: [UInt8] = []
    private var fields: [Field] = []
    private var pointers = unsafe [nghttp2_nv]()

    func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
    }

    func add(_ name: StaticString, _ value: [UInt8], isUnique: Bool = false) {
        add(name, isUnique: isUnique) { $0.append(contentsOf: value) }
    }

    func add(_ name: StaticString, _ value: ArraySlice<UInt8>, isUnique: Bool = false) {
        add(name, isUnique: isUnique) { $0.append(contentsOf: value) }
    }

    func add(_ name: StaticString, decimal value: Int, isUnique: Bool = false) {
        add(name, isUnique: isUnique) { HTTPResponseEncoder.append(decimal: value, to: &$0) }
    }

    func add(_ name: HTTPFieldName, decimal value: Int) {
        let start = bytes.count
        bytes.append(contentsOf: name.beginning.prefix(name.count))
        let middle = bytes.count
        HTTPResponseEncoder.append(decimal: value, to: &bytes)
        fields.append(Field(name: start..<middle, value: middle..<bytes.count, isUnique: false))
    }

    private func add(_ name: StaticString, isUnique: Bool, _ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        let middle = bytes.count
        write(&bytes)
        fields.append(Field(name: start..<middle, value: middle..<bytes.count, isUnique: isUnique))
    }

    /// What was added, then a message's fields: all but those the connection itself writes, and those that have no place in
    /// HTTP/2. Valid during `body` only.
    func withFields<Result>(
        and headers: borrowing HTTPHeaders, _ added: borrowing HTTPHeaders, but leftOut: HTTPFieldNames,
        _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result
    ) -> Result {
        withOwnFields {
            unsafe headers.withFields { fields, bytes in
                unsafe point(to: fields, in: bytes, but: leftOut)
                return unsafe added.withFields { fields, bytes in
                    unsafe point(to: fields, in: bytes, but: leftOut)
                    return unsafe pointers.withUnsafeBufferPointer { unsafe body($0) }
                }
            }
        }
    }

    func withFields<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
        withOwnFields { unsafe pointers.withUnsafeBufferPointer { unsafe body($0) } }
    }

    private func withOwnFields<Result>(_ body: () -> Result) -> Result {
        unsafe pointers.removeAll(keepingCapacity: true)
        return unsafe bytes.withUnsafeBufferPointer { own in
            for index in fields.indices {
                let field = fields[index]
                unsafe point(to: field.name, field.value, in: own, isUnique: field.isUnique)
            }
            return body()
        }
    }

    private func point(
        to fields: Span<HTTPHeaders.Field>, in bytes: UnsafeBufferPointer<UInt8>, but leftOut: HTTPFieldNames
    ) {
        let text = unsafe Span(_unsafeElements: bytes)
        for index in fields.indices {
            let field = fields[index]
            if leftOut.contains(field, in: text) || isPseudo(field, text) { continue }
            // Every response has another: in the table of the compression it would only push others out.
            let isUnique = field.mark.known == .requestID
            unsafe point(to: field.name, field.value, in: bytes, isUnique: isUnique)
        }
    }

    /// No name may pose as a pseudo-field.
    private func isPseudo(_ field: HTTPHeaders.Field, _ bytes: Span<UInt8>) -> Bool {
        field.nameLength == 0 || bytes[Int(field.nameStart)] == HTTPSyntax.colon
    }

    /// nghttp2 does not write what its pointers point to.
    private func point(
        to name: Range<Int>, _ value: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>, isUnique: Bool
    ) {
        precondition(name.upperBound <= bytes.count && value.upperBound <= bytes.count)
        let base = unsafe UnsafeMutablePointer(mutating: bytes.baseAddress)
        let flags = isUnique ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE
        unsafe pointers.append(
            nghttp2_nv(
                name: base.map { unsafe $0 + name.lowerBound }, value: base.map { unsafe $0 + value.lowerBound },
                namelen: name.count, valuelen: value.count, flags: UInt8(flags.rawValue)))
    }
}
