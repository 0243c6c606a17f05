internal import Synchronization

/// A time-ordered identifier (RFC 9562 §5.7): 48 bits of milliseconds, then 74 random bits.
///
/// The first 12 random bits continue the previous identifier's when two fall into one millisecond or the clock was set
/// back, so identifiers made by one process always increase.
package struct UUIDv7: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init() {
        var random = SystemRandomNumberGenerator()
        self.init(now: .now, random.next(), random.next())
    }

    /// For who makes many: without a system call, and without asking the clock.
    package init(now: Timestamp, from random: inout RandomReserve) {
        self.init(now: now, random.next(), random.next())
    }

    private init(now: Timestamp, _ first: UInt64, _ second: UInt64) {
        high = Self.nextHigh(nowMilliseconds: UInt64(max(0, now.milliseconds)), random: first)
        low = second & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    }

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// From its 16 bytes on the wire; nil for any other length. The version is not checked: peers may use others.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// From `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, in either case.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 36, let bytes = Hex.decode(text.utf8.filter { $0 != UInt8(ascii: "-") }) else {
            return nil
        }
        self.init(bytes: bytes)
    }

    package var bytes: [UInt8] {
        (0..<16).map { index in
            let word = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index % 8)))
        }
    }

    package var timestamp: Timestamp { Timestamp(milliseconds: Int64(high >> 16)) }

    package var description: String { ShortText.make(capacity: 36, write) }
    /// The description's bytes.
    package var text: [UInt8] { ShortText.makeBytes(capacity: 36, write) }

    private func write(to text: inout ShortText) {
        text.append(hexadecimal: high >> 32, digits: 8)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: high >> 16, digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: high, digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: low >> 48, digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: low, digits: 12)
    }

    package static func < (left: UUIDv7, right: UUIDv7) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// Milliseconds and the 12-bit counter of the newest identifier, as one 60-bit number.
    private static let newest = Atomic<UInt64>(0)

    private static func nextHigh(nowMilliseconds: UInt64, random: UInt64) -> UInt64 {
        let fresh = nowMilliseconds << 12 | random & 2_047
        var previous = newest.load(ordering: .relaxed)
        while true {
            let candidate = max(fresh, previous &+ 1)
            let (exchanged, original) = newest.weakCompareExchange(
                expected: previous, desired: candidate, ordering: .relaxed)
            if exchanged { return (candidate >> 12) << 16 | 0x7000 | (candidate & 0xfff) }
            previous = original
        }
    }
}
