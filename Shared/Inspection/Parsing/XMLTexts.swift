/// The text between an XML document's tags and the values of its attributes, each a value of its own, and its markup as
/// one value, in which the rules look for entities. Nothing is expanded.
enum XMLTexts {
    private static let maximumAttributes = 4_096

    static func parse(_ text: Span<UInt8>, into table: inout ValueTable) {
        table.add(.xmlMarkup, text)
        var start = 0
        var attributes = 0
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "<") {
                addText(text, start, index, into: &table)
                if text.hasPrefix("<![cdata[", at: index) {
                    start = index + 9
                    index = endOfCharacterData(text, start)
                    addText(text, start, index, into: &table)
                }
                start = text.count
            } else if start == text.count, text[index] == UInt8(ascii: ">") {
                // Between tags it is text like any other.
                start = index + 1
            } else if start == text.count, text[index] == UInt8(ascii: "="), attributes < maximumAttributes {
                attributes += 1
                index = addAttribute(text, index + 1, into: &table)
                continue
            }
            index += 1
        }
        addText(text, start, text.count, into: &table)
    }

    private static func endOfCharacterData(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < text.count, !text.hasPrefix("]]>", at: index) { index += 1 }
        return index
    }

    /// After `=`; returns where reading goes on.
    private static func addAttribute(_ text: Span<UInt8>, _ start: Int, into table: inout ValueTable) -> Int {
        guard start < text.count, text[start] == UInt8(ascii: "\"") || text[start] == UInt8(ascii: "'") else {
            return start
        }
        var end = start + 1
        while end < text.count, text[end] != text[start] { end += 1 }
        if !text.hasPrefix("http://www.w3.org/", at: start + 1) { addText(text, start + 1, end, into: &table) }
        return min(end + 1, text.count)
    }

    private static func addText(_ text: Span<UInt8>, _ start: Int, _ end: Int, into table: inout ValueTable) {
        guard start < end else { return }
        for index in start..<end where text[index] > 0x20 {
            table.add(.xmlText, text.extracting(index..<end))
            return
        }
    }
}
