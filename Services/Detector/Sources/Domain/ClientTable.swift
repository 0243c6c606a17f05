import Core

/// The profiles of the clients seen last; the least recently seen one makes room. A doubly linked list through an
/// array, so that a look-up, a touch and an eviction take constant time.
struct ClientTable: Sendable {
    private struct Slot: Sendable {
        var client: IPAddress
        var profile: ClientProfile
        var newer: Int
        var older: Int
    }

    private static let none = -1
    let capacity: Int
    private var slots: [Slot] = []
    private var indexOf: [IPAddress: Int] = [:]
    private var newest = ClientTable.none
    private var oldest = ClientTable.none
    private(set) var evictions = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a table of clients needs room for one")
        self.capacity = capacity
    }

    var count: Int { slots.count }

    /// The client's profile, made if it is new, changed in place, and now the most recent.
    mutating func update<Result>(
        _ client: IPAddress, at now: Timestamp, _ body: (inout ClientProfile) -> Result
    ) -> Result {
        let index = indexOf[client] ?? insert(client, ClientProfile(at: now))
        moveToFront(index)
        return body(&slots[index].profile)
    }

    func profile(of client: IPAddress) -> ClientProfile? { indexOf[client].map { slots[$0].profile } }

    /// The most recent first.
    func recent(_ limit: Int) -> [(client: IPAddress, profile: ClientProfile)] {
        var found: [(client: IPAddress, profile: ClientProfile)] = []
        var index = newest
        while index != Self.none, found.count < limit {
            found.append((slots[index].client, slots[index].profile))
            index = slots[index].older
        }
        return found
    }

    mutating func restore(_ client: IPAddress, _ profile: ClientProfile) {
        let index = indexOf[client] ?? insert(client, profile)
        slots[index].profile = profile
        moveToFront(index)
    }

    private mutating func insert(_ client: IPAddress, _ profile: ClientProfile) -> Int {
        if slots.count < capacity {
            slots.append(Slot(client: client, profile: profile, newer: Self.none, older: Self.none))
            let index = slots.count - 1
            indexOf[client] = index
            linkAtFront(index)
            return index
        }
        let index = oldest
        indexOf[slots[index].client] = nil
        evictions += 1
        slots[index].client = client
        slots[index].profile = profile
        indexOf[client] = index
        return index
    }

    private mutating func moveToFront(_ index: Int) {
        guard newest != index else { return }
        let slot = slots[index]
        if slot.newer != Self.none { slots[slot.newer].older = slot.older }
        if slot.older != Self.none { slots[slot.older].newer = slot.newer }
        if oldest == index { oldest = slot.newer }
        linkAtFront(index)
    }

    private mutating func linkAtFront(_ index: Int) {
        slots[index].newer = Self.none
        slots[index].older = newest
        if newest != Self.none { slots[newest].newer = index }
        newest = index
        if oldest == Self.none { oldest = index }
    }
}
