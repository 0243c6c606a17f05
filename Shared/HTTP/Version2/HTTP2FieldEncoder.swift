internal import CNGHTTP2

/// Collects the fields of one section and hands them to nghttp2, which copies them and makes their names small.
///
/// One per reactor, used again for every section: it keeps its capacity. As in HTTP/1.1 whatever a handler put under the
/// names of framing and connection fields is left out.
@safe
final class HTTP2FieldEncoder {
    private struct Field {
        var name: Range<Int>
        var value: Range<Int>
        /// Not worth a place in the table of the compression: the next response says something else.
        var isUnique: Bool
    }

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

    private func add(_ name: StaticString, isUnique: Bool, _ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        let middle = bytes.count
        write(&bytes)
        fields.append(Field(name: start..<middle, value: middle..<bytes.count, isUnique: isUnique))
    }

    /// All but those the connection itself writes, and those that have no place in HTTP/2.
    func add(_ headers: HTTPHeaders, leavingOut isOwn: (Span<UInt8>) -> Bool) {
        // Taken out meanwhile: each access to them here is watched for overlaps, which costs more than what it does.
        var bytes: [UInt8] = []
        var fields: [Field] = []
        swap(&bytes, &self.bytes)
        swap(&fields, &self.fields)
        let source = headers.bytes
        for field in headers.fields where !isOwn(source.span.extracting(field.name)) {
            let start = bytes.count
            bytes.append(contentsOf: source[field.name])
            let middle = bytes.count
            bytes.append(contentsOf: source[field.value])
            fields.append(Field(name: start..<middle, value: middle..<bytes.count, isUnique: false))
        }
        swap(&bytes, &self.bytes)
        swap(&fields, &self.fields)
    }

    /// Valid during `body` only.
    func withFields<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
        unsafe pointers.removeAll(keepingCapacity: true)
        return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            for field in fields {
                let flags = field.isUnique ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE
                unsafe pointers.append(
                    nghttp2_nv(
                        name: bytes.baseAddress.map { unsafe $0 + field.name.lowerBound },
                        value: bytes.baseAddress.map { unsafe $0 + field.value.lowerBound },
                        namelen: field.name.count, valuelen: field.value.count, flags: UInt8(flags.rawValue)))
            }
            return unsafe pointers.withUnsafeBufferPointer { unsafe body($0) }
        }
    }

    static func isOwnOfResponses(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 4: HTTPSyntax.equalIgnoringCase(name, "date")
        case 14: HTTPSyntax.equalIgnoringCase(name, "content-length")
        default: isOfConnections(name)
        }
    }

    static func isOwnOfRequests(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 2: HTTPSyntax.equalIgnoringCase(name, "te")
        case 4: HTTPSyntax.equalIgnoringCase(name, "host")
        case 6: HTTPSyntax.equalIgnoringCase(name, "expect")
        case 14: HTTPSyntax.equalIgnoringCase(name, "content-length")
        default: isOfConnections(name)
        }
    }

    /// RFC 9113 §8.2.2; and no name may pose as a pseudo-field.
    private static func isOfConnections(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 7: HTTPSyntax.equalIgnoringCase(name, "upgrade")
        case 10:
            HTTPSyntax.equalIgnoringCase(name, "connection") || HTTPSyntax.equalIgnoringCase(name, "keep-alive")
        case 16: HTTPSyntax.equalIgnoringCase(name, "proxy-connection")
        case 17: HTTPSyntax.equalIgnoringCase(name, "transfer-encoding")
        case 9: name[0] == HTTPSyntax.colon
        case 0: true
        default: false
        }
    }
}
