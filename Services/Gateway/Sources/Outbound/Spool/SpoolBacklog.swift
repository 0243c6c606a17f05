/// A place in a spool: a segment's number, and the bytes before it in there.
struct SpoolPosition: Sendable, Comparable {
    var segment: UInt64 = 0
    var offset: UInt64 = 0

    static func < (left: SpoolPosition, right: SpoolPosition) -> Bool {
        (left.segment, left.offset) < (right.segment, right.offset)
    }
}

/// What waits to be sent, in order: the oldest in memory, and what found no room there on disk only.
///
/// Invariants: the records in memory are the oldest that wait, without a gap, and begin at `read`; `isComplete` says
/// that nothing waits on disk only; memory holds at most `capacity` records.
struct SpoolBacklog {
    struct Entry: Sendable, Equatable {
        var record: SpoolRecord
        /// Where the record ends on disk.
        var end: SpoolPosition
    }

    private let capacity: Int
    private var memory: [Entry] = []
    private var first = 0
    /// Where the first record that is not in memory and not taken yet begins on disk.
    private(set) var read: SpoolPosition
    private(set) var isComplete: Bool

    /// `hasOlder`: an earlier process left records on disk, from `read` on.
    init(capacity: Int, read: SpoolPosition = SpoolPosition(), hasOlder: Bool = false) {
        self.capacity = capacity
        self.read = read
        isComplete = !hasOlder
    }

    var countInMemory: Int { memory.count - first }
    var isEmpty: Bool { countInMemory == 0 && isComplete }

    /// A record that has been written to disk.
    mutating func add(_ entry: Entry) {
        guard isComplete && countInMemory < capacity else {
            isComplete = false
            return
        }
        memory.append(entry)
    }

    /// A record that could not be written: false when it cannot be kept.
    mutating func addUnwritten(_ record: SpoolRecord) -> Bool {
        guard isComplete && countInMemory < capacity else { return false }
        memory.append(Entry(record: record, end: memory.last?.end ?? read))
        return true
    }

    /// The oldest, at most so many and such a size together.
    mutating func take(upTo count: Int, bytes: Int) -> [Entry] {
        var (taken, size) = ([Entry](), 0)
        while first < memory.count && taken.count < count && size < bytes {
            size += memory[first].record.payload.count
            taken.append(memory[first])
            first += 1
        }
        if let last = taken.last { read = last.end }
        if first == memory.count {
            (memory, first) = ([], 0)
        } else if first > capacity / 2 {
            memory.removeFirst(first)
            first = 0
        }
        return taken
    }

    /// What was read from disk when memory was empty: records that begin at `read`, what follows them, and whether that
    /// was all there is.
    mutating func refill(_ entries: [Entry], next: SpoolPosition, isAll: Bool) {
        memory += entries
        if entries.isEmpty { read = next }
        isComplete = isAll
    }
}
