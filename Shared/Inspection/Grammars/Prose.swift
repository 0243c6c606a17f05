/// Code that stands in a long text after sentences of plain words is most likely being written about.
///
/// Only findings that are about source code ask this: an element, a query's end or a command does its harm wherever it
/// stands, and prose before it is a cheap disguise.
enum Prose {
    private static let minimumLength = 400
    private static let minimumWords = 15

    static func precedes(_ index: Int, in text: Span<UInt8>) -> Bool {
        guard text.count >= minimumLength else { return false }
        var words = 0
        var letters = 0
        var isPlain = true
        for position in 0..<min(index, text.count) {
            let byte = text[position]
            if byte == 0x20 || byte == 0x0a {
                if isPlain, letters > 1 { words += 1 }
                letters = 0
                isPlain = true
            } else if byte.isLetter {
                letters += 1
            } else if byte != UInt8(ascii: ","), byte != UInt8(ascii: "."), byte != UInt8(ascii: ":") {
                isPlain = false
            }
        }
        return words >= minimumWords
    }
}
