/// The two forms of an ECDSA signature over P-256: DER's SEQUENCE of two INTEGERs, which OpenSSL speaks, and the fixed
/// r‖s of 32 bytes each, which JWS demands (RFC 7518 §3.4).
enum ECDSASignature {
    static func fixedWidth(fromDER der: [UInt8]) throws(CryptographyFailure) -> [UInt8] {
        var rest = der[...]
        guard rest.popFirst() == 0x30, let length = rest.popFirst(), Int(length) == rest.count,
            let r = integer(&rest), let s = integer(&rest), rest.isEmpty
        else { throw .library(operation: "reading a signature", code: 0) }
        return r + s
    }

    static func der(fromFixedWidth signature: [UInt8]) -> [UInt8] {
        let body = encoded(signature.prefix(32)) + encoded(signature.dropFirst(32))
        return [0x30, UInt8(body.count)] + body
    }

    /// An INTEGER, brought to 32 bytes: a leading zero only says that the number is positive.
    private static func integer(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard rest.popFirst() == 0x02, let length = rest.popFirst(), Int(length) <= rest.count else { return nil }
        let digits = rest.prefix(Int(length)).drop { $0 == 0 }
        rest = rest.dropFirst(Int(length))
        guard digits.count <= 32 else { return nil }
        return [UInt8](repeating: 0, count: 32 - digits.count) + digits
    }

    private static func encoded(_ number: ArraySlice<UInt8>) -> [UInt8] {
        var digits = Array(number.drop { $0 == 0 })
        if digits.isEmpty || digits[0] & 0x80 != 0 { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }
}
