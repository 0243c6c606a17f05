internal import PatternMatching

/// Which members of a collection are meant.
enum CompiledSelector: Sendable {
    case all
    /// Lower case.
    case name([UInt8])
    /// Members whose names begin so, which is what `/^header_name_/` says. Lower case.
    case prefix([UInt8])
    case pattern(Pattern)

    init(_ selector: RuleTarget.Selector) throws(RuleTextProblem) {
        switch selector {
        case .all: self = .all
        case .name(let name): self = .name(name)
        case .xmlText: self = .name(Array("/*".utf8))
        case .xmlAttributes: self = .name(Array("//@*".utf8))
        case .pattern(let text)
        where text.first == UInt8(ascii: "^") && text.dropFirst().allSatisfy(\.isPlainWordByte):
            self = .prefix(text.dropFirst().map(\.lowercased))
        case .pattern(let text):
            do {
                self = .pattern(try Pattern(text, [.dotMatchesNewlines, .caseInsensitive]))
            } catch {
                throw RuleTextProblem("\(error)", "correct the selector")
            }
        }
    }

    func selects(key name: [UInt8], _ scratch: borrowing MatchScratch) -> Bool { selects(name.span, scratch) }

    func selects(_ name: Span<UInt8>, _ scratch: borrowing MatchScratch) -> Bool {
        switch self {
        case .all: true
        case .name(let wanted): name.equalsIgnoringCase(wanted.span)
        case .prefix(let wanted):
            name.count >= wanted.count && name.extracting(first: wanted.count).equalsIgnoringCase(wanted.span)
        case .pattern(let pattern): pattern.firstMatch(in: name, 0, scratch) != .noMatch
        }
    }
}

extension Pattern {
    func firstMatch(in bytes: Span<UInt8>, _ start: Int, _ scratch: borrowing MatchScratch) -> Outcome {
        firstMatch(in: bytes, from: start, scratch)
    }
}

/// A rule's target with its names resolved. A class so that handing it around is one counter.
final class CompiledTarget: Sendable {
    let variable: SecLangVariable
    /// The kinds of stored values it takes in; empty for what is computed or written by rules.
    let kinds: [Int]
    let selector: CompiledSelector
    let isCount: Bool
    /// The cell of a named member of a writable collection.
    let cell: Int?

    init(variable: SecLangVariable, kinds: [Int], selector: CompiledSelector, isCount: Bool, cell: Int?) {
        self.variable = variable
        self.kinds = kinds
        self.selector = selector
        self.isCount = isCount
        self.cell = cell
    }
}

/// A text with macros, resolved. A class so that handing it around is one counter.
final class CompiledMacro: Sendable {
    enum Piece: Sendable {
        case literal([UInt8])
        case cell(Int)
        case value(CompiledTarget)
    }

    let pieces: [Piece]
    /// The text if nothing is to be replaced, and what it is as a number.
    let literal: [UInt8]?
    let number: Int
    /// Written the way a number is written out.
    let isPlainNumber: Bool
    /// The one cell that is all of it.
    let cell: Int?

    /// Whether nothing of the request comes into it.
    var isConstant: Bool {
        pieces.allSatisfy { piece in
            if case .value = piece { return false }
            return true
        }
    }

    init(_ text: MacroText, _ names: inout CellNames) throws(RuleTextProblem) {
        let number = text.literal.map { $0.span.leadingNumber } ?? 0
        literal = text.literal
        self.number = number
        isPlainNumber = text.literal.map { $0.elementsEqual(String(number).utf8) } ?? false
        var pieces: [Piece] = []
        for part in text.parts {
            switch part {
            case .literal(let bytes): pieces.append(.literal(bytes))
            case .value(let target):
                let compiled = try names.compile(target)
                pieces.append(compiled.cell.map { .cell($0) } ?? .value(compiled))
            }
        }
        self.pieces = pieces
        if pieces.count == 1, case .cell(let only) = pieces[0] { cell = only } else { cell = nil }
    }
}

/// Members of writable collections that rules name: each gets a cell, so that no name is looked up while a request waits.
struct CellNames: Sendable {
    struct Key: Hashable, Sendable {
        var variable: SecLangVariable
        var name: [UInt8]
    }

    private(set) var keys: [Key] = []
    /// The collection of each cell.
    private(set) var collections: [SecLangVariable] = []
    private(set) var cells: [Key: Int] = [:]

    /// `TX:0` to `TX:9`, the captures, are the cells 0 to 9.
    init() {
        for digit in UInt8(ascii: "0")...UInt8(ascii: "9") { _ = cell(.transaction, [digit]) }
    }

    mutating func cell(_ variable: SecLangVariable, _ name: [UInt8]) -> Int {
        let key = Key(variable: variable, name: name.map(\.lowercased))
        if let known = cells[key] { return known }
        cells[key] = keys.count
        keys.append(key)
        collections.append(variable)
        return keys.count - 1
    }

    mutating func compile(_ target: RuleTarget) throws(RuleTextProblem) -> CompiledTarget {
        var cell: Int?
        if target.variable.isWritable, case .name(let name) = target.selector {
            cell = self.cell(target.variable, name)
        }
        return CompiledTarget(
            variable: target.variable, kinds: target.variable.parts.filter(\.isStored).map { Int($0.rawValue) },
            selector: try CompiledSelector(target.selector), isCount: target.isCount, cell: cell)
    }
}
