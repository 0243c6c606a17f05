/// What every match of a regular expression contains: what a value must have before it is worth running the expression.
package struct PatternRequirements: Sendable {
    /// Each is a choice: one of its literals (lower case) stands in the match, letter case ignored. The rarest first.
    package private(set) var literals: [[[UInt8]]] = []
    /// Each has a member in the match. The rarest first.
    package private(set) var bytes: [ByteSet] = []
    package private(set) var minimumLength = 0

    package init(minimumLength: Int = 0, literals: [[[UInt8]]] = [], bytes: [ByteSet] = []) {
        self.literals = literals
        self.bytes = bytes
        self.minimumLength = minimumLength
    }

    /// Nothing is required of an expression that the parser does not understand.
    package init(of pattern: [UInt8], _ options: Pattern.Options) {
        guard let tree = RegexSyntax.parse(pattern, options) else { return }
        let facts = Facts(of: tree)
        minimumLength = facts.minimumLength
        literals = facts.allChoices.filter { Self.isUseful($0) }.sorted { Rarity.of($0) < Rarity.of($1) }
        bytes = Rarity.sorted(facts.bytes.filter { Rarity.of($0) < 0.7 })
    }

    private static func isUseful(_ choice: [[UInt8]]) -> Bool { choice.count <= 600 && choice.allSatisfy(isUseful) }

    /// A single letter stands nearly everywhere; a single sign may still be rare.
    package static func isUseful(_ literal: [UInt8]) -> Bool {
        literal.count > 1 || literal.count == 1 && Rarity.of(literal[0]) <= 0.01
    }
}

/// How likely something stands in an ordinary value, roughly: only the order matters.
package enum Rarity {
    static func of(_ byte: UInt8) -> Double {
        switch byte {
        case 0x61...0x7a, 0x41...0x5a: frequent.contains(byte | 0x20) ? 0.06 : 0.02
        case 0x30...0x39: 0.03
        case 0x20: 0.05
        case 0x2d...0x2f, 0x5f, 0x3a, 0x3d, 0x26, 0x3b, 0x2c, 0x28, 0x29: 0.012
        case 0x21...0x7e: 0.004
        default: 0.001
        }
    }

    private static let frequent = Set("etaoinsr".utf8)

    static func of(_ literal: [UInt8]) -> Double { literal.reduce(1) { $0 * of($1) } }
    package static func of(_ choice: [[UInt8]]) -> Double { choice.reduce(0) { $0 + of($1) } }
    package static func of(_ set: ByteSet) -> Double {
        var sum = 0.0
        for word in 0..<4 {
            var bits = set.words[word]
            while bits != 0 {
                sum += ofByte[word << 6 | bits.trailingZeroBitCount]
                bits &= bits &- 1
            }
        }
        return sum
    }

    private static let ofByte = (0...255 as ClosedRange<UInt8>).map { of($0) }

    /// The rarest first. Each is weighed once.
    package static func sorted(_ sets: some Sequence<ByteSet>) -> [ByteSet] {
        sets.map { (set: $0, rarity: of($0)) }.sorted { $0.rarity < $1.rarity }.map(\.set)
    }

    /// The rarest window of at most `length` bytes: as good a gate as the whole, in a smaller automaton.
    package static func window(_ literal: [UInt8], _ length: Int) -> [UInt8] {
        guard literal.count > length else { return literal }
        var best = Array(literal[0..<length])
        for start in 1...(literal.count - length) {
            let candidate = Array(literal[start..<(start + length)])
            if of(candidate) < of(best) * 0.2 { best = candidate }
        }
        return best
    }
}

/// What is known of one part of an expression.
private struct Facts {
    private static let maximumExact = 96
    private static let maximumUnion = 600
    private static let maximumLiteral = 24
    /// Longer is not told apart.
    private static let maximumLength = 1 << 20

    /// All that the part can match, in lower case, if that is a small list.
    var exact: [[UInt8]]?
    var choices: [[[UInt8]]] = []
    var bytes: [ByteSet] = []
    var minimumLength = 0

