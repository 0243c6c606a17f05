/// A regular expression as a tree, as far as it is needed to say what any match must contain. It is not for matching:
/// whatever the parser does not know makes it give up, and then nothing is required.
indirect enum RegexSyntax {
    /// Matches without taking a byte: an anchor, a look-around, the empty alternative.
    case empty
    case byte(ByteSet)
    case sequence([RegexSyntax])
    case alternatives([RegexSyntax])
    case repeated(RegexSyntax, minimum: Int, maximum: Int?)
    /// Takes something that is not known: a back reference.
    case anything

    static func parse(_ pattern: [UInt8], _ options: Pattern.Options) -> RegexSyntax? {
        var parser = RegexParser(pattern, options)
        return parser.parse()
    }
}

private struct RegexParser {
    private static let maximumDepth = 200

    private let text: [UInt8]
    private var index = 0
    private var depth = 0
    private var ignoresCase: Bool
    private var dotIsAll: Bool
    private var isExtended = false

    init(_ text: [UInt8], _ options: Pattern.Options) {
        self.text = text
        ignoresCase = options.contains(.caseInsensitive)
        dotIsAll = options.contains(.dotMatchesNewlines)
    }

    mutating func parse() -> RegexSyntax? {
        guard let tree = alternatives(), index == text.count else { return nil }
        return tree
    }

    private var next: UInt8? { index < text.count ? text[index] : nil }

    private mutating func take(_ wanted: StaticString) -> Bool {
        let length = wanted.utf8CodeUnitCount
        guard index + length <= text.count else { return false }
        for offset in 0..<length where unsafe text[index + offset] != wanted.utf8Start[offset] { return false }
        index += length
        return true
    }

    private mutating func alternatives() -> RegexSyntax? {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.maximumDepth else { return nil }
        let outer = (ignoresCase, dotIsAll, isExtended)
        defer { (ignoresCase, dotIsAll, isExtended) = outer }
        var found: [RegexSyntax] = []
        while true {
            guard let one = sequence() else { return nil }
            found.append(one)
            guard take("|") else { break }
        }
        return found.count == 1 ? found[0] : .alternatives(found)
    }

