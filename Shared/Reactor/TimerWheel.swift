internal import Core

/// Something that can wait in a `TimerWheel`: at most one place at a time, linked to its neighbours there.
package class TimerEntry {
    fileprivate var next: TimerEntry?
    fileprivate unowned(unsafe) var previous: TimerEntry?
    fileprivate var dueTick: Int64 = 0
    /// Level and slot as one number; negative while the entry waits nowhere.
    fileprivate var place: Int16 = -1

    var isArmed: Bool { place >= 0 }

    /// Called on the wheel's thread, after the entry has left the wheel. It may arm itself again.
    func expire(now: Deadline) {}

    /// Called instead when the loop has ended and no time will ever come.
    func abandon(now: Deadline) { expire(now: now) }
}

/// A hierarchical timer wheel: six levels of 64 slots, a tick of one millisecond at the lowest.
///
/// Arming and disarming are O(1). An entry falls through at most six slots before it expires, and empty slots are skipped
/// by a bitmap, so a clock that leaps by hours costs no more than the entries that became due. Entries never expire
/// early: a deadline is rounded up to a whole tick. Deadlines beyond the horizon (two years) wait at its edge again.
struct TimerWheel: ~Copyable {
    private static let levels = 6
    private static let tickNanoseconds: Int64 = 1_000_000
    /// One slot short of the whole wheel, so that the slot being opened never receives what it drops.
    private static let horizon: Int64 = 63 << 30

    private let origin: Deadline
    private var elapsed: Int64 = 0
    private var occupied = [UInt64](repeating: 0, count: levels)
    private var slots = [TimerEntry?](repeating: nil, count: levels * 64)
    private(set) var count = 0

    init(origin: Deadline) { self.origin = origin }

    mutating func arm(_ entry: TimerEntry, at deadline: Deadline) {
        precondition(!entry.isArmed, "an entry waits in one place at a time")
        entry.dueTick = tick(roundingUp: deadline)
        insert(entry)
        count += 1
    }

    mutating func disarm(_ entry: TimerEntry) {
        guard entry.isArmed else { return }
        unlink(entry)
        count -= 1
    }

    /// When the next entry may be due (or has to fall to a lower level); nil when none waits.
    var nextWake: Deadline? {
        nextSlot.map { origin + .nanoseconds($0.tick &* Self.tickNanoseconds) }
    }

    /// Removes and returns one entry that is due at `now`, the earliest slot first; nil when there is none.
    mutating func popExpired(now: Deadline) -> TimerEntry? {
        let nowTick = (now.uptimeNanoseconds - origin.uptimeNanoseconds) / Self.tickNanoseconds
        while let (tick, place) = nextSlot, tick <= nowTick {
            elapsed = max(elapsed, tick)
            while let entry = slots[place] {
                unlink(entry)
                if entry.dueTick <= elapsed {
                    count -= 1
                    return entry
                }
                insert(entry)
            }
        }
        elapsed = max(elapsed, nowTick)
        return nil
    }

    private func tick(roundingUp deadline: Deadline) -> Int64 {
        let nanoseconds = max(0, deadline.uptimeNanoseconds.addingClamped(-origin.uptimeNanoseconds))
        return nanoseconds / Self.tickNanoseconds + (nanoseconds % Self.tickNanoseconds == 0 ? 0 : 1)
    }

    private mutating func insert(_ entry: TimerEntry) {
        let tick = min(max(entry.dueTick, elapsed), elapsed + Self.horizon)
        let level = min((63 - ((tick ^ elapsed) | 63).leadingZeroBitCount) / 6, Self.levels - 1)
        let place = level * 64 + Int((tick >> Int64(level * 6)) & 63)
        entry.place = Int16(place)
        entry.next = slots[place]
        unsafe slots[place]?.previous = entry
        slots[place] = entry
        occupied[level] |= 1 << UInt64(place & 63)
    }

    private mutating func unlink(_ entry: TimerEntry) {
        let place = Int(entry.place)
        unsafe entry.next?.previous = entry.previous
        if let previous = unsafe entry.previous {
            previous.next = entry.next
        } else {
            slots[place] = entry.next
            if entry.next == nil { occupied[place / 64] &= ~(1 << UInt64(place & 63)) }
        }
        entry.next = nil
        unsafe entry.previous = nil
        entry.place = -1
    }

    /// The first occupied slot and the tick at which it opens. Lower levels always open before higher ones.
    private var nextSlot: (tick: Int64, place: Int)? {
        for level in 0..<Self.levels where occupied[level] != 0 {
            let shift = Int64(level * 6)
            let current = (elapsed >> shift) & 63
            let rotated = occupied[level] >> UInt64(current) | occupied[level] << UInt64((64 - current) & 63)
            let slot = (current + Int64(rotated.trailingZeroBitCount)) & 63
            let round = elapsed & ~((1 << (shift + 6)) - 1)
            var tick = round + slot << shift
            if tick < elapsed && slot != current { tick += 1 << (shift + 6) }
            return (max(tick, elapsed), level * 64 + Int(slot))
        }
        return nil
    }
}
