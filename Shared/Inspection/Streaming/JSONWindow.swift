/// The names and values of a JSON text as they come, without its structure: a list that is a JSON text again.
struct JSONWindow: Sendable {
    private var text: [UInt8] = [UInt8(ascii: "[")]
    private var isInString = false
    /// Where the string that is open begins.
    private var opened = 0
    /// How many bytes still belong to an escape.
    private var escaped = 0

    mutating func take(_ piece: [UInt8], _ size: Int, into windows: inout [[UInt8]]) {
        for byte in piece {
            if isInString { string(byte) } else { outside(byte) }
            guard text.count >= size, escaped == 0 else { continue }
            windows.append(cut())
        }
    }

    private mutating func string(_ byte: UInt8) {
        text.append(byte)
        if escaped > 0 {
            escaped -= 1
            // `\u` and its four digits.
            if escaped == 0, byte == UInt8(ascii: "u"), text[text.count - 2] == UInt8(ascii: "\\"), isFresh {
                escaped = 4
            }
            isFresh = false
        } else if byte == UInt8(ascii: "\\") {
            escaped = 1
            isFresh = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
        }
    }

    /// Whether the escape has only begun.
    private var isFresh = false

    private mutating func outside(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""):
            text.append(byte)
            isInString = true
            opened = text.count
        case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"),
            UInt8(ascii: ","), 0x20, 0x09, 0x0a, 0x0d:
            if text.last != UInt8(ascii: ","), text.count > 1 { text.append(UInt8(ascii: ",")) }
        default: text.append(byte)
        }
    }

    private mutating func cut() -> [UInt8] {
        var next = [UInt8(ascii: "[")]
        if isInString {
            next.append(UInt8(ascii: "\""))
            var start = max(opened, text.count - BodyWindows.overlap)
            // A tail that begins after a backslash would begin with what that escapes.
            while start > opened, start < text.count, text[start - 1] == UInt8(ascii: "\\") { start += 1 }
            next += text[start...]
            opened = 2
            text.append(UInt8(ascii: "\""))
        }
        let window = close() ?? []
        text = next
        return window
    }

    /// Nil when there is nothing in it.
    mutating func close() -> [UInt8]? {
        if text.last == UInt8(ascii: ",") { text.removeLast() }
        guard text.count > 1 else { return nil }
        defer { text = [UInt8(ascii: "[")] }
        return text + [UInt8(ascii: "]")]
    }
}
