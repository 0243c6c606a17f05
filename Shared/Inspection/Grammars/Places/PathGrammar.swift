/// Whether a value climbs a directory tree, its dots and slashes written in any of the ways that some decoder on the
/// way to the file system undoes: percent (any number of times), overlong UTF-8, `%u`, `\x`, `0x2e`, full-width forms.
///
/// A single plain `../` is what relative links look like; more than one step, or a step that hides, is not.
package enum PathGrammar {
    private enum Atom {
        case dot
        case slash
        case other
    }

    private struct Unit {
        var value: UInt32
        var length: Int
        var isDisguised = false
    }

    package static func judge(_ text: Span<UInt8>) -> GrammarVerdict? {
        var steps = 0
        var disguisedSteps = 0
        var first = 0
        var index = 0
        while index < text.count {
            guard let step = step(text, at: index) else {
                index += unit(text, index).length
                continue
            }
            if steps == 0 { first = index }
            steps += 1
            if step.isDisguised { disguisedSteps += 1 }
            index += step.length
            if steps >= 2 || disguisedSteps > 0 { return GrammarVerdict(.certain, first..<index) }
        }
        return nil
    }

    /// Two to four dots, then a slash; or the other way round at the end of the text.
    private static func step(_ text: Span<UInt8>, at start: Int) -> (length: Int, isDisguised: Bool)? {
        var index = start
        var dots = 0
        var isDisguised = false
        while index < text.count, dots < 5 {
            let unit = unit(text, index)
            guard atom(unit) == .dot else { break }
            dots += 1
            isDisguised = isDisguised || unit.isDisguised
            index += unit.length
        }
        guard (2...4).contains(dots), !follows(text, start) else { return nil }
        // `..;/` and a null byte: two servers on the way understand them differently.
        if index < text.count, text[index] == UInt8(ascii: ";") || text[index] == 0 {
            isDisguised = true
            index += 1
        }
        guard index < text.count else { return nil }
        let unit = unit(text, index)
        guard atom(unit) == .slash else { return nil }
        return (index + unit.length - start, isDisguised || unit.isDisguised)
    }

    /// A dot after a letter belongs to a name: `wait...//`
    private static func follows(_ text: Span<UInt8>, _ start: Int) -> Bool {
        start > 0 && (text[start - 1].isLetter || text[start - 1] == UInt8(ascii: "."))
    }

    private static func atom(_ unit: Unit) -> Atom {
        switch unit.value {
        case 0x2e, 0xff0e, 0x3002: .dot
        // U+F025 and U+EFC8 are what one server's best-fit table makes slashes of.
        case 0x2f, 0x5c, 0x2215, 0x2216, 0x2044, 0xff0f, 0xff3c, 0xf025, 0xefc8: .slash
        default: .other
        }
    }

    // MARK: Writing

    /// The character that stands at `index`, however it is written.
    private static func unit(_ text: Span<UInt8>, _ index: Int) -> Unit {
        let first = byteUnit(text, index)
        guard first.value >= 0xc0, first.value <= 0xef, index + first.length < text.count else { return first }
        let second = byteUnit(text, index + first.length)
        let length = first.length + second.length
        if first.value <= 0xc1 {
            let value = second.value < 0x80 ? second.value : (first.value & 0x1f) << 6 | second.value & 0x3f
            return Unit(value: value, length: length, isDisguised: true)
        }
        guard first.value >= 0xe0, second.value & 0xc0 == 0x80, index + length < text.count else { return first }
        let third = byteUnit(text, index + length)
        guard third.value & 0xc0 == 0x80, third.value < 0x100 else { return first }
        let value = (first.value & 0xf) << 12 | (second.value & 0x3f) << 6 | third.value & 0x3f
        return Unit(value: value, length: length + third.length, isDisguised: true)
    }

    private static func byteUnit(_ text: Span<UInt8>, _ index: Int) -> Unit {
        switch text[index] {
        case UInt8(ascii: "%"): return percent(text, index)
        case UInt8(ascii: "\\"):
            if text.hasPrefix("x", at: index + 1), let value = Escapes.hex(text, index + 2, digits: 2) {
                return Unit(value: value, length: 4, isDisguised: true)
            }
            if text.hasPrefix("u", at: index + 1), let value = Escapes.hex(text, index + 2, digits: 4) {
                return Unit(value: value, length: 6, isDisguised: true)
            }
            return Unit(value: 0x5c, length: 1)
        case UInt8(ascii: "0") where text.isOne(of: ["0x2e", "0x2f", "0x5c"], at: index):
            return Unit(value: Escapes.hex(text, index + 2, digits: 2) ?? 0, length: 4, isDisguised: true)
        case UInt8(ascii: "&") where text.isOne(of: ["&#46;", "&#47;", "&#92;"], at: index):
            let value: UInt32 =
                text[index + 3] == UInt8(ascii: "6") ? 0x2e : text[index + 3] == UInt8(ascii: "7") ? 0x2f : 0x5c
            return Unit(value: value, length: 5, isDisguised: true)
        default: return Unit(value: UInt32(text[index]), length: 1)
        }
    }

    /// `%2e`, `%252e`, `%%32%65`, `%u002e`
    private static func percent(_ text: Span<UInt8>, _ start: Int) -> Unit {
        var index = start + 1
        while text.hasPrefix("25", at: index), index - start < 32 { index += 2 }
        if text.hasPrefix("u", at: index), let value = Escapes.hex(text, index + 1, digits: 4) {
            return Unit(value: value, length: index + 5 - start, isDisguised: true)
        }
        if let value = Escapes.hex(text, index, digits: 2) {
            return Unit(value: value, length: index + 2 - start, isDisguised: true)
        }
        guard text.hasPrefix("%3", at: start + 1), text.hasPrefix("%", at: start + 4),
            let high = Escapes.hex(text, start + 2, digits: 2), let low = Escapes.hex(text, start + 5, digits: 2),
            let value = UInt8(truncatingIfNeeded: high).hexValue, let rest = UInt8(truncatingIfNeeded: low).hexValue
        else { return Unit(value: UInt32(text[start]), length: 1) }
        return Unit(value: UInt32(value) << 4 | UInt32(rest), length: 7, isDisguised: true)
    }
}
