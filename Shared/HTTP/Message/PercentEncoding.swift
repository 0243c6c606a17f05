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
