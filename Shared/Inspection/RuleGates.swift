internal import PatternMatching

/// Which rules are worth asking about a value, told from the value as it stands before any of their transformations:
/// most values leave none, and for those nothing else is computed.
///
/// A gate is one way in which a rule can match: its sets of bytes, its literals, its least length. The gates are about a
/// value whose escapes are undone (`Transformation.base`); what is done to it after that may only remove bytes and write
/// spaces and slashes, so what a gate asks for is widened accordingly, and literals are cut where a form might have been
/// joined.
///
/// A class, so that asking it copies nothing.
final class RuleGates: Sendable {
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
    private let blanks: Classes
    private let comments: Classes
    /// For each class that gates need a member of, these gates; and all these classes.
    private let needs: [(byte: Classes, gates: RuleBits)]
    let relevant: Classes
    private let longEnough: [RuleBits]
    /// Gates without literals, and those whose literals may be torn by quotes, by blanks, and by comments.
    private let open: RuleBits
    private let needsUnquoted: RuleBits
    private let longestUnquoted: Int
    private let tornByBlanks: RuleBits
    private let tornByComments: RuleBits
    private let literals: LiteralAutomaton
    /// The literals of the gates that blanks may tear.
    private let joined: LiteralAutomaton

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
        blanks = Self.mask([ByteSet(0...0x20 as ClosedRange<UInt8>)], &classes)
        comments = Self.mask([Transformation.replaceSQLComments.triggers], &classes)
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
        longestUnquoted =
            drafts.lazy.filter { rules[$0.rule].transformations.contains(.unquoteShell) }
            .flatMap { $0.gate.literals + $0.gate.words.map(\.bytes) }.map(\.count).max() ?? 0
        tornByBlanks = gates { _, gate in gate.isJoined && gate.needsLiteral }
        tornByComments = gates { _, gate in gate.isTornByComments }
        func literals(where isMember: (GateDraft) -> Bool) -> [(bytes: [UInt8], tags: RuleBits)] {
            drafts.indices.flatMap { gate in
                drafts[gate].gate.literals.filter { _ in isMember(drafts[gate].gate) }.map { ($0, RuleBits(gate)) }
            }
        }
        self.literals = LiteralAutomaton(
            literals { _ in true },
            words: drafts.indices.flatMap { gate in
                drafts[gate].gate.words.map { ($0.bytes, RuleBits(gate), $0.edges) }
            })
        joined = LiteralAutomaton(literals(where: \.isJoined), passesBlanks: true)
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

    /// Of the `possible` gates those that the text passes. `output` is lent.
    func passed(
        _ possible: RuleBits, _ table: borrowing ValueTable, _ range: Range<Int>, _ found: Classes,
        _ output: inout [UInt8]
    ) -> RuleBits {
        let text = table.bytes.span.extracting(range)
        let long = possible & longEnough[min(text.count, Self.lengths - 1)]
        var met = found.intersects(comments) ? open | tornByComments : open
        let unsure = long & ~met
        guard !unsure.isEmpty else { return long }
        let inPieces = found.intersects(blanks) ? tornByBlanks : .zero
        if !(unsure & ~inPieces).isEmpty { met |= literals.scan(text) & ~inPieces }
        if !(unsure & inPieces).isEmpty { met |= joined.scan(text) }
        if found.intersects(quoting), !(unsure & needsUnquoted & ~met).isEmpty {
            output.removeAll(keepingCapacity: true)
            ShellQuoting.removeNearby(text, reach: longestUnquoted, into: &output)
            met |= literals.scan(output.span) & needsUnquoted
        }
        return long & met
    }
}

extension Transformation {
    /// What comes first in nearly every chain.
    static let base: [Transformation] = [.unescape, .foldUnicode, .removeNulls]
}
