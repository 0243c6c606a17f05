/// `host [":" port]` of RFC 3986 §3.2 as it stands in Host and in absolute targets.
enum HTTPAuthority {
    /// Refuses what is no name, IPv4 or bracketed IPv6 address with an optional port. User information (`user@`) and
    /// sub-delims such as the comma are refused: two servers disagree about them sooner or later.
    static func check(_ text: Span<UInt8>) throws(HTTPRefusal) {
        guard !text.isEmpty else { throw .malformedHost }
        var end = 0
        if text[0] == UInt8(ascii: "[") {
            end = 1
            while end < text.count, isAddressByte(text[end]) { end += 1 }
            guard end > 1, end < text.count, text[end] == UInt8(ascii: "]") else { throw .malformedHost }
            end += 1
        } else {
            while end < text.count, isNameByte(text[end]) { end += 1 }
            guard end > 0 else { throw .malformedHost }
        }
        guard end < text.count else { return }
        guard text[end] == HTTPSyntax.colon else { throw .malformedHost }
        let port = text.extracting(end + 1..<text.count)
        guard port.isEmpty || (port.count <= 5 && HTTPSyntax.decimal(port).map { $0 <= 65_535 } ?? false) else {
            throw .malformedHost
        }
    }

    /// Where the authority begins in `http://…` or `https://…`; nil for anything else.
    static func start(inAbsolute target: Span<UInt8>) -> Int? {
        for (scheme, length) in [("http://", 7), ("https://", 8)] as [(StaticString, Int)]
        where target.count > length && HTTPSyntax.equalIgnoringCase(target.extracting(first: length), scheme) {
            return length
        }
        return nil
    }

    static func isTerminator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") }

    static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where HTTPSyntax.lowercase(left[index]) != HTTPSyntax.lowercase(right[index]) {
            return false
        }
        return true
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return HTTPSyntax.isDigit(byte) || (letter >= 0x61 && letter <= 0x7a) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "~")
            || byte == UInt8(ascii: "%")
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return HTTPSyntax.isDigit(byte) || (letter >= 0x61 && letter <= 0x66) || byte == HTTPSyntax.colon
            || byte == UInt8(ascii: ".")
    }
}
