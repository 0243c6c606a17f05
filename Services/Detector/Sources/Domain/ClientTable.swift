import Core

/// The profiles of the clients seen last; the least recently seen one makes room. A doubly linked list through an
/// array, so that a look-up, a touch and an eviction take constant time.
struct ClientTable: Sendable {
    struct Entry: Sendable {
        var client: IPAddress
        var partition: Int
        var profile: ClientProfile
    }

    fileprivate struct Slot: Sendable {
        var client: IPAddress
        var profile: ClientProfile
        var newer: Int32
        var older: Int32
        var partition: Int16
    }

    /// Of clients that were heard of in another way than by the request stream.
    static let noPartition = -1

    private static let none: Int32 = -1
    let capacity: Int
    private var slots: [Slot] = []
    private var indexOf: [IPAddress: Int32] = [:]
    private var newest = ClientTable.none
    private var oldest = ClientTable.none
    private(set) var evictions = 0
    /// Counts how often slots were moved about: a walk over them begins again then.
    private var generation = 0

    init(capacity: Int) {
        precondition((1...(1 << 30)).contains(capacity), "a table of clients has room for one at least")
        self.capacity = capacity
    }

    var count: Int { slots.count }

    /// The client's profile, made if it is new, changed in place, and now the most recent.
    mutating func update<Result>(
        _ client: IPAddress, of partition: Int = ClientTable.noPartition, at now: Timestamp,
        _ body: (inout ClientProfile) -> Result
    ) -> Result {
        let index = indexOf[client].map(Int.init) ?? insert(client, ClientProfile(at: now))
        moveToFront(index)
        if partition != Self.noPartition { slots[index].partition = Int16(partition) }
        return body(&slots[index].profile)
    }

    func profile(of client: IPAddress) -> ClientProfile? { indexOf[client].map { slots[Int($0)].profile } }

    /// The most recent first.
    func recent(_ limit: Int) -> [Entry] {
        var found: [Entry] = []
        var index = newest
        while index != Self.none, found.count < limit {
            found.append(Entry(slots[Int(index)]))
            index = slots[Int(index)].older
        }
        return found
    }

    func entries(of partition: Int) -> [Entry] {
        slots.filter { $0.partition == Int16(partition) }.map(Entry.init)
    }

    /// What is remembered already is newer than what was saved.
    mutating func restore(_ client: IPAddress, _ profile: ClientProfile, of partition: Int) {
        guard indexOf[client] == nil else { return }
        let index = insert(client, profile)
        slots[index].partition = Int16(partition)
        moveToFront(index)
    }

    /// Forgets the clients of a partition that somebody else reads now.
    mutating func remove(_ partition: Int) {
        let kept = recent(count).filter { $0.partition != partition }
        var table = ClientTable(capacity: capacity)
        for entry in kept.reversed() { table.restore(entry.client, entry.profile, of: entry.partition) }
        table.evictions = evictions
        table.generation = generation + 1
        self = table
    }

    /// The next profiles that changed since the walk before this one; see `Checkpoint`.
    func changed(_ checkpoint: inout Checkpoint, limit: Int, at now: Timestamp) -> [Entry] {
        if checkpoint.generation != generation { checkpoint.restart(generation: generation) }
        if checkpoint.position == 0 { checkpoint.begin(at: now) }
        var found: [Entry] = []
        while checkpoint.position < slots.count, found.count < limit {
            let slot = slots[checkpoint.position]
            checkpoint.position += 1
            if slot.profile.lastSeen >= checkpoint.since { found.append(Entry(slot)) }
        }
        if found.isEmpty { checkpoint.end() }
        return found
    }

    private mutating func insert(_ client: IPAddress, _ profile: ClientProfile) -> Int {
        if slots.count < capacity {
            slots.append(
                Slot(client: client, profile: profile, newer: Self.none, older: Self.none, partition: -1))
            let index = slots.count - 1
            indexOf[client] = Int32(index)
            linkAtFront(index)
            return index
        }
        let index = Int(oldest)
        indexOf[slots[index].client] = nil
        evictions += 1
        slots[index].client = client
        slots[index].profile = profile
        slots[index].partition = -1
        indexOf[client] = Int32(index)
        return index
    }

    private mutating func moveToFront(_ index: Int) {
        guard newest != Int32(index) else { return }
        let (newer, older) = (slots[index].newer, slots[index].older)
        if newer != Self.none { slots[Int(newer)].older = older }
        if older != Self.none { slots[Int(older)].newer = newer }
        if oldest == Int32(index) { oldest = newer }
        linkAtFront(index)
    }

    private mutating func linkAtFront(_ index: Int) {
        slots[index].newer = Self.none
        slots[index].older = newest
        if newest != Self.none { slots[Int(newest)].newer = Int32(index) }
        newest = Int32(index)
        if oldest == Self.none { oldest = Int32(index) }
    }
}

extension ClientTable.Entry {
    fileprivate init(_ slot: ClientTable.Slot) {
        self.init(client: slot.client, partition: Int(slot.partition), profile: slot.profile)
    }
}

/// A walk over all profiles, in steps: each walk hands out what changed since the walk before it began. A profile that
/// changes during a walk is in this one or in the next.
struct Checkpoint: Sendable {
    private(set) var since = Timestamp(nanoseconds: 0)
    private var began = Timestamp(nanoseconds: 0)
    fileprivate var position = 0
    fileprivate var generation = 0

    fileprivate mutating func begin(at now: Timestamp) { began = now }

    fileprivate mutating func end() {
        since = began
        position = 0
    }

    fileprivate mutating func restart(generation: Int) {
        self.generation = generation
        position = 0
    }
}
