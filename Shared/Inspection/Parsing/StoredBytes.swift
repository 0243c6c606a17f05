internal import PatternMatching

/// How names and values of a request are copied behind each other into one buffer: as they are, or with their
/// percent-encoding undone. Each takes at most `room` bytes; `isWhole` says whether that was enough.
extension [UInt8] {
    /// Copies `text` behind what is there and returns where it stands.
    mutating func store(_ text: Span<UInt8>, room: Int) -> (stored: Range<Int>, isWhole: Bool) {
        let start = count
        append(text.extracting(first: room))
        return (start..<count, room >= text.count)
    }

    /// The same, undoing percent-encoding, and `+` for a space where forms write it so.
    mutating func storeDecoded(
        _ text: Span<UInt8>, room: Int, plusIsSpace: Bool
    ) -> (stored: Range<Int>, isWhole: Bool) {
        guard room >= text.count else { return storePart(text, upTo: count + room, plusIsSpace: plusIsSpace) }
        let (stored, _) = store(text, room: room)
        let index = text.place(of: UInt8(ascii: "%"), or: plusIsSpace ? UInt8(ascii: "+") : UInt8(ascii: "%"))
        guard index < text.count else { return (stored, true) }
        var span = mutableSpan
        let end = Self.unescape(&span, from: stored.lowerBound + index, plusIsSpace: plusIsSpace)
        removeLast(count - end)
        return (stored.lowerBound..<end, true)
    }

    /// In place, since nothing becomes longer; returns the new end.
    private static func unescape(_ text: inout MutableSpan<UInt8>, from start: Int, plusIsSpace: Bool) -> Int {
        var read = start
        var write = start
        let end = text.count
        // What is written never overtakes what is read, and neither passes the end.
        while read < end {
            var byte = unsafe text[unchecked: read]
            read += 1
            if byte == UInt8(ascii: "%") {
                if read + 1 < end, let high = text[read].hexValue, let low = text[read + 1].hexValue {
                    byte = high << 4 | low
                    read += 2
                }
            } else if byte == UInt8(ascii: "+"), plusIsSpace {
                byte = 0x20
            }
            unsafe text[unchecked: write] = byte
            write += 1
        }
        return write
    }

    /// As much as there is room for.
    private mutating func storePart(
        _ text: Span<UInt8>, upTo end: Int, plusIsSpace: Bool
    ) -> (stored: Range<Int>, isWhole: Bool) {
        let start = count
        var index = 0
        while index < text.count, count < end {
            let byte = text[index]
            if byte == UInt8(ascii: "%"), let value = Escapes.hex(text, index + 1, digits: 2) {
                append(UInt8(value))
                index += 3
            } else {
                append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
                index += 1
            }
        }
        return (start..<count, index >= text.count)
    }
}
