/// The end of the log: how many entries it has and the hash that covers them all.
struct LogHead: Sendable, Equatable {
    var size: UInt64
    var hash: [UInt8]

    static let empty = LogHead(size: 0, hash: LogEntry.origin)

    /// The entries for `records`, in order, behind this head; the head moves to the last of them.
    mutating func append(_ records: [LogRecord]) -> [LogEntry] {
        records.map { record in
            let entry = LogEntry(index: size + 1, record: record, after: hash)
            size = entry.index
            hash = entry.hash
            return entry
        }
    }
}

/// Recomputes links one after the other and stops at the first that does not hold.
struct ChainVerification: Sendable, Equatable {
    private(set) var checked: UInt64 = 0
    private(set) var brokenAt: UInt64?
    private var expectedIndex: UInt64
    private var expectedPrevious: [UInt8]

    /// `previousHash` is the hash of the entry before `first`.
    init(first: UInt64, previousHash: [UInt8]) {
        expectedIndex = first
        expectedPrevious = previousHash
    }

    var isIntact: Bool { brokenAt == nil }

    mutating func check(_ entries: [LogEntry]) {
        for entry in entries where isIntact {
            let recomputed = LogEntry(index: expectedIndex, record: entry.record, after: expectedPrevious)
            guard entry == recomputed else {
                brokenAt = expectedIndex
                return
            }
            checked += 1
            expectedIndex += 1
            expectedPrevious = entry.hash
        }
    }

    /// The entries that should follow up to `last` are not there.
    mutating func finish(last: UInt64) {
        if isIntact, expectedIndex <= last { brokenAt = expectedIndex }
    }
}
