import Core
import HTTP
import Reactor

/// The answers this replica has stored: each reactor its own, docs/decisions/0018 says why.
final class AnswerCaches: Sendable {
    private let lanes: [CacheLane]

    init(group: ReactorGroup, entries: Int, bytes: ByteCount, metrics: CacheMetrics) {
        let count = group.reactors.count
        lanes = group.reactors.map { CacheLane($0, entries: entries / count, bytes: bytes.bytes / count, metrics) }
    }

    func lane(_ reactor: Reactor) -> CacheLane { lanes[reactor.index] }

    /// Returns when no reactor has any of it: whoever changed something reads what it changed to.
    func invalidate(_ keys: [CacheKey], from lane: CacheLane) async {
        lane.invalidate(keys)
        for other in lanes where other !== lane { await other.reactor.perform { other.invalidate(keys) } }
    }
}
