/// The most frequent of many keys in bounded memory (space saving): a new key takes the place of the rarest and inherits
/// its count, so a count is never too low, and too high by at most the smallest.
struct HeavyHitters: Sendable {
    let capacity: Int
    private(set) var counts: [String: Int64] = [:]

    init(capacity: Int) { self.capacity = max(1, capacity) }

    mutating func add(_ key: String, _ amount: Int64 = 1) {
        if counts[key] != nil || counts.count < capacity {
            counts[key, default: 0] += amount
        } else if let rarest = counts.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
            counts[rarest.key] = nil
            counts[key] = rarest.value + amount
        }
    }

    func top(_ count: Int) -> [(key: String, count: Int64)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(count).map { ($0.key, $0.value) }
    }
}
