internal import PatternMatching

/// The values of one request and response that rules look at, with all their bytes in one buffer.
///
/// Not the `ValueTable` of the built-in engine, which judges value by value as they come: the language's rules ask for all
/// values of a kind, in order, and for flags of their own. How bytes are stored both share.
struct SecLangValues {
    struct Value {
        var kind: Int
        var name: Range<Int>
        var bytes: Range<Int>
    }

    struct Flags: OptionSet {
        let rawValue: Int
        static let bodyError = Flags(rawValue: 1)
        static let multipartStrictError = Flags(rawValue: 2)
        static let unmatchedBoundary = Flags(rawValue: 4)
        static let inboundDataError = Flags(rawValue: 8)
        static let outboundDataError = Flags(rawValue: 16)
        /// Something was too much to look at.
        static let isIncomplete = Flags(rawValue: 32)
    }

    private(set) var values: [Value] = []
    var bytes: [UInt8] = []
    var flags: Flags = []
    var fileBytes = 0
    /// The values of each kind, in order: `ordered[starts[kind]..<starts[kind + 1]]`.
    private(set) var ordered: [Int] = []
    private(set) var starts = [Int](repeating: 0, count: SecLangVariable.storedCount + 1)
    private(set) var limits = SecLangLimits.standard

    mutating func reset(_ limits: SecLangLimits) {
        self.limits = limits
        values.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        flags = []
        fileBytes = 0
    }

    private func room(for wanted: Int) -> Int {
        max(0, min(wanted, limits.maximumValueLength, limits.maximumBytes - bytes.count))
    }

    /// Copies bytes behind what is there, as much as the limits permit.
    mutating func store(_ text: Span<UInt8>) -> Range<Int> {
        let (stored, isWhole) = bytes.store(text, room: room(for: text.count))
        if !isWhole { flags.insert(.isIncomplete) }
        return stored
    }

    mutating func store(bytes text: [UInt8]) -> Range<Int> { store(text.span) }

    mutating func store(_ text: String) -> Range<Int> { store(text.utf8.span) }

    /// The same, percent-encoding undone, and `+` read as a space where forms write it so.
    mutating func storeDecoded(_ text: Span<UInt8>, plusIsSpace: Bool = true) -> Range<Int> {
        let room = room(for: text.count)
        let (stored, isWhole) = bytes.storeDecoded(text, room: room, plusIsSpace: plusIsSpace)
        if !isWhole { flags.insert(.isIncomplete) }
        return stored
    }

    mutating func add(_ variable: SecLangVariable, name: Range<Int> = 0..<0, _ value: Range<Int>) {
        guard values.count < limits.maximumValues else {
            flags.insert(.isIncomplete)
            return
        }
        values.append(Value(kind: Int(variable.rawValue), name: name, bytes: value))
    }

    mutating func add(_ variable: SecLangVariable, _ text: Span<UInt8>) {
        let stored = store(text)
        add(variable, stored)
    }

    mutating func add(_ variable: SecLangVariable, _ text: String) { add(variable, text.utf8.span) }

    /// A named value, and its name as a value of its own.
    mutating func add(
        _ variable: SecLangVariable, _ names: SecLangVariable, name: Range<Int>, _ value: Range<Int>
    ) {
        add(variable, name: name, value)
        add(names, name: name, name)
    }

    /// Sorts by kind, after values were added.
    mutating func index() {
        var counts = [Int](repeating: 0, count: 0)
        swap(&counts, &starts)
        for kind in counts.indices { counts[kind] = 0 }
        for value in values { counts[value.kind + 1] += 1 }
        for kind in 1..<counts.count { counts[kind] += counts[kind - 1] }
        ordered.removeAll(keepingCapacity: true)
        ordered.append(contentsOf: repeatElement(0, count: values.count))
        for (index, value) in values.enumerated() {
            ordered[counts[value.kind]] = index
            counts[value.kind] += 1
        }
        // Each now stands at its end, which is the next one's start.
        for kind in stride(from: counts.count - 1, to: 0, by: -1) { counts[kind] = counts[kind - 1] }
        counts[0] = 0
        swap(&counts, &starts)
    }

    func range(of kind: Int) -> Range<Int> { starts[kind]..<starts[kind + 1] }

    func first(_ variable: SecLangVariable) -> Range<Int>? {
        let range = range(of: Int(variable.rawValue))
        return range.isEmpty ? nil : values[ordered[range.lowerBound]].bytes
    }

    // MARK: Working on stored bytes. `bytes` is read while the output beside it is written.

    func transform(_ range: Range<Int>, _ transformation: SecLangTransformation, into output: inout [UInt8]) {
        transformation.apply(bytes.span.extracting(range), into: &output)
    }

    func leaves(_ range: Range<Int>, _ transformation: SecLangTransformation) -> Bool {
        transformation.leaves(bytes.span.extracting(range))
    }

    func digest(
        _ range: Range<Int>, _ transformation: SecLangTransformation, _ memory: inout DigestMemory,
        into output: inout [UInt8]
    ) {
        memory.apply(transformation, bytes.span.extracting(range), into: &output)
    }

    func scan(_ range: Range<Int>, for index: LiteralIndex, into found: inout [UInt64], at start: Int) {
        index.scan(bytes.span.extracting(range), into: &found, at: start)
    }

    func match(
        _ range: Range<Int>, _ pattern: Pattern, _ scratch: borrowing MatchScratch, captures: inout [Range<Int>]
    ) -> Pattern.Outcome {
        pattern.firstMatch(in: bytes.span.extracting(range), scratch, captures: &captures)
    }
}
