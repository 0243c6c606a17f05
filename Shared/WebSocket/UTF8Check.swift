/// Whether bytes that come in pieces are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF.
struct UTF8Check {
    /// Continuation bytes still owed, and what the next of them may be.
    private var owed = 0
    private var allowed: ClosedRange<UInt8> = 0x80...0xbf

    /// The text may end here.
    var isAtBoundary: Bool { owed == 0 }

    /// Whether it can still become valid text.
    mutating func accept(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if owed > 0 {
                guard allowed.contains(byte) else { return false }
                owed -= 1
                allowed = 0x80...0xbf
            } else if byte >= 0x80 {
                guard begin(byte) else { return false }
            }
        }
        return true
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xc2...0xdf: owed = 1
        case 0xe0: (owed, allowed) = (2, 0xa0...0xbf)
        case 0xed: (owed, allowed) = (2, 0x80...0x9f)
        case 0xe1...0xef: owed = 2
        case 0xf0: (owed, allowed) = (3, 0x90...0xbf)
        case 0xf4: (owed, allowed) = (3, 0x80...0x8f)
        case 0xf1...0xf3: owed = 3
        default: return false
        }
        return true
    }
}
