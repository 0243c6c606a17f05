/// Whether an address in a value leads where its reader would not expect: inside, or to a host that only looks like
/// another. Numeric hosts are read as resolvers read them (1 to 4 parts; decimal, octal, hexadecimal).
package enum URLGrammar {
    private static let maximumAddresses = 16

    package static func judge(_ text: Span<UInt8>) -> GrammarVerdict? {
        var verdict: GrammarVerdict?
        var index = 0
        var addresses = 0
        while index + 2 < text.count, addresses < maximumAddresses, verdict?.confidence != .certain {
            guard isSlash(text[index]), isSlash(text[index + 1]), hasScheme(text, index) else {
                index += 1
                continue
            }
            addresses += 1
            while index < text.count, isSlash(text[index]) { index += 1 }
            verdict = GrammarVerdict.stronger(verdict, judgeAuthority(text, from: index))
        }
        return verdict
    }

    private static func isSlash(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") }

    /// `//` after a scheme, or at the very start.
    private static func hasScheme(_ text: Span<UInt8>, _ slash: Int) -> Bool {
        slash == 0 || (slash > 2 && text[slash - 1] == UInt8(ascii: ":") && text[slash - 2].isLetter)
    }

    private static func judgeAuthority(_ text: Span<UInt8>, from start: Int) -> GrammarVerdict? {
        var end = start
        var sign: Int?
        let limit = min(text.count, start + 512)
        while end < limit, text[end] > 0x20, !isSlash(text[end]), text[end] != UInt8(ascii: "?"),
            text[end] != UInt8(ascii: "#")
        {
            if text[end] == UInt8(ascii: "@") { sign = end }
            end += 1
        }
        let host = (sign.map { $0 + 1 } ?? start)..<end
        let range = start..<max(start + 1, end)
        if let sign, isHostLike(text, start..<sign), !host.isEmpty { return GrammarVerdict(.certain, range) }
        switch address(text, host) {
        case .none: return nil
        case .disguised: return GrammarVerdict(.certain, range)
        case .plain(let value): return isInside(value) ? GrammarVerdict(.certain, range) : nil
        }
    }

    /// `https://bank.example@evil.example`: what stands before the sign is a name for the server, and looks like one.
    private static func isHostLike(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var dots = 0
        for index in range {
            if text[index] == UInt8(ascii: ".") { dots += 1 }
            if text[index] == UInt8(ascii: ":") { return false }
        }
        return dots > 0
    }

    private enum Address {
        case none
        case plain(UInt32)
        case disguised
    }

    private static func address(_ text: Span<UInt8>, _ host: Range<Int>) -> Address {
        var parts: [UInt64] = []
        var isPlain = true
        var index = host.lowerBound
        while index < host.upperBound, parts.count < 5 {
            guard let part = part(text, &index, host.upperBound) else { return .none }
            parts.append(part.value)
            isPlain = isPlain && part.isDecimal
            guard index < host.upperBound, text[index] == UInt8(ascii: ".") else { break }
            index += 1
        }
        guard index == host.upperBound || text[index] == UInt8(ascii: ":"), (1...4).contains(parts.count) else {
            return .none
        }
        if isPlain, parts.count == 4, parts.allSatisfy({ $0 < 256 }) {
            return .plain(parts.reduce(0) { $0 << 8 | UInt32($1) })
        }
        // One short number is a port or a year that lost its host; two are a version.
        let isLong = parts.count > 2 || parts[0] > 0xff_ffff || !isPlain || parts[0] == 127 || parts == [0]
        return isLong && !(isPlain && parts.count == 3 && parts[2] < 256) ? .disguised : .none
    }

    private static func part(
        _ text: Span<UInt8>, _ index: inout Int, _ end: Int
    ) -> (value: UInt64, isDecimal: Bool)? {
        let start = index
        var value: UInt64 = 0
        if text.hasPrefix("0x", at: index) {
            index += 2
            while index < end, let digit = text[index].hexValue {
                value = value &* 16 &+ UInt64(digit)
                index += 1
            }
            return index > start + 2 && index - start < 20 ? (value, false) : nil
        }
        while index < end, text[index].isDigit {
            value = value &* 10 &+ UInt64(text[index] - 0x30)
            index += 1
        }
        guard index > start, index - start < 16 else { return nil }
        return (value, !(text[start] == UInt8(ascii: "0") && index - start > 1))
    }

    /// Loopback, this network, link-local (where clouds keep their metadata).
    private static func isInside(_ address: UInt32) -> Bool {
        address >> 24 == 127 || address >> 24 == 0 || address >> 16 == 0xa9fe || address == 0x6464_64c8
    }
}
