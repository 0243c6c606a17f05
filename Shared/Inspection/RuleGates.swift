internal import PatternMatching

/// Which rules are worth asking about a value, told from the value as it stands before any of their transformations:
/// most values leave none, and for those nothing else is computed.
///
/// A gate is one way in which a rule can match: its sets of bytes, its literals, its least length. The gates are about a
/// value whose escapes are undone (`Transformation.base`); what is done to it after that may only remove bytes and write
/// spaces and slashes, so what a gate asks for is widened accordingly, and literals are cut where a form might have been
/// joined.
struct RuleGates: Sendable {
    typealias Classes = ByteClasses.Found

    let classes: ByteClasses
    /// For each gate, its rule, and for each rule, its gates.
    let ruleOf: [Int]
    let gatesOfRule: [RuleBits]
    let gatesOfVariable: [RuleBits]
    /// The gates of rules that look at the value as it came.
    let raw: RuleBits
    /// What the base's transformations change.
    let hiding: Classes
    let quoting: Classes
    private let whitespace: Classes
    /// For each class that gates need a member of, these gates; and all these classes.
    private let needs: [(byte: Classes, gates: RuleBits)]
    let relevant: Classes
    private let longEnough: [RuleBits]
    /// Gates without literals, and those whose literals may be torn by quotes or by white space.
    private let open: RuleBits
    let needsUnquoted: RuleBits
    private let tornBySpaces: RuleBits
    private let literals: LiteralAutomaton

    private static let lengths = 32

    init(_ rules: [Rule], _ classes: inout ByteClasses) {
        let drafts = rules.indices.flatMap { rule in GateDraft.all(of: rules[rule]).map { (rule: rule, gate: $0) } }
        precondition(drafts.count <= RuleBits.capacity, "more gates than one set of bits holds")
        func gates(where isMember: (Int, GateDraft) -> Bool) -> RuleBits {
            drafts.indices.reduce(into: RuleBits.zero) { set, gate in
                if isMember(drafts[gate].rule, drafts[gate].gate) { set.insert(gate) }
            }
        }
        ruleOf = drafts.map(\.rule)
        gatesOfRule = rules.indices.map { rule in gates { owner, _ in owner == rule } }
        gatesOfVariable = Variable.allCases.map { variable in
            gates { rule, _ in rules[rule].variables.contains(variable) }
        }
        raw = gates { rule, _ in !rules[rule].transformations.starts(with: Transformation.base) }
        hiding = Self.mask(Transformation.base.map(\.triggers), &classes)
        whitespace = Self.mask([Transformation.whitespace], &classes)
        quoting = Self.mask([Transformation.unquoteShell.triggers], &classes)
        var missing: [RuleBits] = []
        for (number, draft) in drafts.enumerated() {
            for set in draft.gate.sets {
                // A set that finds no room is not asked for: the gate is only wider for it.
                guard let index = classes.add(set) else { continue }
                while missing.count <= index { missing.append(.zero) }
                missing[index].insert(number)
            }
        }
        needs = missing.indices.compactMap { number in
            missing[number].isEmpty ? nil : (ByteClasses.bit(number), missing[number])
        }
        relevant = needs.reduce(into: Classes.zero) { $0 |= $1.byte }
        self.classes = classes
        longEnough = (0..<Self.lengths).map { length in
            gates { _, gate in min(gate.minimumLength, Self.lengths - 1) <= length }
        }
        open = gates { _, gate in !gate.needsLiteral }
        needsUnquoted = gates { rule, gate in
            rules[rule].transformations.contains(.unquoteShell) && gate.needsLiteral
        }
        tornBySpaces = gates { rule, _ in rules[rule].transformations.contains(.removeWhitespace) }
        literals = LiteralAutomaton(
            drafts.indices.flatMap { gate in drafts[gate].gate.literals.map { ($0, RuleBits(gate)) } },
            words: drafts.indices.flatMap { gate in drafts[gate].gate.words.map { ($0, RuleBits(gate)) } })
    }

    private static func mask(_ sets: [ByteSet], _ classes: inout ByteClasses) -> Classes {
        sets.reduce(into: Classes.zero) { mask, set in
            guard let number = classes.add(set) else { preconditionFailure("the first sets find room") }
            mask |= ByteClasses.bit(number)
        }
    }

    /// The gates that a value with these bytes may pass, its length and literals not looked at.
    func possible(_ variable: Variable, _ found: Classes) -> RuleBits {
        var possible = gatesOfVariable[Int(variable.rawValue)]
        for need in needs where !found.intersects(need.byte) { possible &= ~need.gates }
        return possible
    }

    /// Of the `possible` gates those that the text passes. Whether literals stand in it once its quotes are gone is for
    /// `passedUnquoted`.
    func passed(_ possible: RuleBits, _ text: Span<UInt8>, _ found: Classes) -> RuleBits {
        var long = possible & longEnough[min(text.count, Self.lengths - 1)]
        if found.intersects(quoting) { long &= ~needsUnquoted }
        let free = found.intersects(whitespace) ? open | tornBySpaces : open
        guard !(long & ~free).isEmpty else { return long }
        return long & (literals.scan(text) | free)
    }

    /// The same for gates whose literals quotes may tear; `text` is without them.
    func passedUnquoted(_ possible: RuleBits, _ text: Span<UInt8>) -> RuleBits {
        let long = possible & needsUnquoted & longEnough[min(text.count, Self.lengths - 1)]
        return long.isEmpty ? long : long & literals.scan(text)
    }
}

extension Transformation {
    /// What comes first in nearly every chain.
    static let base: [Transformation] = [.unescape, .foldUnicode, .removeNulls]
}