    var allChoices: [[[UInt8]]] {
        guard let exact, !exact.contains([]) else { return choices }
        return choices + [exact]
    }

    private var best: [[UInt8]]? { allChoices.min { Rarity.of($0) < Rarity.of($1) } }

    private init() {}

    init(of tree: RegexSyntax) {
        switch tree {
        case .empty:
            self.init()
            exact = [[]]
        case .anything: self.init()
        case .byte(let set): self.init(set)
        case .sequence(let parts): self.init(sequence: parts)
        case .alternatives(let parts): self.init(alternatives: parts.map { Facts(of: $0) })
        case .repeated(let part, let minimum, let maximum): self.init(Facts(of: part), minimum, maximum)
        }
    }

    private init(_ set: ByteSet) {
        minimumLength = 1
        bytes = [set]
        var members: Set<UInt8> = []
        for byte in 0...255 as ClosedRange<UInt8> where set.contains(byte) {
            members.insert((0x41...0x5a).contains(byte) ? byte | 0x20 : byte)
        }
        if members.count <= 10 { exact = members.sorted().map { [$0] } }
    }

    private init(_ part: Facts, _ minimum: Int, _ maximum: Int?) {
        guard minimum > 0 else {
            if maximum == 1, let inner = part.exact, inner.count < 16 { exact = Array(Set(inner + [[]])) }
            return
        }
        minimumLength = min(part.minimumLength * min(minimum, Self.maximumLength), Self.maximumLength)
        bytes = part.bytes
        guard minimum == 1, maximum == 1 else {
            choices = part.allChoices
            if minimum == maximum, minimum <= 8, let inner = part.exact {
                exact = (1..<minimum).reduce(inner) { found, _ in found.flatMap { Self.product($0, inner) } }
            }
            return
        }
        exact = part.exact
        choices = part.choices
    }

    private static func product(_ left: [[UInt8]]?, _ right: [[UInt8]]) -> [[UInt8]]? {
        guard let left, left.count * right.count <= maximumExact else { return nil }
        let all = left.flatMap { head in right.map { head + $0 } }
        return all.contains { $0.count > maximumLiteral } ? nil : Array(Set(all))
    }

    private init(sequence parts: [RegexSyntax]) {
        var run: [[UInt8]] = [[]]
        var isExact = true
        for part in parts {
            let facts = Facts(of: part)
            minimumLength = min(minimumLength + facts.minimumLength, Self.maximumLength)
            bytes += facts.bytes
            choices += facts.choices
            if let inner = facts.exact, let longer = Self.product(run, inner) {
                run = longer
                continue
            }
            isExact = false
            if !run.contains([]) { choices.append(run) }
            run = facts.exact ?? [[]]
            // A long run goes on with what came last, so that its parts are still found together.
        }
        if isExact { exact = run } else if !run.contains([]) { choices.append(run) }
        trim()
    }

    private init(alternatives parts: [Facts]) {
        minimumLength = parts.map(\.minimumLength).min() ?? 0
        let all = parts.map(\.exact)
        if all.allSatisfy({ $0 != nil }) {
            let union = Set(all.flatMap { $0 ?? [] })
            if union.count <= Self.maximumExact {
                exact = Array(union)
            } else if !union.contains([]) {
                choices = [Array(union)]
            }
        } else {
            let bests = parts.map(\.best)
            if bests.allSatisfy({ $0 != nil }) {
                let union = Set(bests.flatMap { $0 ?? [] })
                if union.count <= Self.maximumUnion { choices = [Array(union)] }
            }
        }
        let sets = parts.map { facts in Rarity.sorted(facts.bytes).first }
        if sets.allSatisfy({ $0 != nil }) { bytes = [sets.reduce(ByteSet()) { $0 | ($1 ?? ByteSet()) }] }
    }

    /// A few of each, the rarest, so that large expressions stay cheap to look at.
    private mutating func trim() {
        if choices.count > 4 { choices = Array(choices.sorted { Rarity.of($0) < Rarity.of($1) }.prefix(4)) }
        if bytes.count > 4 { bytes = Array(Rarity.sorted(bytes).prefix(4)) }
    }
}
