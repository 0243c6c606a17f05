internal import PatternMatching

/// The strings and names of a JSON text, without a tree.
///
/// It reads what a lenient parser would: the question is what may reach the application, not whether the text is
/// flawless. Depth is bounded by a counter, not by the stack. Numbers and literals are of no interest.
struct JSONValues {
    private var index = 0
    private var depth = 0
    /// Where the name of each open container stands in the table.
    private var names: [Range<Int>] = []
    private var isObject: [Bool] = []
    private let maximumDepth: Int
    /// What the strings are values of, when the text stands in a value itself.
    private var variable: Variable?
    /// A word stood in it that JSON has not.
    private var isLoose = false

    /// A value that is JSON: each of its strings becomes a value of the same kind. Returns whether it is JSON to the letter,
    /// so that nothing stands in it but these strings.
    static func parse(nested text: Span<UInt8>, in variable: Variable, into table: inout ValueTable) -> Bool {
        var reader = JSONValues(maximumDepth: maximumNestedDepth)
        reader.variable = variable
        return reader.read(text, into: &table) && !reader.isLoose
    }

    private static let maximumNestedDepth = 16

    static func isPlausible(_ text: Span<UInt8>) -> Bool {
        guard text.count > 8 else { return false }
        let last = text[text.count - 1]
        return text[0] == UInt8(ascii: "{") && last == UInt8(ascii: "}")
            || text[0] == UInt8(ascii: "[") && last == UInt8(ascii: "]")
    }

    /// Returns false if the text is not JSON; what was read until then is in the table.
    static func parse(_ text: Span<UInt8>, maximumDepth: Int, into table: inout ValueTable) -> Bool {
        var reader = JSONValues(maximumDepth: maximumDepth)
        return reader.read(text, into: &table)
    }

    private init(maximumDepth: Int) { self.maximumDepth = maximumDepth }

    private mutating func read(_ text: Span<UInt8>, into table: inout ValueTable) -> Bool {
        var name = 0..<0
        var expectsName = false
        while let byte = nextByte(text) {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard names.count < maximumDepth else {
                    if variable == nil { table.anomalies.insert(.tooDeep) }
                    return false
                }
                names.append(name)
                isObject.append(byte == UInt8(ascii: "{"))
                expectsName = byte == UInt8(ascii: "{")
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard let wasObject = isObject.popLast(), wasObject == (byte == UInt8(ascii: "}")) else { return false }
                name = names.popLast() ?? 0..<0
                expectsName = false
            case UInt8(ascii: ","):
                expectsName = isObject.last ?? false
                name = expectsName ? 0..<0 : (names.last ?? 0..<0)
            case UInt8(ascii: ":"): expectsName = false
            case UInt8(ascii: "\""):
                guard let string = readString(text, into: &table) else { return false }
                if expectsName {
                    name = string
                    if variable == nil {
                        table.addName(.jsonName, string)
                    } else {
                        add(.jsonName, string, string, into: &table)
                    }
                } else {
                    add(.jsonValue, name, string, into: &table)
                }
            default: guard skipScalar(text, byte) else { return false }
            }
        }
        return isObject.isEmpty
    }

    private func add(_ kind: Variable, _ name: Range<Int>, _ string: Range<Int>, into table: inout ValueTable) {
        guard !string.isEmpty else { return }
        table.add(variable ?? kind, name: name, string, isDerived: variable != nil)
    }

    private mutating func nextByte(_ text: Span<UInt8>) -> UInt8? {
        while index < text.count {
            let byte = unsafe text[unchecked: index]
            index &+= 1
            if byte > 0x20 { return byte }
        }
        return nil
    }

    /// After the opening quote. Escapes are undone; nil if the closing quote is missing.
    private mutating func readString(_ text: Span<UInt8>, into table: inout ValueTable) -> Range<Int>? {
        let start = table.bytes.count
        let end = start + table.room(for: text.count + 4)
        while index < text.count {
            let run = index
            index = text.place(of: UInt8(ascii: "\""), or: UInt8(ascii: "\\"), from: index)
            append(text.extracting(run..<index), upTo: end, into: &table)
            guard index < text.count else { return nil }
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return start..<table.bytes.count }
            if table.bytes.count + 4 <= end {
                readEscape(text, into: &table)
            } else {
                table.anomalies.insert(.tooManyBytes)
                index += 1
            }
        }
        return nil
    }

    /// The last three bytes of the room stay free, for an escape.
    private func append(_ run: Span<UInt8>, upTo end: Int, into table: inout ValueTable) {
        let length = max(0, min(run.count, end - 3 - table.bytes.count))
        if length < run.count { table.anomalies.insert(.tooManyBytes) }
        table.bytes.append(run.extracting(first: length))
    }

    private mutating func readEscape(_ text: Span<UInt8>, into table: inout ValueTable) {
        guard index < text.count else { return }
        let byte = text[index]
        index += 1
        switch byte {
        case UInt8(ascii: "n"): table.bytes.append(0x0a)
        case UInt8(ascii: "r"): table.bytes.append(0x0d)
        case UInt8(ascii: "t"): table.bytes.append(0x09)
        case UInt8(ascii: "b"), UInt8(ascii: "f"): table.bytes.append(0x20)
        case UInt8(ascii: "u"):
            guard let unit = Escapes.hex(text, index, digits: 4) else { return }
            index += 4
            Escapes.append(unit, &table.bytes)
        default: table.bytes.append(byte)
        }
    }

    /// `true`, `false`, `null`, a number. Anything else is not JSON.
    private mutating func skipScalar(_ text: Span<UInt8>, _ first: UInt8) -> Bool {
        func isScalar(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "E")
        }
        guard isScalar(first) else { return false }
        let start = index - 1
        while index < text.count, isScalar(text[index]) { index += 1 }
        isLoose = isLoose || first.isLetter && !text.isOne(of: ["true", "false", "null"], at: start)
        return true
    }
}