    private mutating func sequence() -> RegexSyntax? {
        var parts: [RegexSyntax] = []
        while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            if isExtended, byte <= 0x20 {
                index += 1
                continue
            }
            if isExtended, byte == UInt8(ascii: "#") {
                while let byte = next, byte != 0x0a { index += 1 }
                continue
            }
            guard let atom = atom(), let part = quantified(atom) else { return nil }
            parts.append(part)
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quantified(_ atom: RegexSyntax) -> RegexSyntax? {
        guard let byte = next else { return atom }
        var bounds: (Int, Int?)
        switch byte {
        case UInt8(ascii: "*"): bounds = (0, nil)
        case UInt8(ascii: "+"): bounds = (1, nil)
        case UInt8(ascii: "?"): bounds = (0, 1)
        case UInt8(ascii: "{"):
            guard let counted = counts() else { return atom }
            bounds = counted
            index -= 1
        default: return atom
        }
        index += 1
        if next == UInt8(ascii: "?") || next == UInt8(ascii: "+") { index += 1 }
        return .repeated(atom, minimum: bounds.0, maximum: bounds.1)
    }

    /// `{n}`, `{n,}`, `{n,m}`; anything else after a brace is an ordinary character.
    private mutating func counts() -> (Int, Int?)? {
        guard let close = text[index...].firstIndex(of: UInt8(ascii: "}")), close - index < 12 else { return nil }
        let words = text[(index + 1)..<close].split(
            separator: UInt8(ascii: ","), maxSplits: 2, omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
        guard let low = Int(words[0]), words.count <= 2 else { return nil }
        if words.count == 1 {
            index = close + 1
            return (low, low)
        }
        if words[1].isEmpty {
            index = close + 1
            return (low, nil)
        }
        guard let high = Int(words[1]) else { return nil }
        index = close + 1
        return (low, high)
    }

    // MARK: Atoms

    private mutating func atom() -> RegexSyntax? {
        let byte = text[index]
        index += 1
        switch byte {
        case UInt8(ascii: "("): return group()
        case UInt8(ascii: "["): return bracket().map { .byte($0) }
        case UInt8(ascii: "."):
            return .byte(ByteSet((0...255 as ClosedRange<UInt8>).filter { dotIsAll || $0 != 0x0a }))
        case UInt8(ascii: "^"), UInt8(ascii: "$"): return .empty
        case UInt8(ascii: "\\"): return escape()
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"): return nil
        default: return .byte(folded(byte))
        }
    }

    private func folded(_ byte: UInt8) -> ByteSet {
        let isLetter = (0x41...0x5a).contains(byte & 0xdf)
        return ignoresCase && isLetter ? ByteSet([byte & 0xdf, byte | 0x20]) : ByteSet([byte])
    }

    private mutating func group() -> RegexSyntax? {
        if next == UInt8(ascii: "*") { return nil }
        guard take("?") else { return close(alternatives()) }
        if take(":") || take(">") || take("|") { return close(alternatives()) }
        if take("=") || take("!") || take("<=") || take("<!") { return close(alternatives()).map { _ in .empty } }
        if take("#") {
            guard let end = text[index...].firstIndex(of: UInt8(ascii: ")")) else { return nil }
            index = end + 1
            return .empty
        }
        if take("P<") || take("<") || take("'") {
            guard let end = text[index...].firstIndex(where: { $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "'") })
            else { return nil }
            index = end + 1
            return close(alternatives())
        }
        return flags()
    }

    private mutating func close(_ inner: RegexSyntax?) -> RegexSyntax? {
        guard let inner, take(")") else { return nil }
        return inner
    }

    /// `(?i)` for the rest of the group, `(?i:…)` for its own.
    private mutating func flags() -> RegexSyntax? {
        let outer = (ignoresCase, dotIsAll, isExtended)
        var isOn = true
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "-"): isOn = false
            case UInt8(ascii: "i"): ignoresCase = isOn
            case UInt8(ascii: "s"): dotIsAll = isOn
            case UInt8(ascii: "x"): isExtended = isOn
            case UInt8(ascii: "m"), UInt8(ascii: "U"), UInt8(ascii: "n"): break
            case UInt8(ascii: ")"): return .empty
            case UInt8(ascii: ":"):
                let inner = close(alternatives())
                (ignoresCase, dotIsAll, isExtended) = outer
                return inner
            default: return nil
            }
        }
        return nil
    }

    private mutating func escape() -> RegexSyntax? {
        guard let byte = next else { return nil }
        if let shorthand = Self.shorthand(byte) {
            index += 1
            return .byte(shorthand)
        }
        switch byte {
        case UInt8(ascii: "b"), UInt8(ascii: "B"), UInt8(ascii: "A"), UInt8(ascii: "z"), UInt8(ascii: "Z"),
            UInt8(ascii: "G"), UInt8(ascii: "K"):
            index += 1
            return .empty
        case UInt8(ascii: "1")...UInt8(ascii: "9"):
            while let byte = next, (0x30...0x39).contains(byte) { index += 1 }
            return .anything
        case UInt8(ascii: "R"):
            index += 1
            return .repeated(.byte(ByteSet([0x0a, 0x0b, 0x0c, 0x0d, 0x85])), minimum: 1, maximum: 2)
        case UInt8(ascii: "Q"), UInt8(ascii: "E"), UInt8(ascii: "p"), UInt8(ascii: "P"), UInt8(ascii: "k"),
            UInt8(ascii: "g"), UInt8(ascii: "X"), UInt8(ascii: "C"), UInt8(ascii: "N"), UInt8(ascii: "o"):
            return nil
        default: return character().map { .byte(folded($0)) }
        }
    }

    /// An escaped single byte, the backslash already taken.
    private mutating func character() -> UInt8? {
        guard let byte = next else { return nil }
        index += 1
        switch byte {
        case UInt8(ascii: "n"): return 0x0a
        case UInt8(ascii: "r"): return 0x0d
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "f"): return 0x0c
        case UInt8(ascii: "a"): return 0x07
        case UInt8(ascii: "e"): return 0x1b
        case UInt8(ascii: "x"): return hexadecimal()
        case UInt8(ascii: "c"):
            guard let letter = next else { return nil }
            index += 1
            return (letter & 0xdf) ^ 0x40
        case UInt8(ascii: "0"):
            var value = 0
            var count = 0
            while count < 2, let digit = next, (0x30...0x37).contains(digit) {
                value = value * 8 + Int(digit - 0x30)
                index += 1
                count += 1
            }
            return UInt8(value)
        default: return byte
        }
    }

    private mutating func hexadecimal() -> UInt8? {
        func value(_ byte: UInt8) -> Int? { Character(Unicode.Scalar(byte)).hexDigitValue }
        if take("{") {
            guard let end = text[index...].firstIndex(of: UInt8(ascii: "}")),
                let number = Int(String(decoding: text[index..<end], as: UTF8.self), radix: 16), number < 256
            else { return nil }
            index = end + 1
            return UInt8(number)
        }
        var number = 0
        var count = 0
        while count < 2, let byte = next, let digit = value(byte) {
            number = number * 16 + digit
            index += 1
            count += 1
        }
        return UInt8(number)
    }

    private static func shorthand(_ letter: UInt8) -> ByteSet? {
        let digits = Array(0x30...0x39 as ClosedRange<UInt8>)
        let word = digits + Array(0x41...0x5a as ClosedRange<UInt8>) + Array(0x61...0x7a as ClosedRange<UInt8>) + [0x5f]
        let spaces: [UInt8] = [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20]
        let members: [UInt8]
        switch letter | 0x20 {
        case UInt8(ascii: "d"): members = digits
        case UInt8(ascii: "w"): members = word
        case UInt8(ascii: "s"): members = spaces
        case UInt8(ascii: "h"): members = [0x09, 0x20, 0xa0]
        case UInt8(ascii: "v"): members = [0x0a, 0x0b, 0x0c, 0x0d, 0x85]
        default: return nil
        }
        let isComplement = letter & 0x20 == 0
        return isComplement
            ? ByteSet((0...255 as ClosedRange<UInt8>).filter { !members.contains($0) }) : ByteSet(members)
    }

    // MARK: Bracketed classes

    private mutating func bracket() -> ByteSet? {
        var members = [Bool](repeating: false, count: 256)
        let isComplement = take("^")
        var isFirst = true
        while let byte = next {
            if byte == UInt8(ascii: "]"), !isFirst {
                index += 1
                return finish(members, isComplement)
            }
            isFirst = false
            if take("[:") {
                guard let set = named() else { return nil }
                for byte in 0...255 as ClosedRange<UInt8> where set.contains(byte) { members[Int(byte)] = true }
                continue
            }
            guard let low = member(&members) else { return nil }
            guard low >= 0 else { continue }
            var high = low
            if next == UInt8(ascii: "-"), index + 1 < text.count, text[index + 1] != UInt8(ascii: "]") {
                index += 1
                guard let end = member(&members) else { return nil }
                if end < 0 { members[Int(UInt8(ascii: "-"))] = true } else { high = end }
            }
            guard low <= high else { return nil }
            for value in low...high { members[value] = true }
        }
        return nil
    }

    /// One byte, or -1 after a shorthand such as `\w`, whose members are then in.
    private mutating func member(_ members: inout [Bool]) -> Int? {
        guard let byte = next else { return nil }
        index += 1
        guard byte == UInt8(ascii: "\\") else { return Int(byte) }
        guard let letter = next else { return nil }
        if letter == UInt8(ascii: "b") {
            index += 1
            return 0x08
        }
        if let set = Self.shorthand(letter) {
            index += 1
            for byte in 0...255 as ClosedRange<UInt8> where set.contains(byte) { members[Int(byte)] = true }
            return -1
        }
        if letter == UInt8(ascii: "Q") || letter | 0x20 == UInt8(ascii: "p") || letter == UInt8(ascii: "N") {
            return nil
        }
        if (UInt8(ascii: "1")...UInt8(ascii: "7")).contains(letter) { return nil }
        return character().map(Int.init)
    }

    private mutating func named() -> ByteSet? {
        let names: [(StaticString, (UInt8) -> Bool)] = [
            ("alnum:]", { (0x30...0x39).contains($0) || (0x41...0x5a).contains($0 & 0xdf) && $0 < 0x80 }),
            ("alpha:]", { (0x41...0x5a).contains($0 & 0xdf) && $0 < 0x80 }),
            ("digit:]", { (0x30...0x39).contains($0) }),
            ("lower:]", { (0x61...0x7a).contains($0) }), ("upper:]", { (0x41...0x5a).contains($0) }),
            ("space:]", { $0 == 0x20 || (0x09...0x0d).contains($0) }), ("blank:]", { $0 == 0x20 || $0 == 0x09 }),
            ("cntrl:]", { $0 < 0x20 || $0 == 0x7f }), ("graph:]", { (0x21...0x7e).contains($0) }),
            ("print:]", { (0x20...0x7e).contains($0) }),
            (
                "punct:]",
                { (0x21...0x7e).contains($0) && !(0x30...0x39).contains($0) && !(0x41...0x5a).contains($0 & 0xdf) }
            ),
            ("xdigit:]", { (0x30...0x39).contains($0) || (0x41...0x46).contains($0 & 0xdf) }),
            ("word:]", { (0x30...0x39).contains($0) || (0x41...0x5a).contains($0 & 0xdf) && $0 < 0x80 || $0 == 0x5f }),
        ]
        for (name, contains) in names where take(name) {
            return ByteSet((0...255 as ClosedRange<UInt8>).filter(contains))
        }
        return nil
    }

    private func finish(_ members: [Bool], _ isComplement: Bool) -> ByteSet {
        var members = members
        if ignoresCase {
            for letter in 0x41...0x5a where members[letter] || members[letter | 0x20] {
                members[letter] = true
                members[letter | 0x20] = true
            }
        }
        return ByteSet((0...255 as ClosedRange<UInt8>).filter { members[Int($0)] != isComplement })
    }
}
