/// What may not stand right before and right behind a literal for it to be a word of its own, and what has to follow.
package struct WordEdges: Hashable, Sendable {
    private static let letters = ByteSet(0x41...0x5a as ClosedRange<UInt8>) | ByteSet(0x61...0x7a as ClosedRange<UInt8>)
    private static let digits = ByteSet("0123456789")

    private var before: ByteSet
    private var behind: ByteSet
    /// One of these is the first byte behind it that is no blank.
    private var followers: ByteSet?
    /// Nothing stands before it that stays there once quotes are removed, or a slash does.
    private var isFirst = false

    /// As grammars read names: `$`, `_` and all beyond ASCII but 0xA0 are letters; digits do not belong to what follows.
    package static let name = WordEdges(
        before: nameLetters, behind: nameLetters | digits, followers: nil)
    /// As `\b` reads words. A digit before it may be a version's, which goes with its comment.
    package static let word = WordEdges(
        before: letters | ByteSet("_"), behind: letters | digits | ByteSet("_"), followers: nil)
    /// The beginning of a word, whatever follows.
    package static let opening = WordEdges(before: letters | ByteSet("_"), behind: ByteSet(), followers: nil)

    /// The beginning of a word at the text's beginning or behind a blank, with or without a digit before it.
    package static let line = WordEdges(
        before: ByteSet((0x21...0xff as ClosedRange<UInt8>).filter { !digits.contains($0) }), behind: ByteSet(),
        followers: nil)

    /// The beginning of what a shell reads: its quotes, empty parameters and blanks aside, the text begins with it, or with
    /// the folders it lies in.
    package static let command: WordEdges = {
        var edges = WordEdges(before: letters | ByteSet("_"), behind: letters | ByteSet("_"), followers: nil)
        edges.isFirst = true
        return edges
    }()

    private static let nameLetters =
        letters | ByteSet("$_") | ByteSet((0x80...0xff as ClosedRange<UInt8>).filter { $0 != 0xa0 })

    package func followed(by bytes: ByteSet) -> WordEdges {
        WordEdges(before: before, behind: behind, followers: bytes)
    }

    func hold(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        if range.upperBound < text.count, behind.contains(text[range.upperBound]) { return false }
        if range.lowerBound > 0, before.contains(text[range.lowerBound - 1]) { return false }
        if isFirst, !Self.begins(text, range.lowerBound) { return false }
        guard let followers else { return true }
        var index = range.upperBound
        while index < text.count, text[index] <= 0x20 { index += 1 }
        return index < text.count && followers.contains(text[index])
    }

    /// A word that has none of these stays; the longest parameter has 24 letters.
    private static let removed = ByteSet("'\"\\^$+")
    private static let longestRemoved = 32

    private static func begins(_ text: Span<UInt8>, _ start: Int) -> Bool {
        var index = start
        while index > 0, text[index - 1] <= 0x20 { index -= 1 }
        let end = index
        guard end > 0, end < start || text[end - 1] != UInt8(ascii: "/") else { return true }
        while index > 0, end - index < longestRemoved, text[index - 1] > 0x20 {
            index -= 1
            if removed.contains(text[index]) { return true }
        }
        return false
    }
}
