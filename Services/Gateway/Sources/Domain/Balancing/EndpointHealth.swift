import Core

/// What active checks have found about one endpoint. Until the first answer it counts as healthy: a gateway that starts
/// must not refuse everybody for the length of an interval. The first answer decides at once.
struct HealthJudge: Sendable {
    private(set) var isHealthy = true
    private var streak = 0
    private var hasBeenAsked = false

    /// Whether that changed anything.
    mutating func note(isWell: Bool, _ policy: HealthPolicy) -> Bool {
        defer { hasBeenAsked = true }
        guard isWell != isHealthy else {
            streak = 0
            return false
        }
        streak += 1
        guard !hasBeenAsked || streak >= (isWell ? policy.healthyAfter : policy.unhealthyAfter) else { return false }
        isHealthy = isWell
        streak = 0
        return true
    }
}

/// Takes endpoints out of use that failed several requests in a row, for longer each time.
///
/// Invariant: never more than `share` of all endpoints, rounded down, are out at once. So one endpoint alone is never
/// taken out, and half of them failing cannot bury the other half.
struct OutlierTracker: Sendable {
    struct Entry: Sendable, Equatable {
        var failures = 0
        var ejections = 0
        var until = Deadline(uptimeNanoseconds: 0)
    }

    private let policy: OutlierPolicy
    private(set) var entries: [Entry]

    init(_ policy: OutlierPolicy, count: Int) {
        self.policy = policy
        entries = Array(repeating: Entry(), count: count)
    }

    var most: Int { Int((policy.share * Double(entries.count)).rounded(.down)) }

    func isOut(_ index: Int, now: Deadline) -> Bool { entries[index].until > now }

    /// Whether the endpoint is out of use from now on.
    mutating func failed(_ index: Int, now: Deadline) -> Bool {
        guard policy.consecutiveFailures > 0, !isOut(index, now: now) else { return false }
        entries[index].failures += 1
        guard entries[index].failures >= policy.consecutiveFailures else { return false }
        guard entries.indices.count(where: { isOut($0, now: now) }) < most else { return false }
        forgive(index, now: now)
        entries[index].failures = 0
        entries[index].ejections += 1
        entries[index].until = now + time(out: entries[index].ejections)
        return true
    }

    mutating func succeeded(_ index: Int) { entries[index].failures = 0 }

    /// An endpoint that was in use for as long as it would be out next time begins anew.
    private mutating func forgive(_ index: Int, now: Deadline) {
        let entry = entries[index]
        if entry.ejections > 0 && now > entry.until + time(out: entry.ejections + 1) { entries[index].ejections = 0 }
    }

    private func time(out count: Int) -> Duration { min(policy.ejection * count, policy.longestEjection) }
}

/// What is known of one endpoint by everybody: published to the reactors when it changes.
struct EndpointState: Sendable, Equatable {
    var isHealthy = true
    var outUntil = Deadline(uptimeNanoseconds: 0)
    /// Since when it has been usable, for the slow start. Zero: since before we knew it.
    var usableSince = Deadline(uptimeNanoseconds: 0)

    func isUsable(now: Deadline) -> Bool { isHealthy && outUntil <= now }
}

/// How much of the requests each endpoint is to get now.
struct EndpointShares: Equatable {
    /// What an endpoint that has just come back gets at least: it has to get something to become warm.
    private static let leastWarmth = 0.1
    private static let warmingStep = Duration.milliseconds(100)

    var weights: [Double]
    /// Nobody is usable: then all are used, because some may answer after all, and a refusal certainly helps nobody.
    var isPanic = false
    /// From when on they have to be worked out anew.
    var validUntil = Deadline.never

    /// `zone` is where the gateway stands: as long as half of its own zone's weight is usable, requests stay there.
    init(_ upstream: Upstream, _ states: [EndpointState], zone: String? = nil, now: Deadline) {
        weights = upstream.endpoints.map { Double($0.weight) }
        for (index, state) in states.enumerated() {
            guard state.isUsable(now: now) else {
                weights[index] = 0
                if state.isHealthy { validUntil = min(validUntil, state.outUntil) }
                continue
            }
            warm(index, state, upstream.slowStart, now)
        }
        if weights.allSatisfy({ $0 == 0 }) {
            isPanic = true
            weights = upstream.endpoints.map { Double($0.weight) }
        }
        if let zone { stay(in: zone, upstream.endpoints) }
    }

    private mutating func warm(_ index: Int, _ state: EndpointState, _ slowStart: Duration, _ now: Deadline) {
        let since = max(state.usableSince, state.outUntil)
        guard slowStart > .zero, since.uptimeNanoseconds > 0, now < since + slowStart else { return }
        weights[index] *= max(Self.leastWarmth, (now - since).inSeconds / slowStart.inSeconds)
        validUntil = min(validUntil, now + Self.warmingStep)
    }

    private mutating func stay(in zone: String, _ endpoints: [UpstreamEndpoint]) {
        let own = endpoints.indices.filter { endpoints[$0].zone == zone }
        let usable = own.reduce(0) { $0 + weights[$1] }
        let whole = own.reduce(0) { $0 + Double(endpoints[$1].weight) }
        guard usable > 0, usable >= whole / 2 else { return }
        for index in endpoints.indices where endpoints[index].zone != zone { weights[index] = 0 }
    }
}
