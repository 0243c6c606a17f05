internal import PatternMatching

/// Finds the cell of a name that rules compose while a request waits.
struct CellIndex: ~Copyable, Sendable {
    private var hashes: FixedTable<UInt64>
    private var cells: FixedTable<Int32>
    private let keys: [CellNames.Key]
    private let mask: Int

    init(_ names: CellNames) {
        keys = names.keys
        var size = 64
        while size < keys.count * 2 { size *= 2 }
        mask = size - 1
        hashes = FixedTable(repeating: 0, count: size)
        cells = FixedTable(repeating: -1, count: size)
        for (cell, key) in keys.enumerated() {
            let hash = Self.hash(key.variable, key.name.span)
            var place = Int(truncatingIfNeeded: hash) & mask
            while cells[place] >= 0 { place = (place + 1) & mask }
            hashes[place] = hash
            cells[place] = Int32(cell)
        }
    }

    @inline(__always) static func hash(_ variable: SecLangVariable, _ name: Span<UInt8>) -> UInt64 {
        KnownValues.hash(name, UInt64(variable.rawValue) << 32)
    }

    /// `name` in lower case.
    func find(_ hash: UInt64, _ variable: SecLangVariable, _ name: Span<UInt8>) -> Int? {
        var place = Int(truncatingIfNeeded: hash) & mask
        while cells[place] >= 0 {
            let key = keys[Int(cells[place])]
            if hashes[place] == hash, key.variable == variable, key.name.count == name.count,
                key.name.span.hasSameBytes(as: name)
            {
                return Int(cells[place])
            }
            place = (place + 1) & mask
        }
        return nil
    }
}
