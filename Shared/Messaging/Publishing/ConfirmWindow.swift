/// What was published and is not confirmed yet, in the order of its tags, which count from one without a gap.
struct ConfirmWindow<Entry> {
    private var entries: [Entry?] = []
    /// The tag of `entries[head]`.
    private var firstTag: UInt64 = 1
    private var head = 0
    private(set) var count = 0

    /// To be called with each tag in turn.
    mutating func append(_ entry: Entry) {
        entries.append(entry)
        count += 1
    }

    /// The entries a confirmation settles; none for a tag that is settled or was never given.
    mutating func settle(tag: UInt64, multiple: Bool) -> [Entry] {
        guard tag >= firstTag, tag - firstTag < UInt64(entries.count - head) else { return [] }
        let last = head + Int(tag - firstTag)
        var settled: [Entry] = []
        for position in (multiple ? head : last)...last {
            guard let entry = entries[position] else { continue }
            settled.append(entry)
            entries[position] = nil
        }
        count -= settled.count
        dropSettledFront()
        return settled
    }

    mutating func removeAll() -> [Entry] {
        defer { self = ConfirmWindow() }
        return entries[head...].compactMap { $0 }
    }

    func first(where isWanted: (Entry) -> Bool) -> Entry? {
        for entry in entries[head...] {
            if let entry, isWanted(entry) { return entry }
        }
        return nil
    }

    private mutating func dropSettledFront() {
        while head < entries.count, entries[head] == nil {
            head += 1
            firstTag += 1
        }
        // Moving what is left costs less than what was settled since the last move.
        if head > 64, head > entries.count / 2 {
            entries.removeFirst(head)
            head = 0
        }
    }
}
