internal import PatternMatching

/// `t:jsDecode`, `t:cssDecode`, `t:escapeSeqDecode`: what stands after a backslash.
enum EscapeTransformations {
    static func javaScript(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        while index < input.count {
            guard input[index] == UInt8(ascii: "\\"), index + 1 < input.count else {
                output.append(input[index])
                index += 1
                continue
            }
            let next = input[index + 1]
            if next == UInt8(ascii: "u"), let unit = Escapes.hex(input, index + 2, digits: 4) {
                output.append(lowByte(of: unit))
                index += 6
            } else if next == UInt8(ascii: "x"), let byte = Escapes.hex(input, index + 2, digits: 2) {
                output.append(UInt8(byte))
                index += 4
            } else if let (byte, length) = octal(input, index + 1) {
                output.append(byte)
                index += 1 + length
            } else {
                output.append(control(next) ?? next)
                index += 2
            }
        }
    }

    /// ModSecurity keeps the low byte only; of full-width forms (U+FF01…FF5E) the ASCII they stand for.
    static func lowByte(of unit: UInt32) -> UInt8 {
        let low = UInt8(truncatingIfNeeded: unit)
        return unit >> 8 == 0xff && low > 0 && low < 0x5f ? low + 0x20 : low
    }

    private static func control(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "a"): 0x07
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "v"): 0x0b
        default: nil
        }
    }

    private static func octal(_ input: Span<UInt8>, _ start: Int) -> (UInt8, Int)? {
        var value = 0
        var index = start
        while index < input.count, index - start < 3, (0x30...0x37).contains(input[index]) {
            let longer = value * 8 + Int(input[index] - 0x30)
            if longer > 255 { break }
            value = longer
            index += 1
        }
        return index > start ? (UInt8(value), index - start) : nil
    }

    static func ansiC(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        while index < input.count {
            guard input[index] == UInt8(ascii: "\\"), index + 1 < input.count else {
                output.append(input[index])
                index += 1
                continue
            }
            let next = input[index + 1]
            if let byte = control(next) ?? plain(next) {
                output.append(byte)
                index += 2
            } else if next == UInt8(ascii: "x") || next == UInt8(ascii: "X"),
                let byte = Escapes.hex(input, index + 2, digits: 2)
            {
                output.append(UInt8(byte))
                index += 4
            } else if next == UInt8(ascii: "x") || next == UInt8(ascii: "X") {
                output.append(input[index])
                index += 1
            } else {
                let (byte, length) = longOctal(input, index + 1) ?? (next, 1)
                output.append(byte)
                index += 1 + length
            }
        }
    }

    /// Three digits may exceed a byte; its low part counts.
    private static func longOctal(_ input: Span<UInt8>, _ start: Int) -> (UInt8, Int)? {
        var value = 0
        var index = start
        while index < input.count, index - start < 3, (0x30...0x37).contains(input[index]) {
            value = value * 8 + Int(input[index] - 0x30)
            index += 1
        }
        return index > start ? (UInt8(truncatingIfNeeded: value), index - start) : nil
    }

    private static func plain(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "'"), UInt8(ascii: "\""): byte
        default: nil
        }
    }

    /// One to six hexadecimal digits, of which the last two count, and one white space after them.
    static func css(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        while index < input.count {
            guard input[index] == UInt8(ascii: "\\") else {
                output.append(input[index])
                index += 1
                continue
            }
            guard index + 1 < input.count else { return }
            var end = index + 1
            while end < input.count, end - index <= 6, input[end].hexValue != nil { end += 1 }
            let digits = end - index - 1
            if digits > 0 {
                output.append(cssByte(input, index + 1, digits))
                index = end
                if index < input.count, input[index].isSpace { index += 1 }
            } else if input[index + 1] == 0x0a {
                index += 2
            } else {
                output.append(input[index + 1])
                index += 2
            }
        }
    }

    private static func cssByte(_ input: Span<UInt8>, _ start: Int, _ digits: Int) -> UInt8 {
        var value: UInt32 = 0
        for offset in 0..<digits { value = value << 4 | UInt32(input[start + offset].hexValue ?? 0) }
        guard digits >= 4 else { return UInt8(truncatingIfNeeded: value) }
        // Five and six digits: full width only if what stands before `ff` is zero.
        return lowByte(of: digits == 4 || value <= 0xffff ? value : value & 0xff)
    }
}

/// `t:htmlEntityDecode`: numbers and the five names, with or without the semicolon.
enum EntityTransformation {
    static func decode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        while index < input.count {
            // What stands between two signs is copied at once: the body of a form is 64 KiB with few entities in it.
            let sign = input.place(of: UInt8(ascii: "&"), from: index)
            output.append(input.extracting(index..<sign))
            guard sign < input.count else { return }
            if let (byte, length) = entity(input, sign + 1) {
                output.append(byte)
                index = sign + 1 + length
                if index < input.count, input[index] == UInt8(ascii: ";") { index += 1 }
            } else {
                output.append(UInt8(ascii: "&"))
                index = sign + 1
            }
        }
    }

    private static let names: [(StaticString, UInt8)] = [
        ("quot", 0x22), ("amp", 0x26), ("lt", 0x3c), ("gt", 0x3e), ("nbsp", 0xa0),
    ]

    private static func entity(_ input: Span<UInt8>, _ start: Int) -> (UInt8, Int)? {
        guard start < input.count else { return nil }
        if input[start] == UInt8(ascii: "#") { return number(input, start + 1).map { ($0, $1 + 1) } }
        var end = start
        while end < input.count, end - start < 5, input[end].isAlphanumeric { end += 1 }
        for (name, byte) in names where name.utf8CodeUnitCount == end - start && input.hasPrefix(name, at: start) {
            return (byte, end - start)
        }
        return nil
    }

    private static func number(_ input: Span<UInt8>, _ start: Int) -> (UInt8, Int)? {
        guard start < input.count else { return nil }
        let isHex = input[start].lowercased == UInt8(ascii: "x")
        let first = isHex ? start + 1 : start
        var index = first
        var value: UInt32 = 0
        while index < input.count, let digit = input[index].hexValue, isHex || digit < 10 {
            value = value &* (isHex ? 16 : 10) &+ UInt32(digit)
            index += 1
        }
        return index > first ? (UInt8(truncatingIfNeeded: value), index - start) : nil
    }
}

extension UInt8 {
    var isAlphanumeric: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
    }
}
