/// One attribute of a tag: where its name and value stand.
struct MarkupPart {
    var name: Range<Int>
    var value: Range<Int>
    var isQuoted = false
}

/// Reads a tag's attributes as browsers do (WHATWG HTML, 13.2.5.32 and on): `/` separates like a space, a value may
/// lack quotes, and a quote that is never closed is read as part of the text, because the page around it may close it.
struct MarkupAttributes {
    var index: Int
    /// Set once `>` was read.
    private(set) var isClosed = false
    private let limit: Int

    init(from index: Int, _ text: Span<UInt8>, maximumLength: Int) {
        self.index = index
        limit = min(text.count, index + maximumLength)
    }

    mutating func next(_ text: Span<UInt8>) -> MarkupPart? {
        while index < limit, Self.separates(text[index]) { index += 1 }
        guard index < limit else { return nil }
        if text[index] == UInt8(ascii: ">") {
            index += 1
            isClosed = true
            return nil
        }
        let start = index
        index += 1
        while index < limit, !Self.endsName(text[index]) { index += 1 }
        let name = start..<index
        var equals = index
        while equals < limit, text[equals] <= 0x20 { equals += 1 }
        guard equals < limit, text[equals] == UInt8(ascii: "=") else {
            return MarkupPart(name: name, value: index..<index)
        }
        index = equals + 1
        return value(text, name)
    }

    private mutating func value(_ text: Span<UInt8>, _ name: Range<Int>) -> MarkupPart {
        while index < limit, text[index] <= 0x20 { index += 1 }
        guard index < limit else { return MarkupPart(name: name, value: index..<index) }
        let quote = text[index]
        if quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "`") {
            var end = index + 1
            while end < limit, text[end] != quote { end += 1 }
            if end < limit {
                defer { index = end + 1 }
                return MarkupPart(name: name, value: (index + 1)..<end, isQuoted: true)
            }
            index += 1
        }
        let start = index
        while index < limit, text[index] > 0x20, text[index] != UInt8(ascii: ">") { index += 1 }
        return MarkupPart(name: name, value: start..<index)
    }

    private static func separates(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
            || byte == UInt8(ascii: "`")
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "=") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/")
            || byte == UInt8(ascii: "<")
    }
}
