internal import Glibc

/// The character classes of RFC 9110 §5 and the comparisons made of them. No table in memory, no String.
enum HTTPSyntax {
    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")
    static let colon = UInt8(ascii: ":")

    /// RFC 9110 §5.6.2.
    static func isToken(_ byte: UInt8) -> Bool { contains(tokenLow, tokenHigh, byte) }

    /// What a field's value may hold (RFC 9110 §5.5): visible, blank, tab or beyond ASCII. No control byte, so no NUL,
    /// CR or LF.
    static func isFieldContent(_ byte: UInt8) -> Bool { byte >= 0x20 ? byte != 0x7f : byte == tab }

    /// What we accept in a request target: visible ASCII but `#`. RFC 3986 allows fewer, yet browsers and curl send
    /// `|`, `"`, `<` and the like, and whatever is refused here the inspection never sees.
    static func isTarget(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#") }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// Whether one of the bytes lacks the bit that small letters, digits and `-` have.
    static func mayHoldCapital(_ bytes: Span<UInt8>) -> Bool {
        var common: UInt8 = 0x20
        for index in bytes.indices { common &= bytes[index] }
        return common == 0
    }

    static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    private static func contains(_ low: UInt64, _ high: UInt64, _ byte: UInt8) -> Bool {
        byte < 128 && (byte < 64 ? low : high) &>> UInt64(byte) & 1 == 1
    }

    /// Digits and ``!#$%&'*+-.``
    private static let tokenLow: UInt64 = 0x03ff_6cfa_0000_0000
    /// Letters and ``^_`|~``
    private static let tokenHigh: UInt64 = 0x57ff_ffff_c7ff_fffe

    // MARK: Looking along

    /// Where the token ends that begins with the range.
    static func endOfToken(in bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        end(in: bytes, range) { isToken($0) }
    }

    static func endOfTarget(in bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        end(in: bytes, range, suspects: suspectsOfTarget) { isTarget($0) }
    }

    static func isFieldContent(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        end(in: bytes, range, suspects: suspectsOfContent) { isFieldContent($0) } == range.upperBound
    }

    /// Where the first byte stands, from `start` on, that no field holds.
    static func endOfFieldContent(in bytes: Span<UInt8>, from start: Int) -> Int {
        end(in: bytes, start..<bytes.count, suspects: suspectsOfContent) { isFieldContent($0) }
    }

    /// Eight bytes at a time: the values of fields and the target are most of a head. `suspects` marks, by its highest bit,
    /// the first byte of a word that may be no part, and perhaps more behind it; which `isPart` then decides.
    @inline(__always)
    private static func end(
        in bytes: Span<UInt8>, _ range: Range<Int>, suspects: (UInt64) -> UInt64, while isPart: (UInt8) -> Bool
    ) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            precondition(range.upperBound <= bytes.count)
            var index = range.lowerBound
            while index < range.upperBound {
                if index &+ 8 <= range.upperBound {
                    let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
                    let found = suspects(word)
                    guard found != 0 else {
                        index &+= 8
                        continue
                    }
                    index &+= found.trailingZeroBitCount / 8
                }
                // The last eight, of which some were looked at before.
                let last = range.upperBound &- 8
                if index > last, last >= range.lowerBound,
                    unsafe suspects(bytes.loadUnaligned(fromByteOffset: last, as: UInt64.self).littleEndian) == 0
                {
                    return range.upperBound
                }
                guard unsafe isPart(bytes[index]) else { return index }
                index &+= 1
            }
            return range.upperBound
        }
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// Below 0x20, or 0x7f (the usual subtract-and-borrow test).
    @inline(__always)
    private static func suspectsOfContent(_ word: UInt64) -> UInt64 {
        let delete = word ^ (ones &* 0x7f)
        return ((word &- ones &* 0x20) & ~word | (delete &- ones) & ~delete) & (ones &* 0x80)
    }

    /// Up to 0x20, from 0x7f on, or `#`.
    @inline(__always)
    private static func suspectsOfTarget(_ word: UInt64) -> UInt64 {
        let delete = word ^ (ones &* 0x7f)
        let number = word ^ (ones &* 0x23)
        return ((word &- ones &* 0x21) & ~word | (delete &- ones) & ~delete | (number &- ones) & ~number | word)
            & (ones &* 0x80)
    }

    @inline(__always)
    private static func end(in bytes: Span<UInt8>, _ range: Range<Int>, while isPart: (UInt8) -> Bool) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            precondition(range.upperBound <= bytes.count)
            var index = range.lowerBound
            while index < range.upperBound, unsafe isPart(bytes[index]) { index += 1 }
            return index
        }
    }

    // MARK: Comparing

    static func equal(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe memcmp(bytes.baseAddress ?? UnsafeRawPointer(text.utf8Start), text.utf8Start, bytes.count) == 0
        }
    }

    /// `text` is in lower case.
    static func equalIgnoringCase(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in bytes.indices {
            guard unsafe lowercase(bytes[index]) == text.utf8Start[index] else { return false }
        }
        return true
    }

    /// `text` is in lower case.
    static func equalIgnoringCase(_ bytes: Span<UInt8>, _ text: Span<UInt8>) -> Bool {
        guard bytes.count == text.count else { return false }
        for index in bytes.indices where lowercase(bytes[index]) != text[index] { return false }
        return true
    }

    static func string(_ bytes: Span<UInt8>) -> String {
        unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    static func array(_ bytes: Span<UInt8>) -> [UInt8] {
        unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Where a byte stands in a part of `bytes`.
    static func first(_ byte: UInt8, in bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        unsafe bytes.withUnsafeBytes { bytes in
            precondition(range.upperBound <= bytes.count)
            guard let base = bytes.baseAddress else { return nil }
            let found = unsafe memchr(base + range.lowerBound, Int32(byte), range.count)
            return unsafe found.map { unsafe UnsafeRawPointer($0) - base }
        }
    }

    /// Where the next line feed stands, at or after `start`.
    static func lineFeed(in bytes: Span<UInt8>, from start: Int) -> Int? {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count else { return nil }
            let found = unsafe memchr(base + start, Int32(lineFeed), bytes.count - start)
            return unsafe found.map { unsafe UnsafeRawPointer($0) - base }
        }
    }

    // MARK: Numbers

    /// `1*DIGIT` without sign, blank or overflow (RFC 9110 §8.6).
    static func decimal(_ digits: Span<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var value = 0
        for index in digits.indices {
            guard isDigit(digits[index]) else { return nil }
            value = value * 10 + Int(digits[index] - 0x30)
        }
        return value
    }
}
