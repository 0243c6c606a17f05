internal import PatternMatching

/// Where words begin and end (`UInt8.isWordByte`), one look-up a byte.
enum WordBytes {
    static let table = (0...255 as ClosedRange<UInt8>).map(\.isWordByte)
}

extension Span<UInt8> {
    /// The first byte from `start` on that belongs to a word; the text's end if there is none.
    func startOfWord(from start: Int) -> Int {
        let table = WordBytes.table.span
        var index = start
        while index < count, unsafe !table[unchecked: Int(self[unchecked: index])] { index &+= 1 }
        return index
    }

    /// The first byte from `start` on that does not.
    func endOfWord(from start: Int) -> Int {
        let table = WordBytes.table.span
        var index = start
        while index < count, unsafe table[unchecked: Int(self[unchecked: index])] { index &+= 1 }
        return index
    }
}
