internal import PatternMatching

/// UTF-7's way to write a character: `+`, base64 of UTF-16, `-`. Some readers sniff it, and `<` written so passes every
/// filter that looks for `<`.
enum UTF7 {
    /// Writes the text with its shifted ASCII in plain; false if there is none. A form's decoder has turned the plus into
    /// a space, so either begins a shift; only what comes out as ASCII punctuation is taken for one.
    static func decode(_ input: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        var run = 0
        var index = 0
        // ASCII's high byte makes an `A` of a shift's first letter.
        while true {
            let letter = input.place(of: UInt8(ascii: "A"), from: index + 1)
            guard letter < input.count else { break }
            index = letter - 1
            guard let (units, length) = shift(input, index) else {
                index = letter
                continue
            }
            output.append(input.extracting(run..<index))
            output += units
            index += length
            run = index
        }
        guard run > 0 else { return false }
        output.append(input.extracting(run..<input.count))
        return true
    }

    private static func shift(_ input: Span<UInt8>, _ start: Int) -> (units: [UInt8], length: Int)? {
        guard input[start] == UInt8(ascii: "+") || input[start] == 0x20, start + 3 < input.count else { return nil }
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
            guard unit < 0x80 else { return nil }
            units.append(UInt8(unit))
        }
        guard let first = units.first, first >= 0x21, !first.isWordByte else { return nil }
        if index < input.count, input[index] == UInt8(ascii: "-") { index += 1 }
        return (units, index - start)
    }
}
