/// A set of field names, made once and asked for every field of every message.
///
/// Of names that are known (`HTTPKnownName`) it knows beforehand what the answer is, a bit for each. Another is asked for by
/// a key made of its length and its first and last letters: of two words each key has a bit in, which sends nearly every
/// field away; then the keys are compared, and one name at the most letter by letter.
package struct HTTPFieldNames: Sendable, ExpressibleByArrayLiteral {
    private struct Entry: Sendable {
        let key: UInt64
        let name: [UInt8]
    }

    private let entries: [Entry]
    private let keys: (UInt64, UInt64)
    /// The known names that belong to the set, and those that count as one of them though they are only alike.
    private var known: UInt64 = 0
    private var alike: UInt64 = 0
    /// Whether a name that is not known may belong to it.
    private var hasOthers = false
    /// What every name that begins with it belongs to the set by; nearly every set has none.
    private var beginning: [UInt8] = []
    /// Whether `_` counts as `-`.
    private var isLoose = false

    /// In lower case.
    package init(arrayLiteral names: String...) { self.init(names) }

    package init(_ names: [String]) {
        entries = names.filter { !$0.isEmpty }.map { name in
            let name = Array(name.utf8)
            return Entry(key: Self.key(name.span), name: name)
        }
        keys = entries.reduce((0, 0)) { keys, entry in
            let bits = Self.bits(entry.key)
            return (keys.0 | bits.0, keys.1 | bits.1)
        }
        learn()
    }

    /// Asks itself about every known name, once.
    private mutating func learn() {
        (known, alike) = (0, 0)
        for name in HTTPKnownName.allCases {
            let bit = HTTPNameMark(name).bit
            if search(Array(name.rawValue.utf8).span) { known |= bit }
            // Every known name with a `-` has one that is alike; the others have none.
            let alikeName = name.rawValue.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
            if search(alikeName.span) { alike |= bit }
        }
        hasOthers = !beginning.isEmpty || entries.contains { HTTPNameMark($0.name.span).isUnknown }
    }

    package func union(_ other: HTTPFieldNames) -> HTTPFieldNames {
        var all = HTTPFieldNames((entries + other.entries).map { String(decoding: $0.name, as: UTF8.self) })
        all.beginning = beginning.isEmpty ? other.beginning : beginning
        all.learn()
        return all
    }

    /// The set, and every longer name that begins so. In lower case.
    package func andAll(beginningWith beginning: String) -> HTTPFieldNames {
        var all = self
        all.beginning = Array(beginning.utf8)
        all.learn()
        return all
    }

    /// The set, with every name written with `_` in place of `-`: CGI and what descends from it read both alike.
    package func andAlike() -> HTTPFieldNames {
        var all = self
        all.isLoose = true
        all.learn()
        return all
    }

    /// Whether the name of a field that stands in `bytes` is one of them.
    @inline(__always)
    func contains(_ field: HTTPHeaders.Field, in bytes: Span<UInt8>) -> Bool {
        if field.mark.isUnknown { return hasOthers && search(bytes.extracting(field.name)) }
        return holds(field.mark)
    }

    @inline(__always)
    private func holds(_ mark: HTTPNameMark) -> Bool { (mark.isExact ? known : alike) & mark.bit != 0 }

    package func contains(_ name: [UInt8]) -> Bool { contains(name.span) }

    /// A name without control bytes.
    package func contains(_ name: Span<UInt8>) -> Bool {
        let mark = HTTPNameMark(name)
        return mark.isUnknown ? hasOthers && search(name) : holds(mark)
    }

    private func search(_ name: Span<UInt8>) -> Bool {
        guard !name.isEmpty else { return false }
        if !beginning.isEmpty && begins(name) { return true }
        let key = Self.key(name)
        let bits = Self.bits(key)
        guard keys.0 & bits.0 != 0, keys.1 & bits.1 != 0 else { return false }
        for entry in entries where entry.key == key {
            if isEqual(name, entry.name.span) { return true }
        }
        return false
    }

    private func begins(_ name: Span<UInt8>) -> Bool {
        let beginning = beginning
        guard name[0] | 0x20 == beginning[0], name.count > beginning.count else { return false }
        return isEqual(name.extracting(first: beginning.count), beginning.span)
    }

    private func isEqual(_ name: Span<UInt8>, _ known: Span<UInt8>) -> Bool {
        HTTPSyntax.equalIgnoringCase(name, known) || isLoose && Self.isAlike(name, known)
    }

    private static func isAlike(_ name: Span<UInt8>, _ known: Span<UInt8>) -> Bool {
        guard name.count == known.count else { return false }
        for index in 0..<name.count {
            let letter = name[index] == UInt8(ascii: "_") ? UInt8(ascii: "-") : HTTPSyntax.lowercase(name[index])
            guard letter == known[index] else { return false }
        }
        return true
    }

    /// One of 64 bits each, by the upper bits of products that mix all of the key.
    private static func bits(_ key: UInt64) -> (UInt64, UInt64) {
        (1 &<< ((key &* 0x9e37_79b9_7f4a_7c15) >> 58), 1 &<< ((key &* 0xc2b2_ae3d_27d4_eb4f) >> 58))
    }

    /// Names that differ in it differ, whatever their case.
    private static func key(_ name: Span<UInt8>) -> UInt64 {
        UInt64(truncatingIfNeeded: name.count) << 16 | UInt64(name[0] | 0x20) << 8 | UInt64(name[name.count - 1] | 0x20)
    }
}
