/// The text between an XML document's tags, each piece a value of its own, and its markup as one value, in which the
/// rules look for entities. Nothing is expanded.
enum XMLTexts {
    static func parse(_ text: Span<UInt8>, into table: inout ValueTable) {
        table.add(.xmlMarkup, text)
        var start = 0
        for index in text.indices {
            if text[index] == UInt8(ascii: "<") {
                addText(text, start, index, into: &table)
            } else if text[index] == UInt8(ascii: ">") {
                start = index + 1
            }
        }
    }

    private static func addText(_ text: Span<UInt8>, _ start: Int, _ end: Int, into table: inout ValueTable) {
        guard start < end else { return }
        for index in start..<end where text[index] > 0x20 {
            table.add(.xmlText, text.extracting(index..<end))
            return
        }
    }
}
