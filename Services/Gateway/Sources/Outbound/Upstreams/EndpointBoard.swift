import Core
import Synchronization

/// What all reactors know together of an upstream's endpoints: health, and who is out of use.
///
/// Reading takes no lock (`states` is published), and neither does a success of an endpoint that has not failed lately.
/// A failure takes one.
final class EndpointBoard: Sendable {
    private struct Guarded {
        var outliers: OutlierTracker
        var judges: [HealthJudge]
    }
    /// Whether an endpoint has failures that a success has to wipe out.
    private final class Trouble: Sendable {
        let isThere = Atomic<Bool>(false)
    }

    let states: Published<[EndpointState]>
    private let guarded: Mutex<Guarded>
    private let troubles: [Trouble]

    init(_ upstream: Upstream) {
        let count = upstream.endpoints.count
        states = Published(Array(repeating: EndpointState(), count: count))
        guarded = Mutex(
            Guarded(
                outliers: OutlierTracker(upstream.outlier, count: count),
                judges: Array(repeating: HealthJudge(), count: count)))
        troubles = (0..<count).map { _ in Trouble() }
    }

    func succeeded(_ index: Int) {
        guard troubles[index].isThere.load(ordering: .relaxed) else { return }
        guarded.withLock { guarded in
            guarded.outliers.succeeded(index)
            troubles[index].isThere.store(false, ordering: .relaxed)
        }
    }

    /// Whether the endpoint is out of use from now on.
    func failed(_ index: Int, now: Deadline) -> Bool {
        let until = guarded.withLock { guarded -> Deadline? in
            troubles[index].isThere.store(true, ordering: .relaxed)
            return guarded.outliers.failed(index, now: now) ? guarded.outliers.entries[index].until : nil
        }
        guard let until else { return false }
        states.update { $0[index].outUntil = until }
        return true
    }

    /// Whether an active check changed the endpoint's health.
    func checked(_ index: Int, isWell: Bool, _ policy: HealthPolicy, now: Deadline) -> Bool {
        guard guarded.withLock({ $0.judges[index].note(isWell: isWell, policy) }) else { return false }
        states.update {
            $0[index].isHealthy = isWell
            if isWell { $0[index].usableSince = now }
        }
        return true
    }

    var outliers: [OutlierTracker.Entry] { guarded.withLock { $0.outliers.entries } }
}
