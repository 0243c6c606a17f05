/// An IPv4 or IPv6 address as one 128-bit number. IPv4 is kept in its mapped form (`::ffff:a.b.c.d`), so that an address
/// that arrives on a dual-stack socket equals the same one written as IPv4.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(v4: UInt32) { self.init(high: 0, low: 0xffff_0000_0000 | UInt64(v4)) }

    package static let v4Loopback = IPAddress(v4: 0x7f00_0001)

    package var isV4: Bool { high == 0 && low >> 32 == 0xffff }

    /// 4 bytes or 16, as on the wire; nil for any other length.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let low = bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if bytes.count == 4 {
            self.init(v4: UInt32(low))
        } else {
            self.init(high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, low: low)
        }
    }

    /// The shortest form: 4 bytes for IPv4, 16 for IPv6.
    package var bytes: [UInt8] {
        (isV4 ? 12..<16 : 0..<16).map(byte)
    }

    package init?(_ text: some StringProtocol) {
        self.init(ascii: Array(text.utf8)[...])
    }

    package init?(ascii text: ArraySlice<UInt8>) {
        guard text.count <= 45 else { return nil }
        guard let address = text.contains(UInt8(ascii: ":")) ? Self.v6(text) : Self.v4(text) else { return nil }
        self = address
    }

    /// RFC 5952: lower case, no leading zeros, the longest run of zero groups shortened.
    package var description: String {
        if isV4 { return v4Description }
        let groups = [high, low].flatMap { word in (0..<4).map { UInt16(truncatingIfNeeded: word >> (48 - 16 * $0)) } }
        let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard let zeros = Self.longestZeroRun(in: groups) else { return text(groups[...]) }
        return text(groups[..<zeros.lowerBound]) + "::" + text(groups[zeros.upperBound...])
    }

    private var v4Description: String {
        ShortText.make(capacity: 15) { text in
            for index in 12..<16 {
                if index > 12 { text.append(UInt8(ascii: ".")) }
                text.append(decimal: byte(index))
            }
        }
    }

    /// Of 16, the most significant first.
    package func byte(_ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - 8 * (index & 7)))
    }

    private static func longestZeroRun(in groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start: Int?
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 {
                start = start ?? index
            } else if let first = start {
                if index - first > max(1, best?.count ?? 0) { best = first..<index }
                start = nil
            }
        }
        return best
    }

    private static func v4(_ text: ArraySlice<UInt8>) -> IPAddress? {
        var (value, part): (UInt32, UInt32) = (0, 0)
        var (dots, digits) = (0, 0)
        for byte in text {
            if byte == UInt8(ascii: ".") {
                guard digits > 0, dots < 3 else { return nil }
                value = value << 8 | part
                (part, digits) = (0, 0)
                dots += 1
                continue
            }
            // No zero before other digits: some read an octal number then.
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), digits == 0 || part > 0 else { return nil }
            part = part * 10 + UInt32(byte - UInt8(ascii: "0"))
            digits += 1
            guard part <= 255 else { return nil }
        }
        return dots == 3 && digits > 0 ? IPAddress(v4: value << 8 | part) : nil
    }

    private static func v6(_ text: ArraySlice<UInt8>) -> IPAddress? {
        guard let gap = firstGap(in: text) else {
            guard let groups = groups(text), groups.count == 8 else { return nil }
            return IPAddress(groups: groups)
        }
        let after = text[(gap + 2)...]
        guard firstGap(in: after) == nil, let head = groups(text[..<gap]), let tail = groups(after),
            head.count + tail.count < 8
        else { return nil }
        return IPAddress(groups: head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    private init(groups: [UInt16]) {
        high = groups[..<4].reduce(0) { $0 << 16 | UInt64($1) }
        low = groups[4...].reduce(0) { $0 << 16 | UInt64($1) }
    }

    private static func firstGap(in text: ArraySlice<UInt8>) -> Int? {
        text.indices.dropLast().first { text[$0] == UInt8(ascii: ":") && text[$0 + 1] == UInt8(ascii: ":") }
    }

    /// The 16-bit groups between colons; the last may be an IPv4 address. Empty text is no group at all.
    private static func groups(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let address = v4(part) else { return nil }
                groups.append(UInt16(truncatingIfNeeded: address.low >> 16))
                groups.append(UInt16(truncatingIfNeeded: address.low))
            } else {
                guard (1...4).contains(part.count) else { return nil }
                var value: UInt16 = 0
                for digit in part {
                    guard let nibble = Hex.value(of: digit) else { return nil }
                    value = value << 4 | UInt16(nibble)
                }
                groups.append(value)
            }
        }
        return groups.count <= 8 ? groups : nil
    }
}

/// A block of addresses in CIDR notation. A bare address is a block of one. Host bits must be zero: `10.0.0.1/8` is
/// refused, because whoever wrote it meant something else.
package struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
    package let address: IPAddress
    /// Of the 128-bit form: an IPv4 `/24` is 120.
    package let prefixLength: Int

    package init?(_ address: IPAddress, prefixLength: Int) {
        guard (0...128).contains(prefixLength), address.masked(to: prefixLength) == address else { return nil }
        self.address = address
        self.prefixLength = prefixLength
    }

    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first), parts.count <= 2 else { return nil }
        guard parts.count == 2 else {
            self.init(address, prefixLength: 128)
            return
        }
        let width = address.isV4 ? 32 : 128
        guard let length = Int(parts[1]), (0...width).contains(length), String(length) == parts[1] else { return nil }
        self.init(address, prefixLength: length + 128 - width)
    }

    package func contains(_ candidate: IPAddress) -> Bool { candidate.masked(to: prefixLength) == address }

    package var description: String {
        prefixLength == 128 ? "\(address)" : "\(address)/\(address.isV4 ? prefixLength - 96 : prefixLength)"
    }
}

extension IPAddress {
    /// The address with all bits beyond `length` (of 128) cleared.
    package func masked(to length: Int) -> IPAddress {
        IPAddress(
            high: length >= 64 ? high : high & ~(.max >> UInt64(length)),
            low: length >= 128 ? low : length <= 64 ? 0 : low & ~(.max >> UInt64(length - 64)))
    }
}
