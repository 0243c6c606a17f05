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

    static func decodeOnce(_ input: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        var changed = false
        var index = 0
        while index < input.count {
            let byte = input[index]
            var consumed = 0
            switch byte {
            case UInt8(ascii: "%"): consumed = percent(input, index, &output)
            case UInt8(ascii: "&"): consumed = entity(input, index, &output)
            case UInt8(ascii: "\\"): consumed = backslash(input, index, &output)
            default: break
            }
            if consumed == 0 {
                output.append(byte)
                index += 1
            } else {
                changed = true
                index += consumed
            }
        }
        return changed
    }

    /// Each of these appends what an escape at `index` means and returns its length, or 0 if there is none.
    static func percent(_ input: Span<UInt8>, _ index: Int, _ output: inout [UInt8]) -> Int {
        if let byte = hex(input, index + 1, digits: 2) {
            output.append(UInt8(byte))
            return 3
        }
        guard input.hasPrefix("u", at: index + 1), let unit = hex(input, index + 2, digits: 4) else { return 0 }
        append(unit, &output)
        return 6
    }

    private static func backslash(_ input: Span<UInt8>, _ index: Int, _ output: inout [UInt8]) -> Int {
        guard index + 1 < input.count else { return 0 }
        switch input[index + 1] {
        case UInt8(ascii: "x"):
            guard let byte = hex(input, index + 2, digits: 2) else { return 0 }
            append(byte, &output)
            return 4
        case UInt8(ascii: "u"):
            guard let unit = hex(input, index + 2, digits: 4) else { return 0 }
            append(unit, &output)
            return 6
        case 0x30...0x37: return octal(input, index, &output)
        default: return 0
        }
    }

    /// Two or three octal digits, as old JavaScript and shells read them.
    private static func octal(_ input: Span<UInt8>, _ index: Int, _ output: inout [UInt8]) -> Int {
        var value: UInt32 = 0
        var length = 1
        while length < 4, index + length < input.count, (0x30...0x37).contains(input[index + length]) {
            let next = value << 3 | UInt32(input[index + length] - 0x30)
            guard next < 0x80 else { break }
            value = next
            length += 1
        }
        guard length > 2, value >= 0x20 else { return 0 }
        output.append(UInt8(value))
        return length
    }

    private static func entity(_ input: Span<UInt8>, _ index: Int, _ output: inout [UInt8]) -> Int {
        guard index + 2 < input.count else { return 0 }
        if input[index + 1] == UInt8(ascii: "#") { return numericEntity(input, index, &output) }
        for (name, byte) in namedEntities where input.hasPrefix(name, at: index + 1) {
            output.append(byte)
            return 1 + name.utf8CodeUnitCount
        }
        return 0
    }

    private static func numericEntity(_ input: Span<UInt8>, _ index: Int, _ output: inout [UInt8]) -> Int {
        let isHex = input[index + 2].lowercased == UInt8(ascii: "x")
        var cursor = index + (isHex ? 3 : 2)
        let first = cursor
        var value: UInt32 = 0
        while cursor < input.count, cursor - first < 8, let digit = input[cursor].hexValue, isHex || digit < 10 {
            value = value &* (isHex ? 16 : 10) &+ UInt32(digit)
            cursor += 1
        }
        guard cursor > first, value <= 0x10ffff else { return 0 }
        append(value, &output)
        if cursor < input.count, input[cursor] == UInt8(ascii: ";") { cursor += 1 }
        return cursor - index
    }

    private static let namedEntities: [(StaticString, UInt8)] = [
        ("lt;", 0x3c), ("gt;", 0x3e), ("quot;", 0x22), ("apos;", 0x27), ("amp;", 0x26), ("nbsp;", 0x20),
        ("tab;", 0x09), ("newline;", 0x0a), ("colon;", 0x3a), ("semi;", 0x3b), ("lpar;", 0x28), ("rpar;", 0x29),
        ("sol;", 0x2f), ("bsol;", 0x5c), ("equals;", 0x3d), ("period;", 0x2e), ("comma;", 0x2c), ("dollar;", 0x24),
        ("lbrace;", 0x7b), ("rbrace;", 0x7d), ("grave;", 0x60), ("num;", 0x23), ("excl;", 0x21), ("vert;", 0x7c),
    ]

    static func hex(_ input: Span<UInt8>, _ index: Int, digits: Int) -> UInt32? {
        guard index + digits <= input.count else { return nil }
        var value: UInt32 = 0
        for offset in 0..<digits {
            guard let digit = input[index + offset].hexValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// As UTF-8. A surrogate on its own becomes its three bytes too: it is evidence, not text.
    static func append(_ value: UInt32, _ output: inout [UInt8]) {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (value >> shift) & 0x3f) }
        switch value {
        case 0..<0x80: output.append(UInt8(value))
        case 0x80..<0x800: output += [UInt8(0xc0 | value >> 6), tail(0)]
        case 0x800..<0x10000: output += [UInt8(0xe0 | value >> 12), tail(6), tail(0)]
        default: output += [UInt8(0xf0 | (value >> 18) & 7), tail(12), tail(6), tail(0)]
        }
    }
}
