import Core
import ServiceKit

/// What was found wrong in one reading of the file, in the order of reading.
final class RoutesFileProblems {
    private static let mostTold = 100
    private(set) var all: [String] = []

    func report(_ location: SourceLocation, _ reason: String) {
        if all.count < Self.mostTold { all.append("\(location): \(reason)") }
    }
}

/// A mapping of the file, read key by key. Every reading gives a value of the right kind, or reports what is wrong, with
/// its line and the fix, and gives nil or the default, so that one reading finds every mistake. `end` reports the keys
/// nobody asked for.
final class FileSection {
    let node: YAMLNode
    /// As a message calls it: "a route".
    let name: String
    let problems: RoutesFileProblems
    private var known: Set<String> = []

    init(_ node: YAMLNode, _ name: String, _ problems: RoutesFileProblems) {
        self.node = node
        self.name = name
        self.problems = problems
        if node.entries == nil { report("\(name) is a mapping of keys, not \(node.kindName)") }
    }

    /// The value under `key`; nil when it is absent or empty. From then on the key is a known one.
    subscript(key: String) -> YAMLNode? {
        known.insert(key)
        guard let value = node[key], !value.isNull else { return nil }
        return value
    }

    func has(_ key: String) -> Bool { self[key] != nil }

    func end() {
        for entry in node.entries ?? [] where !known.contains(entry.key) {
            let hint =
                nearest(to: entry.key, among: known).map { "did you mean \($0)?" }
                ?? "use one of \(known.sorted().joined(separator: ", "))"
            problems.report(entry.keyLocation, "\(quoted(entry.key)) is not a key of \(name); \(hint)")
        }
    }

    /// At the value of `key`, or at the section when it has no such key.
    func report(_ reason: String, at key: String? = nil) {
        problems.report(key.flatMap { node[$0]?.location } ?? node.location, reason)
    }

    // MARK: Single values

    func text(_ key: String, upTo length: Int = 1_024) -> String? {
        guard let value = self[key] else { return nil }
        if let text = value.text, !text.isEmpty, text.utf8.count <= length { return text }
        problems.report(value.location, "\(key) has to be a text of 1 to \(length) bytes")
        return nil
    }

    func flag(_ key: String) -> Bool? {
        guard let value = self[key] else { return nil }
        if let flag = value.boolean { return flag }
        problems.report(value.location, "\(key) has to be true or false")
        return nil
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = self[key] else { return nil }
        if let number = value.integer, let number = Int(exactly: number), range.contains(number) { return number }
        problems.report(
            value.location, "\(key) has to be a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = self[key] else { return nil }
        if let number = value.number, range.contains(number) { return number }
        problems.report(value.location, "\(key) has to be a number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    func duration(_ key: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let value = self[key] else { return nil }
        if let duration = value.text.flatMap({ DurationText.parse($0) }), range.contains(duration) { return duration }
        let (least, most) = (DurationText.format(range.lowerBound), DurationText.format(range.upperBound))
        problems.report(
            value.location, "\(key) has to be a duration from \(least) to \(most), written like 500ms or 30s")
        return nil
    }

    func size(_ key: String, in range: ClosedRange<ByteCount>) -> ByteCount? {
        guard let value = self[key] else { return nil }
        if let size = value.text.flatMap({ ByteCount($0) }), range.contains(size) { return size }
        problems.report(
            value.location,
            "\(key) has to be a size from \(range.lowerBound) to \(range.upperBound), written like 64KiB or 10MiB")
        return nil
    }

    /// One of an enumeration's names.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, _ type: Choice.Type) -> Choice? {
        guard let value = self[key] else { return nil }
        if let choice = value.text.flatMap(Choice.init(rawValue:)) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        let hint = value.text.flatMap { nearest(to: $0, among: names) }.map { "; did you mean \($0)?" } ?? ""
        problems.report(value.location, "\(key) has to be one of \(names.joined(separator: ", "))\(hint)")
        return nil
    }

    // MARK: What holds several

    /// A list of texts; one text alone is a list of one.
    func texts(_ key: String, upTo count: Int = 64) -> [String] {
        guard let value = self[key] else { return [] }
        let items = value.items ?? [value]
        let texts = items.compactMap(\.text).filter { !$0.isEmpty && $0.utf8.count <= 1_024 }
        if texts.isEmpty || texts.count != items.count || texts.count > count {
            problems.report(value.location, "\(key) has to be a list of 1 to \(count) texts")
        }
        return texts
    }

    /// The mapping under `key`.
    func section(_ key: String) -> FileSection? {
        self[key].map { FileSection($0, key, problems) }
    }

    /// The list of mappings under `key`, which has to be there when `range` does not begin with 0.
    func sections(_ key: String, of what: String, _ range: ClosedRange<Int>) -> [FileSection] {
        let value = self[key]
        guard value != nil || range.lowerBound > 0 else { return [] }
        guard let items = value?.items, range.contains(items.count) else {
            report("\(key) has to be a list of \(range.lowerBound) to \(range.upperBound), each \(what)", at: key)
            return []
        }
        return items.map { FileSection($0, what, problems) }
    }

    /// The mappings under `key` by the name each has there.
    func named(_ key: String, upTo count: Int = 1_000) -> [(name: String, section: FileSection)] {
        guard let value = self[key] else { return [] }
        guard let entries = value.entries, entries.count <= count else {
            report("\(key) has to be a mapping of up to \(count) names", at: key)
            return []
        }
        return entries.map { ($0.key, FileSection($0.value, "\(key).\($0.key)", problems)) }
    }
}
