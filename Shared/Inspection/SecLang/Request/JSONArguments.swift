/// A JSON body's values as arguments: `{"a": {"b": 1}}` is `json.a.b=1`, the items of an array `json.a.array_0` and so on,
/// as libmodsecurity names them. Read strictly; what was read before an error stays in the table.
struct JSONArguments {
    private struct Level {
        var isObject: Bool
        /// The length of the name down to this container.
        var nameLength: Int
        var items = 0
        /// A value, or in an object a name, may stand here.
        var expectsItem = true
    }

    private var index = 0
    private var levels: [Level] = []
    private var name = Array("json".utf8)

    static func parse(_ text: Span<UInt8>, into table: inout SecLangValues) -> Bool {
        var reader = JSONArguments()
        guard reader.value(text, into: &table) else { return false }
        while !reader.levels.isEmpty {
            guard reader.step(text, into: &table) else { return false }
        }
        reader.skipSpace(text)
        return reader.index == text.count
    }

    private mutating func skipSpace(_ text: Span<UInt8>) {
        while index < text.count, text[index] == 0x20 || (0x09...0x0d).contains(text[index]) { index += 1 }
    }

    /// One item of the innermost container, or its end.
    private mutating func step(_ text: Span<UInt8>, into table: inout SecLangValues) -> Bool {
        skipSpace(text)
        guard index < text.count else { return false }
        let level = levels.count - 1
        let isObject = levels[level].isObject
        if text[index] == UInt8(ascii: isObject ? "}" : "]") {
            guard !levels[level].expectsItem || levels[level].items == 0 else { return false }
            index += 1
            levels.removeLast()
            return true
        }
        if levels[level].items > 0 {
            guard text[index] == UInt8(ascii: ",") else { return false }
            index += 1
            skipSpace(text)
        }
        name.removeLast(name.count - levels[level].nameLength)
        if isObject {
            guard memberName(text) else { return false }
        } else {
            name += ".array_".utf8
            name += String(levels[level].items).utf8
        }
        levels[level].items += 1
        levels[level].expectsItem = false
        return value(text, into: &table)
    }

    private mutating func memberName(_ text: Span<UInt8>) -> Bool {
        guard index < text.count, text[index] == UInt8(ascii: "\"") else { return false }
        index += 1
        name.append(UInt8(ascii: "."))
        guard Self.string(text, &index, into: &name) else { return false }
        skipSpace(text)
        guard index < text.count, text[index] == UInt8(ascii: ":") else { return false }
        index += 1
        return true
    }

    private mutating func value(_ text: Span<UInt8>, into table: inout SecLangValues) -> Bool {
        skipSpace(text)
        guard index < text.count else { return false }
        switch text[index] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard levels.count < table.limits.maximumJSONDepth else { return false }
            levels.append(Level(isObject: text[index] == UInt8(ascii: "{"), nameLength: name.count))
            index += 1
            return true
        case UInt8(ascii: "\""):
            index += 1
            let stored = table.store(name.span)
            let start = table.bytes.count
            guard table.values.count < table.limits.maximumValues, text.count < table.limits.maximumBytes - start else {
                table.flags.insert(.isIncomplete)
                return false
            }
            guard Self.string(text, &index, into: &table.bytes) else { return false }
            table.add(.argsPost, .argsPostNames, name: stored, start..<table.bytes.count)
            return true
        default: return scalar(text, into: &table)
        }
    }

    /// A number, `true`, `false` or `null`, whose value is empty.
    private mutating func scalar(_ text: Span<UInt8>, into table: inout SecLangValues) -> Bool {
        let start = index
        while index < text.count, text[index].isAlphanumeric || "+-.".utf8.contains(text[index]) { index += 1 }
        let word = text.extracting(start..<index)
        let isWord = ["true", "false", "null"].contains {
            word.count == $0.utf8CodeUnitCount && word.hasPrefix($0, at: 0)
        }
        guard isWord || word.count > 0 && (word[0] == UInt8(ascii: "-") || (0x30...0x39).contains(word[0])) else {
            return false
        }
        let stored = table.store(name.span)
        let value = table.store(word.hasPrefix("null", at: 0) ? word.extracting(0..<0) : word)
        table.add(.argsPost, .argsPostNames, name: stored, value)
        return true
    }

    /// After the opening quote.
    private static func string(_ text: Span<UInt8>, _ index: inout Int, into output: inout [UInt8]) -> Bool {
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\") {
                guard escape(text, &index, into: &output) else { return false }
            } else if byte < 0x20 {
                return false
            } else {
                output.append(byte)
            }
        }
        return false
    }

    private static func escape(_ text: Span<UInt8>, _ index: inout Int, into output: inout [UInt8]) -> Bool {
        guard index < text.count else { return false }
        let byte = text[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0c)
        case UInt8(ascii: "n"): output.append(0x0a)
        case UInt8(ascii: "r"): output.append(0x0d)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"):
            guard var unit = Escapes.hex(text, index, digits: 4) else { return false }
            index += 4
            if (0xd800..<0xdc00).contains(unit), text.hasPrefix("\\u", at: index),
                let low = Escapes.hex(text, index + 2, digits: 4), (0xdc00..<0xe000).contains(low)
            {
                unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
                index += 6
            }
            Escapes.append(unit, &output)
        default: return false
        }
        return true
    }
}
