/// Sentences of plain words, told from code by how they are written: letters, and the signs that end a word.
enum Prose {
    private static let minimumLength = 160
    private static let minimumWords = 10

    /// Code that stands in a long text after sentences is most likely being written about.
    static func precedes(_ index: Int, in text: Span<UInt8>) -> Bool {
        text.count >= minimumLength && words(text, 0..<min(index, text.count), atLeast: minimumWords)
    }

    /// What stands between sentences, or in a listing after some. `whole` is the value before its lines were joined.
    static func surrounds(_ range: Range<Int>, in text: Span<UInt8>, _ whole: Span<UInt8>) -> Bool {
        let before = 0..<min(range.lowerBound, text.count)
        let after = min(range.upperBound, text.count)..<text.count
        guard words(text, before, atLeast: 2) else { return false }
        if words(text, before, atLeast: 8), isListing(whole) { return true }
        return words(text, before, atLeast: 4) && words(text, after, atLeast: 5)
    }

    /// Three lines or more.
    static func isListing(_ text: Span<UInt8>) -> Bool {
        var lines = 1
        for index in text.indices where text[index] == 0x0a {
            lines += 1
            if lines >= 3 { return true }
        }
        return false
    }

    /// Words of two letters and more, nothing else in them but what ends a sentence or a part of one. A language's own
    /// words are no sentences.
    static func words(_ text: Span<UInt8>, _ range: Range<Int>, atLeast wanted: Int) -> Bool {
        var words = 0
        var start = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            guard text[index] <= 0x20 else {
                index += 1
                continue
            }
            if isWord(text, start..<index) { words += 1 }
            if words >= wanted { return true }
            index += 1
            start = index
        }
        if start < index, isWord(text, start..<index) { words += 1 }
        return words >= wanted
    }

    private static func isWord(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var end = range.upperBound
        while end > range.lowerBound, endsWord(text[end - 1]) { end -= 1 }
        guard end - range.lowerBound >= 2 else { return false }
        for index in range.lowerBound..<end where !text[index].isLetter && text[index] < 0x80 { return false }
        let isCode =
            SQLWord.table(text, range.lowerBound..<end) != nil || ShellWord.table(text, range.lowerBound..<end) != nil
        return !isCode || isEnglish(text, range.lowerBound..<end)
    }

    /// Words of SQL and of the shell without which there are hardly any sentences.
    private static func isEnglish(_ text: Span<UInt8>, _ word: Range<Int>) -> Bool {
        english(text, word) != nil
    }

    private static let english = WordTable<Bool>([(true, "is in at any some for by to do the if not then who use set")])

    private static func endsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: "!"): true
        default: false
        }
    }
}
