/// What W3C Trace Context calls `traceparent`: which trace a piece of work belongs to, and which span caused it.
package struct TraceContext: Hashable, Sendable, CustomStringConvertible {
    package let traceHigh: UInt64
    package let traceLow: UInt64
    package let span: UInt64
    package let isSampled: Bool

    package init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.isSampled = isSampled
    }

    /// A new trace with a root span.
    package static func root(isSampled: Bool = true) -> TraceContext {
        var random = SystemRandomNumberGenerator()
        return TraceContext(
            traceHigh: random.next(), traceLow: random.next() | 1, span: random.next() | 1, isSampled: isSampled)
    }

    package static func root(from random: inout RandomReserve) -> TraceContext {
        TraceContext(traceHigh: random.next(), traceLow: random.next() | 1, span: random.next() | 1, isSampled: true)
    }

    /// The same trace, a span below this one.
    package func child() -> TraceContext {
        TraceContext(traceHigh: traceHigh, traceLow: traceLow, span: .random(in: 1 ... .max), isSampled: isSampled)
    }

    package func child(from random: inout RandomReserve) -> TraceContext {
        TraceContext(traceHigh: traceHigh, traceLow: traceLow, span: random.next() | 1, isSampled: isSampled)
    }

    /// Reads `00-<32 hex>-<16 hex>-<2 hex>`. As the specification demands, upper case and all-zero identifiers are
    /// refused, and a later version is read by its first four fields.
    package init?(_ text: some StringProtocol) {
        let characters = Array(text.utf8)
        let dash = UInt8(ascii: "-")
        guard characters.count >= 55, characters[2] == dash, characters[35] == dash, characters[52] == dash,
            let version = Self.number(characters[0..<2]), version != 0xff,
            version != 0 ? characters.count == 55 || characters[55] == dash : characters.count == 55,
            let high = Self.number(characters[3..<19]), let low = Self.number(characters[19..<35]), high | low != 0,
            let span = Self.number(characters[36..<52]), span != 0, let flags = Self.number(characters[53..<55])
        else { return nil }
        self.init(traceHigh: high, traceLow: low, span: span, isSampled: flags & 1 == 1)
    }

    package var description: String { ShortText.make(capacity: 55, write) }
    /// The description's bytes.
    package var text: [UInt8] { ShortText.makeBytes(capacity: 55, write) }

    private func write(to text: inout ShortText) {
        text.append(hexadecimal: 0, digits: 2)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: traceHigh, digits: 16)
        text.append(hexadecimal: traceLow, digits: 16)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: span, digits: 16)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: isSampled ? 1 : 0, digits: 2)
    }

    package var traceID: String {
        ShortText.make(capacity: 32) { text in
            text.append(hexadecimal: traceHigh, digits: 16)
            text.append(hexadecimal: traceLow, digits: 16)
        }
    }

    package var spanID: String { ShortText.make(capacity: 16) { $0.append(hexadecimal: span, digits: 16) } }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            guard !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit), let nibble = Hex.value(of: digit) else {
                return nil
            }
            value = value << 4 | UInt64(nibble)
        }
        return value
    }
}
