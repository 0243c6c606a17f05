/// A dictionary bounded in entries and in cost. What makes room is found by SIEVE (Zhang et al., NSDI 2024): a hand goes
/// from the oldest entry to the newest and takes the first that was not looked up since the hand last passed. A look-up
/// writes one bit and moves nothing, and a crowd of entries that nobody asks for twice passes through without displacing
/// those that are.
package struct SieveStore<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot: Sendable {
        var key: Key
        var value: Value
        var cost: Int
        var isVisited = false
        var newer: Int?
        var older: Int?
    }

    package let maximumEntries: Int
    package let maximumCost: Int
    package private(set) var cost = 0
    private var positions: [Key: Int] = [:]
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var newest: Int?
    private var oldest: Int?
    private var hand: Int?

    package init(maximumEntries: Int, maximumCost: Int) {
        (self.maximumEntries, self.maximumCost) = (max(1, maximumEntries), max(0, maximumCost))
    }

    package var count: Int { positions.count }

    /// Notes that it was asked for.
    package mutating func find(_ key: Key) -> Value? {
        guard let position = positions[key] else { return nil }
        slots[position]?.isVisited = true
        return slots[position]?.value
    }

    package subscript(key: Key) -> Value? { positions[key].flatMap { slots[$0]?.value } }

    /// Returns how many others had to go. What is larger than the whole store is not kept, and the old value neither.
    @discardableResult
    package mutating func set(_ key: Key, _ value: Value, cost: Int) -> Int {
        // An entry that is replaced keeps its place, if it is still there when room was made.
        if let position = positions[key], let known = slots[position] {
            self.cost -= known.cost
            slots[position]?.value = value
            slots[position]?.cost = 0
            let evicted = makeRoom(for: cost, sparing: position)
            guard let evicted else {
                remove(key)
                return 0
            }
            slots[position]?.cost = cost
            self.cost += cost
            return evicted
        }
        guard var evicted = makeRoom(for: cost, sparing: nil) else { return 0 }
        while count >= maximumEntries, evict(sparing: nil) { evicted += 1 }
        insert(Slot(key: key, value: value, cost: cost, older: newest))
        self.cost += cost
        return evicted
    }

    /// Nil when there is not that much room at all.
    package mutating func makeRoom(for cost: Int) -> Int? { makeRoom(for: cost, sparing: nil) }

    private mutating func makeRoom(for cost: Int, sparing spared: Int?) -> Int? {
        guard cost <= maximumCost else { return nil }
        var evicted = 0
        while self.cost + cost > maximumCost {
            guard evict(sparing: spared) else { return nil }
            evicted += 1
        }
        return evicted
    }

    package mutating func remove(_ key: Key) {
        if let position = positions[key] { unlink(position) }
    }

    // MARK: The list

    private mutating func insert(_ slot: Slot) {
        let position = free.popLast() ?? slots.count
        if position == slots.count { slots.append(slot) } else { slots[position] = slot }
        if let newest { slots[newest]?.newer = position }
        newest = position
        if oldest == nil { oldest = position }
        positions[slot.key] = position
    }

    private mutating func unlink(_ position: Int) {
        guard let slot = slots[position] else { return }
        if let newer = slot.newer { slots[newer]?.older = slot.older } else { newest = slot.older }
        if let older = slot.older { slots[older]?.newer = slot.newer } else { oldest = slot.newer }
        if hand == position { hand = slot.newer }
        positions[slot.key] = nil
        slots[position] = nil
        free.append(position)
        cost -= slot.cost
    }

    /// False when there is nobody to take. Each entry is passed twice at the most.
    private mutating func evict(sparing spared: Int?) -> Bool {
        for _ in 0..<(2 * count + 1) {
            guard let position = hand ?? oldest, let slot = slots[position] else { return false }
            guard position == spared || slot.isVisited else {
                unlink(position)
                return true
            }
            slots[position]?.isVisited = false
            hand = slot.newer
        }
        return false
    }
}
