internal import PatternMatching

/// The strings and names of a JSON text, without a tree.
///
/// It reads what a lenient parser would: the question is what may reach the application, not whether the text is
/// flawless. Depth is bounded by a counter, not by the stack. Numbers and literals are of no interest.
struct JSONValues {
    private struct Container {
        /// Where its name stands in the table.
        var name: Range<Int>
        var isObject: Bool
    }

    private var index = 0
    private var open: [Container] = []
    /// Where in the table what is written begins, and how much is.
    private var start = 0
    private var written = 0
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

    /// Strings are copied behind what the table has, sixteen bytes at a time. None becomes longer by being decoded, so what
    /// is written never overtakes what is read.
    private mutating func read(_ whole: Span<UInt8>, into table: inout ValueTable) -> Bool {
        let text = whole.extracting(first: table.bytesLeft)
        var stored: [UInt8] = []
        swap(&stored, &table.bytes)
        start = stored.count
        var isJSON = true
        stored.append(addingCapacity: text.count) { (room: inout OutputSpan<UInt8>) in
            unsafe room.withUnsafeMutableBufferPointer { target, count in
                unsafe text.withUnsafeBufferPointer { source in
                    guard let to = target.baseAddress, source.count > 0 else { return }
                    isJSON = unsafe readValues(source, to, &table)
                }
                count = written
            }
        }
        swap(&stored, &table.bytes)
        guard text.count < whole.count else { return isJSON }
        // What there is no room for is not looked at: it is no reason to call the text malformed.
        table.anomalies.insert(.tooManyBytes)
        return isJSON || index >= text.count
    }

    private mutating func readValues(
        _ text: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _ table: inout ValueTable
    ) -> Bool {
        var name = 0..<0
        var expectsName = false
        while let byte = unsafe nextByte(text) {
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = unsafe readString(text, target, &table) else { return false }
                if expectsName { name = string }
                if !string.isEmpty { unsafe add(string, name, isName: expectsName, target, &table) }
            case UInt8(ascii: ":"): expectsName = false
            case UInt8(ascii: ","):
                expectsName = open.last?.isObject ?? false
                name = expectsName ? 0..<0 : (open.last?.name ?? 0..<0)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard open.count < maximumDepth else {
                    if variable == nil { table.anomalies.insert(.tooDeep) }
                    return false
                }
                expectsName = byte == UInt8(ascii: "{")
                open.append(Container(name: name, isObject: expectsName))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard let closed = open.popLast(), closed.isObject == (byte == UInt8(ascii: "}")) else { return false }
                name = closed.name
                expectsName = false
            default: guard unsafe skipScalar(text, byte) else { return false }
            }
        }
        return open.isEmpty
    }

    @inline(__always) private func add(
        _ string: Range<Int>, _ name: Range<Int>, isName: Bool, _ target: UnsafeMutablePointer<UInt8>,
        _ table: inout ValueTable
    ) {
        if let variable { return table.add(variable, name: name, string, isDerived: true) }
        guard isName else { return table.add(.jsonValue, name: name, string) }
        let text = unsafe UnsafeBufferPointer(start: target + (string.lowerBound - start), count: string.count)
        unsafe table.addName(.jsonName, string, text.span)
    }

    @inline(__always) private mutating func nextByte(_ text: UnsafeBufferPointer<UInt8>) -> UInt8? {
        while index < text.count {
            let byte = unsafe text[index]
            index &+= 1
            if byte > 0x20 { return byte }
        }
        return nil
    }

    /// After the opening quote. Escapes are undone; nil if the closing quote is missing.
    @inline(__always) private mutating func readString(
        _ text: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _ table: inout ValueTable
    ) -> Range<Int>? {
        let first = written
        while unsafe copy(text, target) {
            let byte = unsafe text[index]
            index &+= 1
            guard byte == UInt8(ascii: "\"") else {
                unsafe readEscape(text, target)
                continue
            }
            if written &- first > table.maximumPiece {
                written = first &+ table.maximumPiece
                table.anomalies.insert(.tooManyBytes)
            }
            return (start &+ first)..<(start &+ written)
        }
        return nil
    }

    /// Copies up to the next quote or backslash; false if there is none.
    @inline(__always) private mutating func copy(
        _ text: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        guard let from = text.baseAddress else { return false }
        while index &+ 16 <= text.count {
            let block = unsafe ByteBlock(from + index)
            unsafe block.store(to: target + written)
            let plain = ByteBlock.first(of: block.marks(UInt8(ascii: "\"")) | block.marks(UInt8(ascii: "\\")))
            index &+= plain
            written &+= plain
            if plain < 16 { return true }
        }
        while index < text.count {
            let byte = unsafe from[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return true }
            unsafe target[written] = byte
            index &+= 1
            written &+= 1
        }
        return false
    }

    private mutating func readEscape(_ text: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>) {
        guard index < text.count else { return }
        let byte = unsafe text[index]
        index += 1
        switch byte {
        case UInt8(ascii: "n"): unsafe write(0x0a, target)
        case UInt8(ascii: "r"): unsafe write(0x0d, target)
        case UInt8(ascii: "t"): unsafe write(0x09, target)
        case UInt8(ascii: "b"), UInt8(ascii: "f"): unsafe write(0x20, target)
        case UInt8(ascii: "u"):
            guard let unit = unsafe Escapes.hex(text.span, index, digits: 4) else { return }
            index += 4
            // Six bytes become three at most.
            let (bytes, count) = Escapes.encoded(unit)
            for place in 0..<count { unsafe write(UInt8(truncatingIfNeeded: bytes >> UInt32(place * 8)), target) }
        default: unsafe write(byte, target)
        }
    }

    private mutating func write(_ byte: UInt8, _ target: UnsafeMutablePointer<UInt8>) {
        unsafe target[written] = byte
        written &+= 1
    }

    /// `true`, `false`, `null`, a number. Anything else is not JSON.
    private mutating func skipScalar(_ text: UnsafeBufferPointer<UInt8>, _ first: UInt8) -> Bool {
        func isScalar(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "E")
        }
        guard isScalar(first) else { return false }
        let start = index - 1
        while index < text.count, unsafe isScalar(text[index]) { index &+= 1 }
        if first.isLetter, unsafe !text.span.isOne(of: ["true", "false", "null"], at: start) { isLoose = true }
        return true
    }
}
