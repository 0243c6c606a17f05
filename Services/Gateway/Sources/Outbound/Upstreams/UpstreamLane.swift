import Core

/// One reactor's view of an upstream: whom to ask next, whether to ask at all, and how it went.
///
/// Confined to its reactor, which is what makes it Sendable.
final class UpstreamLane: @unchecked Sendable {
    /// For those who look.
    struct Tally: Sendable {
        var requests = 0
        var failures = 0
        var underWay = 0
        var lastFailure: String?
    }

    private let upstream: Upstream
    private let board: EndpointBoard
    private let zone: String?
    private var balancer: Balancer
    private var shares: EndpointShares
    private var seenVersion: UInt64
    private(set) var breaker: CircuitBreaker
    private(set) var tallies: [Tally]
    var budget: RetryBudget
    var random = QuickRandom()

    init(_ upstream: Upstream, board: EndpointBoard, zone: String?) {
        self.upstream = upstream
        self.board = board
        self.zone = zone
        balancer = Balancer(upstream)
        breaker = CircuitBreaker(upstream.breaker)
        budget = RetryBudget(share: upstream.retries.budget)
        tallies = Array(repeating: Tally(), count: upstream.endpoints.count)
        seenVersion = board.states.currentVersion
        shares = EndpointShares(upstream, board.states.current, zone: zone, now: .now)
        balancer.setWeights(shares.weights)
    }

    var isPanic: Bool { shares.isPanic }

    func admit(now: Deadline) -> Bool { breaker.admit(now: now) }

    func ended(isFailure: Bool?, now: Deadline) { breaker.ended(isFailure: isFailure, now: now) }

    /// An endpoint that was not tried yet, or any when all were.
    func pick(key: UInt64, excluding tried: [Int], now: Deadline) -> Int? {
        refresh(now)
        if let index = balancer.pick(key: key, excluding: tried, now: now) { return index }
        return tried.isEmpty ? nil : balancer.pick(key: key, excluding: [], now: now)
    }

    func hasUntried(_ tried: [Int]) -> Bool {
        shares.weights.indices.contains { shares.weights[$0] > 0 && !tried.contains($0) }
    }

    func began(_ index: Int) {
        balancer.began(index)
        tallies[index].requests += 1
        tallies[index].underWay += 1
    }

    func ended(_ index: Int) {
        balancer.ended(index)
        tallies[index].underWay -= 1
    }

    func answered(_ index: Int, after took: Duration, now: Deadline) {
        balancer.answered(index, after: took, isFailure: false, now: now)
        board.succeeded(index)
    }

    /// Whether the endpoint is out of use from now on.
    func failed(_ index: Int, after took: Duration, _ reason: @autoclosure () -> String, now: Deadline) -> Bool {
        balancer.answered(index, after: took, isFailure: true, now: now)
        tallies[index].failures += 1
        tallies[index].lastFailure = reason()
        return board.failed(index, now: now)
    }

    func expectedLatency(_ index: Int, now: Deadline) -> Duration? { balancer.expectedLatency(index, now: now) }

    private func refresh(_ now: Deadline) {
        let version = board.states.currentVersion
        guard version != seenVersion || shares.validUntil <= now else { return }
        seenVersion = version
        shares = EndpointShares(upstream, board.states.current, zone: zone, now: now)
        balancer.setWeights(shares.weights)
    }
}
