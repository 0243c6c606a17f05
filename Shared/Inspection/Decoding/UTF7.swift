/// UTF-7's way to write a character: `+`, base64 of UTF-16, `-`. Some readers sniff it, and `<` written so passes every
/// filter that looks for `<`.
enum UTF7 {
    /// Whether a shift begins anywhere: ASCII's high byte makes an `A` of its first letter.
    static func isPlausible(_ text: Span<UInt8>) -> Bool {
        var wasShift = false
        for index in text.indices {
            let byte = text[index]
            if wasShift, byte == UInt8(ascii: "A") { return true }
            wasShift = byte == 0x20 || byte == UInt8(ascii: "+")
        }
        return false
    }

    /// Writes the text with its shifted ASCII in plain; false if there is none. A form's decoder has turned the plus into
    /// a space, so either begins a shift; only what comes out as ASCII punctuation is taken for one.
    static func decode(_ input: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        var changed = false
        var index = 0
        while index < input.count {
            let length = shift(input, index, &output)
            if length > 0 {
                changed = true
                index += length
            } else {
                output.append(input[index])
                index += 1
            }
        }
        return changed
    }

    private static func shift(_ input: Span<UInt8>, _ start: Int, _ output: inout [UInt8]) -> Int {
        guard input[start] == UInt8(ascii: "+") || input[start] == 0x20, start + 3 < input.count,
            input[start + 1] == UInt8(ascii: "A")
        else { return 0 }
        var index = start + 1
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        var units: [UInt8] = []
        while index < input.count, units.count < 64, let value = PlausibleBase64.value(of: input[index]),
            input[index] != 0x20,
            input[index] != UInt8(ascii: "-")
        {
            pending = pending << 6 | UInt32(value)
            bits += 6
            index += 1
            guard bits >= 16 else { continue }
            bits -= 16
            let unit = UInt16(truncatingIfNeeded: pending >> bits)
            guard unit < 0x80 else { return 0 }
            units.append(UInt8(unit))
        }
        guard let first = units.first, first >= 0x21, !first.isWordByte else { return 0 }
        output += units
        if index < input.count, input[index] == UInt8(ascii: "-") { index += 1 }
        return index - start
    }
}
