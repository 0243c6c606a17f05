internal import PatternMatching

/// The three ways the web writes a byte by its number: percent, HTML entity, JavaScript escape.
///
/// What is not a valid escape stays as it stands, as browsers and lenient servers leave it.
enum Escapes {
    private static let maximumRounds = 4

    static func decode(_ input: Span<UInt8>, into output: inout [UInt8], spare: inout [UInt8]) -> Bool {
        guard decodeOnce(input, into: &output) else { return false }
        for _ in 1..<maximumRounds {
            spare.removeAll(keepingCapacity: true)
            guard decodeOnce(output.span, into: &spare) else { break }
            swap(&output, &spare)
        }
        return true
    }

    /// Writes nothing and returns false if there is nothing to undo.
    static func decodeOnce(_ input: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        var run = 0
        var index = 0
        while true {
            index = input.place(
                from: index,
                { $0.marks(UInt8(ascii: "%")) | $0.marks(UInt8(ascii: "&")) | $0.marks(UInt8(ascii: "\\")) },
                { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "\\") })
            guard index < input.count else { break }
            guard let (meaning, length) = escape(input, index, input[index]) else {
                index += 1
                continue
            }
            output.append(input.extracting(run..<index))
            append(meaning, &output)
            index += length
            run = index
        }
        guard run > 0 else { return false }
        output.append(input.extracting(run..<input.count))
        return true
    }

    /// What an escape means: a byte as it is, or a character.
    private enum Meaning {
        case byte(UInt8)
        case character(UInt32)
    }

    private static func append(_ meaning: Meaning, _ output: inout [UInt8]) {
        switch meaning {
        case .byte(let byte): output.append(byte)
        case .character(let value): append(value, &output)
        }
    }

    private static func escape(_ input: Span<UInt8>, _ index: Int, _ byte: UInt8) -> (Meaning, Int)? {
        switch byte {
        case UInt8(ascii: "%"): percent(input, index)
        case UInt8(ascii: "&"): entity(input, index)
        default: backslash(input, index)
        }
    }

    /// Each of these says what an escape at `index` means, and its length.
    private static func percent(_ input: Span<UInt8>, _ index: Int) -> (Meaning, Int)? {
        if let byte = hex(input, index + 1, digits: 2) { return (.byte(UInt8(byte)), 3) }
        guard input.hasPrefix("u", at: index + 1), let unit = hex(input, index + 2, digits: 4) else { return nil }
        return (.character(unit), 6)
    }

    private static func backslash(_ input: Span<UInt8>, _ index: Int) -> (Meaning, Int)? {
        guard index + 1 < input.count else { return nil }
        switch input[index + 1] {
        case UInt8(ascii: "x"): return hex(input, index + 2, digits: 2).map { (.character($0), 4) }
        case UInt8(ascii: "u"): return hex(input, index + 2, digits: 4).map { (.character($0), 6) }
        case 0x30...0x37: return octal(input, index)
        default: return nil
        }
    }

    /// Two or three octal digits, as old JavaScript and shells read them.
    private static func octal(_ input: Span<UInt8>, _ index: Int) -> (Meaning, Int)? {
        var value: UInt32 = 0
        var length = 1
        while length < 4, index + length < input.count, (0x30...0x37).contains(input[index + length]) {
            let next = value << 3 | UInt32(input[index + length] - 0x30)
            guard next < 0x80 else { break }
            value = next
            length += 1
        }
        return length > 2 && value >= 0x20 ? (.byte(UInt8(value)), length) : nil
    }

    private static func entity(_ input: Span<UInt8>, _ index: Int) -> (Meaning, Int)? {
        guard index + 2 < input.count else { return nil }
        if input[index + 1] == UInt8(ascii: "#") { return numericEntity(input, index) }
        var end = index + 1
        while end < input.count, end - index < 10, input[end].isLetter { end += 1 }
        guard end < input.count, input[end] == UInt8(ascii: ";"),
            let byte = namedEntities(input, (index + 1)..<end)
        else { return nil }
        return (.byte(byte), end + 1 - index)
    }

    private static func numericEntity(_ input: Span<UInt8>, _ index: Int) -> (Meaning, Int)? {
        let isHex = input[index + 2].lowercased == UInt8(ascii: "x")
        var cursor = index + (isHex ? 3 : 2)
        let first = cursor
        var value: UInt32 = 0
        while cursor < input.count, cursor - first < 8, let digit = input[cursor].hexValue, isHex || digit < 10 {
            value = value &* (isHex ? 16 : 10) &+ UInt32(digit)
            cursor += 1
        }
        guard cursor > first, value <= 0x10ffff else { return nil }
        if cursor < input.count, input[cursor] == UInt8(ascii: ";") { cursor += 1 }
        return (.character(value), cursor - index)
    }

    private static let namedEntities = WordTable<UInt8>([
        (0x3c, "lt"), (0x3e, "gt"), (0x22, "quot"), (0x27, "apos"), (0x26, "amp"), (0x20, "nbsp"), (0x09, "tab"),
        (0x0a, "newline"), (0x3a, "colon"), (0x3b, "semi"), (0x28, "lpar"), (0x29, "rpar"), (0x2f, "sol"),
        (0x5c, "bsol"), (0x3d, "equals"), (0x2e, "period"), (0x2c, "comma"), (0x24, "dollar"), (0x7b, "lbrace"),
        (0x7d, "rbrace"), (0x60, "grave"), (0x23, "num"), (0x21, "excl"), (0x7c, "vert"),
    ])

    static func hex(_ input: Span<UInt8>, _ index: Int, digits: Int) -> UInt32? {
        guard index + digits <= input.count else { return nil }
        var value: UInt32 = 0
        for offset in 0..<digits {
            guard let digit = input[index + offset].hexValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// As UTF-8, the first byte lowest. A surrogate on its own becomes its three bytes too: it is evidence, not text.
    static func encoded(_ value: UInt32) -> (bytes: UInt32, count: Int) {
        func tail(_ shift: UInt32) -> UInt32 { 0x80 | (value >> shift) & 0x3f }
        return switch value {
        case 0..<0x80: (value, 1)
        case 0x80..<0x800: (0xc0 | value >> 6 | tail(0) << 8, 2)
        case 0x800..<0x10000: (0xe0 | value >> 12 | tail(6) << 8 | tail(0) << 16, 3)
        default: (0xf0 | (value >> 18) & 7 | tail(12) << 8 | tail(6) << 16 | tail(0) << 24, 4)
        }
    }

    static func append(_ value: UInt32, _ output: inout [UInt8]) {
        let (bytes, count) = encoded(value)
        for index in 0..<count { output.append(UInt8(truncatingIfNeeded: bytes >> UInt32(index * 8))) }
    }
}
