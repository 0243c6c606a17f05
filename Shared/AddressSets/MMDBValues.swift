/// The data of a MaxMind DB file (format 2.0): values behind control bytes, maps whose keys and values may be pointers.
///
/// Total: every offset is checked, nothing recurses, and each question takes at most `mostSteps` steps, so a damaged or
/// hostile file gives no answer instead of a trap or a long wait.
struct MMDBValues: Sendable {
    private static let mostSteps = 10_000

    let bytes: [UInt8]
    /// The section: pointers count from its start.
    let section: Range<Int>

    private enum Kind: Int {
        case pointer = 1
        case text, double, blob, uint16, uint32, map, int32, uint64, uint128, array, cache, end, boolean, float
    }

    private struct Value {
        var kind: Kind
        /// Bytes, entries of a map or array, the truth of a boolean; a pointer's target.
        var size: Int
        /// Where its content begins.
        var start: Int

        /// Where what stands behind it begins, unless it has members.
        var end: Int {
            switch kind {
            case .pointer, .boolean, .map, .array: start
            default: start + size
            }
        }
    }

    // MARK: Asking

    /// Where the map at `offset` has its value for `key`. Offsets are those of the file.
    func member(_ key: StaticString, of offset: Int) -> Int? {
        guard let map = resolved(offset), map.kind == .map else { return nil }
        var next = map.start
        for _ in 0..<min(map.size, Self.mostSteps) {
            guard let name = text(at: next), let value = end(of: next) else { return nil }
            if isEqual(name, key) { return value }
            guard let following = end(of: value) else { return nil }
            next = following
        }
        return nil
    }

    func text(at offset: Int) -> ArraySlice<UInt8>? {
        guard let value = resolved(offset), value.kind == .text else { return nil }
        return bytes[value.start..<value.end]
    }

    func unsigned(at offset: Int) -> UInt64? {
        guard let value = resolved(offset), [.uint16, .uint32, .uint64].contains(value.kind), value.size <= 8 else {
            return nil
        }
        return bytes[value.start..<value.end].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func isEqual(_ name: ArraySlice<UInt8>, _ key: StaticString) -> Bool {
        guard name.count == key.utf8CodeUnitCount else { return false }
        return key.withUTF8Buffer { unsafe $0.elementsEqual(name) }
    }

    // MARK: Walking

    /// Behind the value at `offset`, its members included.
    private func end(of offset: Int) -> Int? {
        var (next, pending, steps) = (offset, 1, 0)
        while pending > 0 {
            guard let value = value(at: next), steps < Self.mostSteps else { return nil }
            next = value.end
            pending += value.kind == .map ? 2 * value.size - 1 : value.kind == .array ? value.size - 1 : -1
            steps += 1
        }
        return next
    }

    /// The value itself, or what its pointer leads to, which is no pointer.
    private func resolved(_ offset: Int) -> Value? {
        guard let value = value(at: offset) else { return nil }
        guard value.kind == .pointer else { return value }
        let target = self.value(at: section.lowerBound + value.size)
        return target?.kind == .pointer ? nil : target
    }

    private func value(at offset: Int) -> Value? {
        guard let control = byte(at: offset) else { return nil }
        var next = offset + 1
        var number = Int(control >> 5)
        if number == Kind.pointer.rawValue { return pointer(control, at: next) }
        if number == 0 {
            guard let extended = byte(at: next) else { return nil }
            number = Int(extended) + 7
            next += 1
        }
        guard let kind = Kind(rawValue: number), kind != .pointer, kind != .cache, kind != .end,
            let (size, start) = size(control, at: next)
        else { return nil }
        let value = Value(kind: kind, size: size, start: start)
        return value.end <= section.upperBound ? value : nil
    }

    /// 29, 30 and 31 say that one, two or three bytes of size follow.
    private func size(_ control: UInt8, at offset: Int) -> (Int, start: Int)? {
        let short = Int(control & 31)
        guard short > 28 else { return (short, offset) }
        let count = short - 28
        guard let more = number(count, at: offset) else { return nil }
        return (more + [29, 285, 65_821][count - 1], offset + count)
    }

    private func pointer(_ control: UInt8, at offset: Int) -> Value? {
        let count = Int(control >> 3 & 3) + 1
        guard let low = number(count, at: offset) else { return nil }
        let high = count == 4 ? 0 : Int(control & 7) << (8 * count)
        return Value(kind: .pointer, size: high + low + [0, 2_048, 526_336, 0][count - 1], start: offset + count)
    }

    private func number(_ count: Int, at offset: Int) -> Int? {
        guard section.contains(offset), section.upperBound - offset >= count else { return nil }
        return bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
    }

    private func byte(at offset: Int) -> UInt8? { section.contains(offset) ? bytes[offset] : nil }
}
