internal import PatternMatching

/// Short values in which nothing was found, by their very bytes: browsers send the same headers, names and tokens with
/// every request, and what a value means depends on nothing but where it stands and what its bytes are.
///
/// Each value has two places. Its bytes are kept once it was met twice: most values of a body come but once. One that was
/// known again keeps its place against such, for a while.
struct DullValues {
    /// Where a value would stand.
    struct Place {
        fileprivate var index: Int
        fileprivate var mark: UInt64
    }

    private struct Entry {
        var mark: UInt64 = 0
        var length: UInt8 = 0
        var variable: Variable?
        /// Its bytes are kept.
        var isKept = false
        /// How many others may come by before the place is given up.
        var credit: UInt8 = 0

        var worth: UInt8 { credit &+ (isKept ? 1 : 0) }
    }

    private static let longest = 160
    private static let bits = 10
    private static let credit: UInt8 = 8

    private var entries = [Entry](repeating: Entry(), count: 1 << bits)
    private var bytes = [UInt8](repeating: 0, count: longest << bits)
    private var serial = 0

    /// What was remembered is of use only for the rules by which it was judged.
    mutating func begin(_ program: RuleProgram) {
        guard program.serial != serial else { return }
        serial = program.serial
        for index in entries.indices { entries[index] = Entry() }
    }

    /// Nil for what is not remembered: what is long, and what hardly ever comes twice.
    func place(of value: ValueTable.Value, _ table: borrowing ValueTable) -> Place? {
        guard value.bytes.count <= Self.longest, value.variable != .target else { return nil }
        let text = table.bytes.span.extracting(value.bytes)
        var mark = Self.mix(UInt64(truncatingIfNeeded: text.count) << 8 | UInt64(value.variable.rawValue))
        unsafe text.withUnsafeBytes { bytes in
            var index = 0
            while index &+ 8 < bytes.count {
                mark = unsafe Self.mix(mark ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index &+= 8
            }
        }
        let (first, last) = text.ends
        mark = Self.mix(mark ^ (text.count < 8 ? first : last))
        return Place(index: Int(mark >> UInt64(64 - Self.bits)), mark: mark)
    }

    @inline(__always) private static func mix(_ number: UInt64) -> UInt64 {
        let product = number &* 0x9e37_79b9_7f4a_7c15
        return product ^ (product >> 29)
    }

    /// The mark only says where to look: the bytes decide.
    mutating func holds(_ place: Place, _ value: ValueTable.Value, _ table: borrowing ValueTable) -> Bool {
        let text = table.bytes.span.extracting(value.bytes)
        for way in 0..<2 {
            let index = place.index ^ way
            let entry = entries[index]
            guard entry.isKept, entry.mark == place.mark, entry.variable == value.variable,
                Int(entry.length) == text.count
            else { continue }
            let start = index * Self.longest
            guard bytes.span.extracting(start..<(start + text.count)).hasSameBytes(as: text) else { continue }
            entries[index].credit = Self.credit
            return true
        }
        return false
    }

    mutating func remember(_ place: Place, _ value: ValueTable.Value, _ table: borrowing ValueTable) {
        let (first, second) = (entries[place.index], entries[place.index ^ 1])
        func isSame(_ entry: Entry) -> Bool { entry.mark == place.mark && entry.variable == value.variable }
        let isFirst = isSame(first) || !isSame(second) && first.worth <= second.worth
        let (index, entry) = isFirst ? (place.index, first) : (place.index ^ 1, second)
        guard entry.credit == 0 else {
            entries[index].credit -= 1
            return
        }
        entries[index] = Entry(
            mark: place.mark, length: UInt8(value.bytes.count), variable: value.variable, isKept: isSame(entry))
        guard isSame(entry) else { return }
        let start = index * Self.longest
        bytes.replaceSubrange(start..<(start + value.bytes.count), with: table.bytes[value.bytes])
    }
}
