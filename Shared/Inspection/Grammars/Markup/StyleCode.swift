/// A style that runs code or loads foreign rules, its comments, white space and escapes undone as CSS does.
enum StyleCode {
    private static let maximumLength = 1_024

    static func isCode(_ text: Span<UInt8>) -> Bool {
        var plain: [UInt8] = []
        var index = 0
        while index < text.count, plain.count < maximumLength {
            let byte = text[index]
            if byte == UInt8(ascii: "/"), index + 1 < text.count, text[index + 1] == UInt8(ascii: "*") {
                index = endOfComment(text, index + 2)
            } else if byte == UInt8(ascii: "\\") {
                index = unescape(text, index + 1, into: &plain)
            } else {
                if byte > 0x20 { plain.append(byte.lowercased) }
                index += 1
            }
        }
        return containsCode(plain.span)
    }

    private static func endOfComment(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < text.count, !text.hasPrefix("*/", at: index) { index += 1 }
        return min(index + 2, text.count)
    }

    /// Up to six hexadecimal digits and one space, or any other character, which stands for itself.
    private static func unescape(_ text: Span<UInt8>, _ start: Int, into plain: inout [UInt8]) -> Int {
        var index = start
        var value: UInt32 = 0
        while index < text.count, index - start < 6, let digit = text[index].hexValue {
            value = value << 4 | UInt32(digit)
            index += 1
        }
        if index == start { return start }
        if value > 0x20, value < 0x7f { plain.append(UInt8(value).lowercased) }
        if index < text.count, text[index] == 0x20 { index += 1 }
        return index
    }

    private static func containsCode(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "e") where text.hasPrefix("expression(", at: index): return true
            case UInt8(ascii: "b") where text.isOne(of: ["behavior:url", "behaviour:url", "binding:url("], at: index):
                return true
            case UInt8(ascii: "j") where text.hasPrefix("javascript:", at: index): return true
            case UInt8(ascii: "v") where text.hasPrefix("vbscript:", at: index): return true
            case UInt8(ascii: "u") where text.hasPrefix("url(data:text/html", at: index): return true
            default: continue
            }
        }
        return false
    }
}
