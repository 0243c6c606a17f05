/// Checks an AMQP field table before the C library reads it: that library follows nested tables by recursion without a
/// bound, so that a table nested deep enough would overflow the stack.
enum FieldTable {
    static let maximumDepth = 8
    static let maximumEntries = 1_024

    /// The number of bytes of the table that begins at `start`, its length included.
    static func check(_ bytes: borrowing Span<UInt8>, from start: Int) throws(AMQPFailure) -> Int {
        var entries = 0
        let end = try checkSequence(bytes, start, named: true, depth: 0, &entries)
        return end - start
    }

    private static func checkSequence(
        _ bytes: borrowing Span<UInt8>, _ start: Int, named: Bool, depth: Int, _ entries: inout Int
    ) throws(AMQPFailure) -> Int {
        guard depth < maximumDepth else { throw .tooLarge("tables nested deeper than \(maximumDepth)") }
        let length = try number(bytes, start, size: 4)
        let end = start + 4 + length
        guard end <= bytes.count else { throw .malformed("a table runs past its end") }
        var position = start + 4
        while position < end {
            entries += 1
            guard entries <= maximumEntries else { throw .tooLarge("a table of more than \(maximumEntries) entries") }
            if named { position += try 1 + number(bytes, position, size: 1) }
            guard position < end else { throw .malformed("a table's entry has no value") }
            position = try skipValue(bytes, position, depth, &entries)
        }
        guard position == end else { throw .malformed("a table's entry runs past its end") }
        return end
    }

    private static func skipValue(
        _ bytes: borrowing Span<UInt8>, _ kindPosition: Int, _ depth: Int, _ entries: inout Int
    ) throws(AMQPFailure) -> Int {
        let start = kindPosition + 1
        switch bytes[kindPosition] {
        case UInt8(ascii: "V"): return start
        case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): return start + 1
        case UInt8(ascii: "s"), UInt8(ascii: "u"), UInt8(ascii: "U"): return start + 2
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): return start + 4
        case UInt8(ascii: "D"): return start + 5
        case UInt8(ascii: "L"), UInt8(ascii: "l"), UInt8(ascii: "d"), UInt8(ascii: "T"): return start + 8
        case UInt8(ascii: "S"), UInt8(ascii: "x"): return try start + 4 + number(bytes, start, size: 4)
        case UInt8(ascii: "F"): return try checkSequence(bytes, start, named: true, depth: depth + 1, &entries)
        case UInt8(ascii: "A"): return try checkSequence(bytes, start, named: false, depth: depth + 1, &entries)
        case let kind: throw .malformed("there is no field of kind \(kind)")
        }
    }

    private static func number(
        _ bytes: borrowing Span<UInt8>, _ position: Int, size: Int
    ) throws(AMQPFailure) -> Int {
        guard position >= 0, position + size <= bytes.count else { throw .malformed("a table is cut off") }
        return (0..<size).reduce(0) { $0 << 8 | Int(bytes[position + $1]) }
    }
}
