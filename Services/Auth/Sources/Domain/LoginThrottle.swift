import Core

/// Progressive delay for guessing, bounded so that it is no weapon: it never depends on the name alone, so nobody can
/// lock a victim out from elsewhere, and it never grows beyond `Limits.longest`.
///
/// Two counts: failures of one name from one address (guessing a password), and failures of any names from one address
/// (trying one password on many). Names that do not exist count the same, so the delay tells nothing.
struct LoginThrottle: Sendable {
    struct Limits: Sendable {
        /// Failures without a delay: people mistype.
        var freePerName = 3
        var freePerAddress = 20
        /// The first delay; each further failure doubles it.
        var first = Duration.seconds(1)
        var longest = Duration.seconds(60)
        /// Failures are forgotten after so long without another.
        var memory = Duration.seconds(900)
        /// Beyond it the counts that failed longest ago are dropped.
        var maximumCounts = 100_000
    }

    private enum Key: Hashable {
        case name(String, IPAddress)
        case address(IPAddress)
    }

    private struct Count {
        var failures: Int
        var lastFailure: Deadline
    }

    private let limits: Limits
    private var counts: [Key: Count] = [:]

    init(_ limits: Limits = Limits()) { self.limits = limits }

    var count: Int { counts.count }

    /// How long this name must wait before it may be tried from this address again; nil: not at all.
    func delay(name: String, address: IPAddress, now: Deadline) -> Duration? {
        let waits = [
            wait(.name(name, address), free: limits.freePerName, now: now),
            wait(.address(address), free: limits.freePerAddress, now: now),
        ]
        return waits.compactMap(\.self).max()
    }

    /// Counts a failure; how many this name has from this address now.
    mutating func failed(name: String, address: IPAddress, now: Deadline) -> Int {
        makeRoom(now: now)
        _ = increment(.address(address), now: now)
        return increment(.name(name, address), now: now)
    }

    /// The right secret ends this name's count, not the address's: one good account must not pay for many guesses.
    mutating func succeeded(name: String, address: IPAddress) { counts[.name(name, address)] = nil }

    private func wait(_ key: Key, free: Int, now: Deadline) -> Duration? {
        guard let count = counts[key], count.failures > free, now < count.lastFailure + limits.memory else {
            return nil
        }
        let doublings = min(count.failures - free - 1, 20)
        let end = count.lastFailure + min(limits.first * (1 << doublings), limits.longest)
        return end > now ? end - now : nil
    }

    private mutating func increment(_ key: Key, now: Deadline) -> Int {
        var count = counts[key] ?? Count(failures: 0, lastFailure: now)
        if now >= count.lastFailure + limits.memory { count.failures = 0 }
        count.failures += 1
        count.lastFailure = now
        counts[key] = count
        return count.failures
    }

    /// Forgets what is old, then, if need be, the older half: rarely, and in one pass.
    private mutating func makeRoom(now: Deadline) {
        guard counts.count + 2 > limits.maximumCounts else { return }
        counts = counts.filter { now < $0.value.lastFailure + limits.memory }
        guard counts.count + 2 > limits.maximumCounts else { return }
        let times = counts.values.map(\.lastFailure).sorted()
        let median = times[times.count / 2]
        counts = counts.filter { $0.value.lastFailure > median }
    }
}
