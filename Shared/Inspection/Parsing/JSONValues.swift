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
                    table.anomalies.insert(.tooDeep)
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
                    if !string.isEmpty { table.add(.jsonName, name: string, string) }
                } else if !string.isEmpty {
                    table.add(.jsonValue, name: name, string)
                }
            default: guard skipScalar(text, byte) else { return false }
            }
        }
        return isObject.isEmpty
    }

    private mutating func nextByte(_ text: Span<UInt8>) -> UInt8? {
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte > 0x20 { return byte }
        }
        return nil
    }

    /// After the opening quote. Escapes are undone; nil if the closing quote is missing.
    private mutating func readString(_ text: Span<UInt8>, into table: inout ValueTable) -> Range<Int>? {
        let start = table.bytes.count
        let end = start + table.room(for: text.count)
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return start..<table.bytes.count }
            guard table.bytes.count + 4 <= end else {
                table.anomalies.insert(.tooManyBytes)
                if byte == UInt8(ascii: "\\") { index += 1 }
                continue
            }
            if byte == UInt8(ascii: "\\") {
                readEscape(text, into: &table)
            } else {
                table.bytes.append(byte)
            }
        }
        return nil
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
        while index < text.count, isScalar(text[index]) { index += 1 }
        return true
    }
}
