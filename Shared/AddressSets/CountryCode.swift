/// Two letters of ISO 3166-1, or that nobody knows.
package struct CountryCode: Hashable, Sendable, CustomStringConvertible {
    private let letters: UInt16

    package static let unknown = CountryCode(letters: 0)

    private init(letters: UInt16) { self.letters = letters }

    /// Two capital letters; nil for anything else.
    package init?(_ text: some Collection<UInt8>) {
        guard text.count == 2, text.allSatisfy({ $0 &- 0x41 < 26 }) else { return nil }
        letters = text.reduce(0) { $0 << 8 | UInt16($1) }
    }

    package init?(_ text: String) {
        if text == "unknown" { self = .unknown } else { self.init(Array(text.utf8)) }
    }

    package var description: String {
        self == .unknown ? "unknown" : String(decoding: [UInt8(letters >> 8), UInt8(letters & 255)], as: UTF8.self)
    }
}
