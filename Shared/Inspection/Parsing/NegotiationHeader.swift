/// Lists of names with parameters, as `Accept` and its kin have them (RFC 9110, 5.6.6 and 12.5):
/// `text/html;q=0.9, */*`. What is written so, in these few characters, is nothing but that.
enum NegotiationHeader {
    private static let maximumLength = 512

    static func isWellFormed(_ value: Span<UInt8>) -> Bool {
        guard value.count <= maximumLength else { return false }
        var index = 0
        while true {
            skipSpaces(value, &index)
            guard element(value, &index) else { return false }
            skipSpaces(value, &index)
            if index == value.count { return true }
            guard value[index] == UInt8(ascii: ",") else { return false }
            index += 1
        }
    }

    /// A name, a part of it behind a slash, and parameters with values.
    private static func element(_ value: Span<UInt8>, _ index: inout Int) -> Bool {
        guard token(value, &index) else { return false }
        if take("/", value, &index), !token(value, &index) { return false }
        if take("=", value, &index), !token(value, &index) { return false }
        while true {
            let end = index
            skipSpaces(value, &index)
            guard take(";", value, &index) else {
                index = end
                return true
            }
            skipSpaces(value, &index)
            guard token(value, &index), take("=", value, &index), token(value, &index) else { return false }
        }
    }

    private static func token(_ value: Span<UInt8>, _ index: inout Int) -> Bool {
        let start = index
        while index < value.count, isTokenByte(value[index]) { index += 1 }
        return index > start
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "*") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "?")
    }

    private static func take(_ wanted: Unicode.Scalar, _ value: Span<UInt8>, _ index: inout Int) -> Bool {
        guard index < value.count, value[index] == UInt8(ascii: wanted) else { return false }
        index += 1
        return true
    }

    private static func skipSpaces(_ value: Span<UInt8>, _ index: inout Int) {
        while index < value.count, value[index] == 0x20 { index += 1 }
    }
}
