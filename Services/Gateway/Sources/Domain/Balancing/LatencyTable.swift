import Core
import Glibc

/// Peak EWMA: a rise in latency counts at once, a fall only as the memory of the peak fades. So an endpoint that begins
/// to struggle loses its share within one answer and earns it back slowly.
struct LatencyTable {
    /// What nobody has measured yet is taken to be like this as soon as a request is under way there, so that a new
    /// endpoint is tried with one request and not with all of them.
    private static let unknown = 1.0
    /// A quick refusal must not look like a quick answer.
    private static let leastFailure = 1.0

    private struct Entry {
        var seconds = 0.0
        var at = Deadline(uptimeNanoseconds: 0)
        var isKnown = false
    }

    private var entries: [Entry]
    private let memory: Double

    init(count: Int, memory: Duration) {
        entries = Array(repeating: Entry(), count: count)
        self.memory = max(0.001, memory.inSeconds)
    }

    mutating func note(_ index: Int, took: Duration, isFailure: Bool, now: Deadline) {
        let known = entries[index]
        let seconds = isFailure ? max(Self.leastFailure, took.inSeconds * 2) : max(0, took.inSeconds)
        if !known.isKnown || seconds > known.seconds {
            entries[index] = Entry(seconds: seconds, at: now, isKnown: true)
        } else {
            let kept = fading(since: known.at, now)
            entries[index] = Entry(seconds: known.seconds * kept + seconds * (1 - kept), at: now, isKnown: true)
        }
    }

    /// Fades while nothing is heard, or an endpoint that was slow once would never be asked again.
    func latency(_ index: Int, now: Deadline) -> Duration? {
        let entry = entries[index]
        return entry.isKnown ? .nanoseconds(Int64(entry.seconds * fading(since: entry.at, now) * 1e9)) : nil
    }

    func expected(_ index: Int, underWay: Int, now: Deadline) -> Double {
        let entry = entries[index]
        guard entry.isKnown else { return Double(underWay) * Self.unknown }
        return entry.seconds * fading(since: entry.at, now) * Double(underWay + 1)
    }

    private func fading(since: Deadline, _ now: Deadline) -> Double {
        exp2(-max(0, (now - since).inSeconds) / memory)
    }
}
