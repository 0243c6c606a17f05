internal import PatternMatching

/// One way in which a rule can match, as far as it can be told before the rule's transformations.
struct GateDraft {
    private(set) var sets: [ByteSet] = []
    private(set) var literals: [[UInt8]] = []
    private(set) var words: [(bytes: [UInt8], edges: WordEdges)] = []
    /// The literals are looked for in the value without its blanks.
    private(set) var isJoined = false
    /// SQL's comments may stand where a literal was joined.
    private(set) var isTornByComments = false
    private(set) var minimumLength = 0

    var needsLiteral: Bool { !literals.isEmpty || !words.isEmpty }

    private static let windowLength = 8
    private static let maximumSets = 3
    /// A set that nearly every value has a member of tells nothing, and what letters a value has tells little.
    private static let frequent = 0.4
    private static let letters =
        ByteSet((0x41...0x5a as ClosedRange<UInt8>)) | ByteSet(0x61...0x7a as ClosedRange<UInt8>)

    static func all(of rule: Rule) -> [GateDraft] {
        switch rule.condition {
        case .grammar(let grammar):
            return grammar.gates.map { gate in
                let choice = gate.literals.map { Array($0.utf8) }
                let isChoice = !choice.isEmpty && gate.words.isEmpty
                var draft = GateDraft(rule, bytes: gate.bytes, choices: isChoice ? [choice] : [])
                draft.isJoined = draft.isJoined || gate.isJoined
                guard !gate.words.isEmpty else { return draft }
                draft.literals = choice
                let edges = gate.followers.map { WordEdges.name.followed(by: $0) } ?? .name
                draft.words = gate.words.map { (Array($0.utf8), edges) }
                return draft
            }
        case .matches(let text):
            // The engine compiles it the same way.
            let known = PatternRequirements(of: Array(text.utf8), [.dotMatchesNewlines])
            return [
                GateDraft(
                    rule, bytes: Array(known.bytes.prefix(3)), choices: Array(known.literals.prefix(2)),
                    known.minimumLength)
            ]
        case .isOneOf(let values):
            return [GateDraft(rule, bytes: [], choices: [values.map { Array($0.utf8) }])]
        case .isLongerThan(let length): return [GateDraft(rule, bytes: [], choices: [], length + 1)]
        case .containsLiteral: return [GateDraft(rule, bytes: [], choices: [])]
        }
    }

    private init(_ rule: Rule, bytes: [ByteSet], choices: [[[UInt8]]], _ minimumLength: Int = 0) {
        let chain = rule.transformations
        self.minimumLength = minimumLength
        let own = rule.literals.isEmpty ? [] : [rule.literals.map { Array($0.utf8) }]
        let usable = (own + choices).map { Choice($0, chain) }.filter { !$0.literals.contains([]) }
        // Whatever is done to a literal, each of its bytes stands somewhere.
        sets = usable.map { choice in Self.widened(ByteSet(choice.literals.compactMap(Self.rarest)), chain) }
        let long = usable.filter { !$0.literals.allSatisfy { $0.count == 1 } }
        if let known = rule.words, !known.joined.isEmpty {
            literals = known.joined
            isJoined = true
            isTornByComments = chain.contains(.replaceSQLComments)
        } else if let known = rule.words {
            words = known.spelled
            literals = rule.literals.map { Array($0.utf8) }.filter { !$0.contains(where: \.isLetter) }
        } else if let best = long.min(by: { Rarity.of($0.literals) < Rarity.of($1.literals) }) {
            self.minimumLength = max(minimumLength, best.literals.map(\.count).min() ?? 0)
            literals = Array(Set(best.literals.map { Rarity.window($0, Self.windowLength) }))
            isJoined = best.isJoined || chain.contains(.removeWhitespace)
            isTornByComments = best.isJoined && chain.contains(.replaceSQLComments)
        }
        sets += (rule.bytes + bytes).map { Self.widened($0, chain) }
        let telling = Set(sets).filter { Rarity.of($0) < Self.frequent && !$0.intersects(Self.letters) }
        sets = Array(telling.sorted { Rarity.of($0) < Rarity.of($1) }.prefix(Self.maximumSets))
    }

    private static func rarest(_ literal: [UInt8]) -> UInt8? {
        literal.min { Rarity.of([[$0]]) < Rarity.of([[$1]]) }
    }

    /// Literals of which one stands in the value if one of the rule's stands in its form.
    private struct Choice {
        var literals: [[UInt8]]
        /// They are spelled without the blanks between their words.
        var isJoined = false

        init(_ literals: [[UInt8]], _ chain: [Transformation]) {
            let keepsSigns = !chain.contains(.normalizePath) && !chain.contains(.unquoteShell)
            isJoined = keepsSigns && literals.contains { $0.contains(where: Transformation.whitespace.contains) }
            guard !isJoined else {
                self.literals = literals.map { literal in
                    literal.filter { !Transformation.whitespace.contains($0) }.map(\.lowercased)
                }
                return
            }
            self.literals = literals.map { Self.longestPart(of: $0, chain) }
        }

        private static func longestPart(of literal: [UInt8], _ chain: [Transformation]) -> [UInt8] {
            let isNormalized = chain.contains(.normalizePath)
            let parts = literal.split { byte in
                Transformation.whitespace.contains(byte) || isNormalized && (byte == 0x2f || byte == 0x5c)
            }
            return parts.max { $0.count < $1.count }.map { $0.map(\.lowercased) } ?? []
        }
    }

    /// With the bytes that a transformation makes a member of.
    private static func widened(_ set: ByteSet, _ chain: [Transformation]) -> ByteSet {
        var wide = set.ignoringCase
        if set.contains(0x20) {
            wide = wide | Transformation.whitespace
            if chain.contains(.replaceSQLComments) { wide = wide | ByteSet("*/") }
            if chain.contains(.unquoteShell) { wide = wide | ByteSet("$+") }
        }
        if set.contains(0x2f), chain.contains(.normalizePath) { wide.insert(0x5c) }
        return wide
    }
}
