/// The `; name=value` of a header field, one after the other: values in quotes or without, as far as readers let pass.
struct HeaderParameters {
    private var index: Int

    init(from start: Int = 0) { index = start }

    /// Name and value without its quotes; nil behind the last one.
    mutating func next(in text: Span<UInt8>) -> (name: Range<Int>, value: Range<Int>)? {
        while index < text.count {
            while index < text.count, text[index] != UInt8(ascii: ";") { index += 1 }
            index += 1
            while index < text.count, text[index].isSpace { index += 1 }
            let start = index
            while index < text.count, text[index] != UInt8(ascii: "="), text[index] != UInt8(ascii: ";") { index += 1 }
            guard index < text.count, text[index] == UInt8(ascii: "=") else { continue }
            var end = index
            while end > start, text[end - 1].isSpace { end -= 1 }
            return (start..<end, value(text))
        }
        return nil
    }

    static func value(of wanted: StaticString, in text: Span<UInt8>) -> Range<Int>? {
        var parameters = HeaderParameters()
        while let (name, value) = parameters.next(in: text) {
            if name.count == wanted.utf8CodeUnitCount, text.hasPrefix(wanted, at: name.lowerBound) { return value }
        }
        return nil
    }

    private mutating func value(_ text: Span<UInt8>) -> Range<Int> {
        index += 1
        while index < text.count, text[index].isSpace { index += 1 }
        guard index < text.count, text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: "'") else {
            let start = index
            while index < text.count, text[index] != UInt8(ascii: ";") { index += 1 }
            return start..<index
        }
        let quote = text[index]
        index += 1
        let start = index
        while index < text.count, text[index] != quote { index += text[index] == UInt8(ascii: "\\") ? 2 : 1 }
        let end = min(index, text.count)
        index = min(index + 1, text.count)
        return start..<end
    }
}
