internal import Core

/// Percent-encoding of RFC 3986 §2.1, strict: a `%` without two digits, a NUL or broken UTF-8 decodes to nothing.
package enum PercentEncoding {
    package static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value),
                high | low != 0
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Everything but unreserved characters escaped, so that it can stand as a value anywhere.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        bytes.reduce(into: "") { result, byte in
            if byte &- 0x30 < 10 || byte | 0x20 &- 0x61 < 26 || [0x2d, 0x2e, 0x5f, 0x7e].contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + Hex.encode([byte]).uppercased()
            }
        }
    }

    /// Name and value pairs of a query (`a=b&c`), in order; nil when one does not decode. `+` stands for a blank.
    package static func query(_ text: some StringProtocol) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        for pair in text.split(separator: "&", omittingEmptySubsequences: true) {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decode(blanks(halves[0])), let value = decode(halves.count > 1 ? blanks(halves[1]) : "")
            else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }

    private static func blanks(_ text: some StringProtocol) -> String {
        String(decoding: text.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}
