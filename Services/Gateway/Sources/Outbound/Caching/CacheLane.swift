import Core
import HTTP
import Reactor
import Telemetry

/// One answer on its way from the upstream into the store. At most one is under way for a key and place.
final class CacheFetch: @unchecked Sendable {
    // Sendable: all but the promise, which any thread may touch, is its reactor's alone.
    let key: CacheKey
    let place: CachePlace
    /// What was read so far and is not stored yet.
    fileprivate(set) var held = 0
    /// Something changed the resource after the fetch had begun: its answer may be older than that.
    fileprivate(set) var isOutdated = false
    /// Fulfilled when the answer is stored, or is known not to be.
    fileprivate let end = Promise<Void>()

    fileprivate init(_ key: CacheKey, _ place: CachePlace) { (self.key, self.place) = (key, place) }

    /// Until it has ended, but not beyond the deadline.
    func wait(until deadline: Deadline) async { _ = try? await end.value(deadline: deadline) }
}

/// One reactor's part of the cache: its own answers, its own share of the memory, no locks. Confined to it, which is what
/// makes it Sendable.
final class CacheLane: @unchecked Sendable {
    private static let mostFetches = 256
    private static let mostAlternatives = 8
    private static let keyOverhead = 128

    let reactor: Reactor
    let metrics: CacheMetrics
    private var store: SieveStore<CacheKey, [StoredAnswer]>
    private var fetches: [CacheKey: [CacheFetch]] = [:]
    private var fetchCount = 0
    /// Of all fetches under way.
    private var held = 0

    init(_ reactor: Reactor, entries: Int, bytes: Int, _ metrics: CacheMetrics) {
        (self.reactor, self.metrics) = (reactor, metrics)
        store = SieveStore(maximumEntries: entries, maximumCost: bytes)
    }

    // MARK: Looking

    /// The newest answer that is for this request, and whether there are others under its key.
    func find(
        _ key: CacheKey, _ place: CachePlace, _ request: CacheRequest, _ field: (String) -> String?
    ) -> (answer: StoredAnswer?, hasOthers: Bool) {
        guard let alternatives = store.find(key) else { return (nil, false) }
        let found = alternatives.first { answer in
            answer.place.route == place.route && answer.place.upstream == place.upstream
                && (answer.place.isHead == place.isHead || request.isHead)
                && (answer.lifetime.isForAuthorized || !request.hasAuthorization) && answer.selection.takes(field)
        }
        return (found, !alternatives.isEmpty)
    }

    func fetch(_ key: CacheKey, _ place: CachePlace) -> CacheFetch? { fetches[key]?.first { $0.place == place } }

    // MARK: Fetching

    /// Nil when somebody else fetches it, or as many are under way as may be: then the answer is only passed on.
    func begin(_ key: CacheKey, _ place: CachePlace) -> CacheFetch? {
        guard fetchCount < Self.mostFetches, self.fetch(key, place) == nil else { return nil }
        let fetch = CacheFetch(key, place)
        fetches[key, default: []].append(fetch)
        fetchCount += 1
        return fetch
    }

    /// What is being read counts like what is stored. False when there is no room for it.
    func hold(_ bytes: Int, for fetch: CacheFetch) -> Bool {
        guard held + bytes <= store.maximumCost / 2 else { return false }
        held += bytes
        fetch.held += bytes
        change { $0.makeRoom(for: held) ?? 0 }
        return true
    }

    /// More than once does no harm.
    func end(_ fetch: CacheFetch) {
        held -= fetch.held
        fetch.held = 0
        guard fetch.end.fulfil(()) else { return }
        fetchCount -= 1
        fetches[fetch.key]?.removeAll { $0 === fetch }
        if fetches[fetch.key]?.isEmpty == true { fetches[fetch.key] = nil }
    }

    /// Ends the fetch. False: it may not, or cannot be stored.
    func put(_ answer: StoredAnswer, by fetch: CacheFetch, replacing known: StoredAnswer?) -> Bool {
        defer { end(fetch) }
        held -= fetch.held
        fetch.held = 0
        guard !fetch.isOutdated else { return false }
        var alternatives = (store[fetch.key] ?? []).filter { $0 !== known && !answer.replaces($0) }
        alternatives.insert(answer, at: 0)
        set(fetch.key, Array(alternatives.prefix(Self.mostAlternatives)))
        return store[fetch.key]?.first === answer
    }

    // MARK: Forgetting

    func forget(_ answer: StoredAnswer, under key: CacheKey) {
        guard let alternatives = store[key] else { return }
        set(key, alternatives.filter { $0 !== answer })
    }

    func invalidate(_ keys: [CacheKey]) {
        for key in keys {
            for fetch in fetches[key] ?? [] { fetch.isOutdated = true }
            guard store[key] != nil else { continue }
            metrics.invalidated.increment()
            set(key, [])
        }
    }

    private func set(_ key: CacheKey, _ alternatives: [StoredAnswer]) {
        let cost = alternatives.reduce(Self.keyOverhead + key.count) { $0 + $1.cost }
        change { store in
            guard !alternatives.isEmpty else {
                store.remove(key)
                return 0
            }
            // Beside what is being read.
            let evicted = store.makeRoom(for: cost + held) ?? 0
            return evicted + store.set(key, alternatives, cost: cost)
        }
    }

    /// - Parameter change: returns how many had to go for others.
    private func change(_ change: (inout SieveStore<CacheKey, [StoredAnswer]>) -> Int) {
        let (cost, count) = (store.cost, store.count)
        let evicted = change(&store)
        if evicted > 0 { metrics.evicted.increment(by: evicted) }
        metrics.bytes.add(store.cost - cost)
        metrics.entries.add(store.count - count)
    }
}
