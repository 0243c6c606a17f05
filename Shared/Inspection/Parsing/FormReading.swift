internal import PatternMatching

/// `name=value&name=value` taken apart and decoded in one pass: sixteen bytes are copied at a time, each plus a space
/// already, up to the next of the three signs that mean more.
extension ValueTable {
    /// Adds the names and values of a form for which there is room. Returns whether a name looks like a value's torn half.
    mutating func addForm(_ text: Span<UInt8>) -> Bool {
        var stored: [UInt8] = []
        swap(&stored, &bytes)
        var reader = FormReader(start: stored.count)
        stored.append(addingCapacity: text.count) { (room: inout OutputSpan<UInt8>) in
            unsafe room.withUnsafeMutableBufferPointer { target, count in
                unsafe text.withUnsafeBufferPointer { source in
                    // Nothing becomes longer by being decoded, so what is written never overtakes what is read.
                    while let pair = unsafe reader.next(source, target) { addPair(pair) }
                }
                count = reader.written
            }
        }
        swap(&stored, &bytes)
        return reader.isTorn
    }

    private mutating func addPair(_ pair: FormReader.Pair) {
        if !pair.name.isEmpty { add(.argumentName, name: pair.name, pair.name) }
        if !pair.value.isEmpty { add(.argument, name: pair.name, pair.value) }
    }
}

/// Where it stands in a form.
private struct FormReader {
    /// A piece without `=` is a value without a name: that is where hand-written attacks put it.
    struct Pair {
        var name: Range<Int>
        var value: Range<Int>
    }

    /// Where in the table what is written begins.
    private let start: Int
    private var read = 0
    private(set) var written = 0
    private(set) var isTorn = false
    private let torn = URLEncoded.torn

    init(start: Int) { self.start = start }

    @inline(__always)
    mutating func next(_ source: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutableBufferPointer<UInt8>) -> Pair? {
        guard let from = source.baseAddress, let to = target.baseAddress, read < source.count else { return nil }
        let first = written
        var value: Int?
        while unsafe copy(from, to, source.count) {
            let sign = unsafe from[read]
            read &+= 1
            if sign == UInt8(ascii: "&") { break }
            if sign == UInt8(ascii: "="), value == nil {
                value = written
                isTorn = unsafe isTorn || hasTorn(to, first..<written)
                continue
            }
            unsafe to[written] = sign
            if sign == UInt8(ascii: "%"), read &+ 1 < source.count, let high = unsafe from[read].hexValue,
                let low = unsafe from[read &+ 1].hexValue
            {
                unsafe to[written] = high << 4 | low
                read &+= 2
            }
            written &+= 1
        }
        let name = value.map { (start + first)..<(start + $0) } ?? 0..<0
        return Pair(name: name, value: (start + (value ?? first))..<(start + written))
    }

    /// Copies what means itself; false at the end.
    @inline(__always)
    private mutating func copy(
        _ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ count: Int
    ) -> Bool {
        while read &+ 16 <= count {
            let block = unsafe ByteBlock(from + read)
            unsafe block.replacing(UInt8(ascii: "+"), by: 0x20).store(to: to + written)
            let plain = ByteBlock.first(
                of: block.marks(UInt8(ascii: "&")) | block.marks(UInt8(ascii: "=")) | block.marks(UInt8(ascii: "%")))
            read &+= plain
            written &+= plain
            if plain < 16 { return true }
        }
        while read < count {
            let byte = unsafe from[read]
            if byte == UInt8(ascii: "&") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "%") { return true }
            unsafe to[written] = byte == UInt8(ascii: "+") ? 0x20 : byte
            read &+= 1
            written &+= 1
        }
        return false
    }

    @inline(__always)
    private func hasTorn(_ text: UnsafeMutablePointer<UInt8>, _ name: Range<Int>) -> Bool {
        for index in name where unsafe torn.contains(text[index]) { return true }
        return false
    }
}
