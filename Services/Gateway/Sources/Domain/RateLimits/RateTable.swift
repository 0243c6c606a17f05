import Core
import Synchronization

/// Every count of every limit, by the generic cell rate algorithm: one moment per key says when its next request would be
/// due if they came evenly. A request that is more than a burst too early is refused.
///
/// Shared by all reactors without a lock: a fixed table of sets of four, a key living anywhere in the set its hash names.
/// When a set is full the key that owes least is forgotten, so that whoever is being held back stays held back however
/// many addresses come by. Two reactors that meet in one slot at the same moment may let one request too many pass, or
/// forget one; they never corrupt it.
///
/// Keys are hashes under the process's random seed: nobody outside can choose two that collide.
@safe final class RateTable: @unchecked Sendable {
    // Sendable: the memory holds atomics and is freed only with the table.
    private static let ways = 4
    /// What another replica says cannot lock anybody out for longer.
    private static let maximumDebt: Int64 = 3_600_000_000_000

    private let mask: Int
    /// 0: empty.
    private let keys: UnsafeMutablePointer<Atomic<UInt64>>
    /// When the key's next request is due, in nanoseconds of the monotonic clock.
    private let due: UnsafeMutablePointer<Atomic<Int64>>

    /// - Parameter capacity: keys remembered, rounded up to a power of two; 16 bytes each.
    init(capacity: Int) {
        var slots = 64
        while slots < capacity && slots < 1 << 26 { slots *= 2 }
        mask = slots / Self.ways - 1
        unsafe keys = .allocate(capacity: slots)
        unsafe due = .allocate(capacity: slots)
        for slot in 0..<slots {
            unsafe (keys + slot).initialize(to: Atomic(0))
            unsafe (due + slot).initialize(to: Atomic(0))
        }
    }

    deinit {
        unsafe keys.deallocate()
        unsafe due.deallocate()
    }

    /// - Parameters:
    ///   - tightening: 1 as configured; below, the share of the limit that is left while the gateway is under attack.
    func admit(_ key: UInt64, _ limit: RateLimit, tightening: Double = 1, now: Deadline) -> RateAnswer {
        let now = now.uptimeNanoseconds
        let interval = Int64(Double(limit.interval) / max(tightening, 0.01))
        let tolerance = interval.multipliedClamped(by: Int64(limit.burst))
        let slot = slot(of: key)
        while true {
            let known = unsafe due[slot].load(ordering: .relaxed)
            let next = max(known, now) + interval
            guard next - now <= tolerance else {
                return RateAnswer(
                    isAdmitted: false, remaining: 0, resetsAfter: .nanoseconds(known - now),
                    retryAfter: .nanoseconds(next - now - tolerance))
            }
            let exchange = unsafe due[slot].compareExchange(expected: known, desired: next, ordering: .relaxed)
            guard exchange.exchanged else { continue }
            return RateAnswer(
                isAdmitted: true, remaining: Int((tolerance - (next - now)) / interval),
                resetsAfter: .nanoseconds(next - now), retryAfter: .zero)
        }
    }

    /// What another replica admitted under the same key, in time: it counts even where it goes beyond the burst, so that
    /// what was too much by the time it became known is made up for.
    func charge(_ key: UInt64, _ nanoseconds: Int64, now: Deadline) {
        let now = now.uptimeNanoseconds
        let slot = slot(of: key)
        while true {
            let known = unsafe due[slot].load(ordering: .relaxed)
            let next = min(max(known, now).addingClamped(nanoseconds), now + Self.maximumDebt)
            if unsafe due[slot].compareExchange(expected: known, desired: next, ordering: .relaxed).exchanged { return }
        }
    }

    private func slot(of key: UInt64) -> Int {
        let key = key == 0 ? 1 : key
        let first = (Int(truncatingIfNeeded: key) & mask) * Self.ways
        var least = first
        var leastDue = Int64.max
        for slot in first..<first + Self.ways {
            if unsafe keys[slot].load(ordering: .relaxed) == key { return slot }
            let owed = unsafe due[slot].load(ordering: .relaxed)
            if owed < leastDue { (least, leastDue) = (slot, owed) }
        }
        unsafe due[least].store(0, ordering: .relaxed)
        unsafe keys[least].store(key, ordering: .relaxed)
        return least
    }
}
