/// `@validateUrlEncoding` and `@validateUtf8Encoding`: they match what is malformed.
enum ByteValidation {
    static func isMalformedURLEncoding(_ text: Span<UInt8>) -> Bool {
        for index in text.indices where text[index] == UInt8(ascii: "%") {
            if Escapes.hex(text, index + 1, digits: 2) == nil { return true }
        }
        return false
    }

    /// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
    static func isMalformedUTF8(_ text: Span<UInt8>) -> Bool {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x80 {
                index += 1
                continue
            }
            guard let length = sequenceLength(text, index) else { return true }
            index += length
        }
        return false
    }

    private static func sequenceLength(_ text: Span<UInt8>, _ index: Int) -> Int? {
        let first = text[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch first {
        case 0xc2...0xdf: length = 2
        case 0xe0: (length, second) = (3, 0xa0...0xbf)
        case 0xed: (length, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: length = 3
        case 0xf0: (length, second) = (4, 0x90...0xbf)
        case 0xf1...0xf3: length = 4
        case 0xf4: (length, second) = (4, 0x80...0x8f)
        default: return nil
        }
        guard index + length <= text.count, second.contains(text[index + 1]) else { return nil }
        for offset in 2..<max(2, length) where text[index + offset] & 0xc0 != 0x80 { return nil }
        return length
    }
}
