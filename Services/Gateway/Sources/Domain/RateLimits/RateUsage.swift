import Core

/// What one reactor admitted since the replicas last told each other: per key, how much time it used up.
///
/// Confined to its reactor. Bounded: keys beyond the maximum are admitted and not told, which can only be generous, and
/// are counted.
struct RateUsage {
    struct Entry: Sendable, Equatable {
        /// The key itself, not its hash: every replica hashes with a seed of its own.
        var key: [UInt8]
        var nanoseconds: Int64
    }

    private let maximum: Int
    private var indices: [UInt64: Int] = [:]
    private var entries: [Entry] = []
    private(set) var untold = 0

    init(maximum: Int = 4_096) { self.maximum = maximum }

    mutating func note(_ hash: UInt64, _ key: some Sequence<UInt8>, nanoseconds: Int64) {
        if let index = indices[hash] {
            entries[index].nanoseconds = entries[index].nanoseconds.addingClamped(nanoseconds)
        } else if entries.count < maximum {
            indices[hash] = entries.count
            entries.append(Entry(key: Array(key), nanoseconds: nanoseconds))
        } else {
            untold += 1
        }
    }

    mutating func take() -> [Entry] {
        defer {
            indices.removeAll(keepingCapacity: true)
            entries = []
        }
        return entries
    }
}
