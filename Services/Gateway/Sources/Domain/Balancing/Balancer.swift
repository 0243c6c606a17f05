import Core

/// Chooses an endpoint for each request. One for each upstream and reactor: it knows the load this reactor causes.
///
/// `weights` come from `EndpointShares`: zero for an endpoint that must not be used now.
struct Balancer {
    private enum Choice {
        case inTurn(TurnChoice)
        case fewestRequests
        case shortestWait(LatencyTable)
        case sameForKey(RendezvousChoice)
    }

    private var choice: Choice
    private var weights: [Double]
    private(set) var underWay: [Int]
    private var random: QuickRandom

    init(_ upstream: Upstream, random: QuickRandom = QuickRandom()) {
        let count = upstream.endpoints.count
        weights = upstream.endpoints.map { Double($0.weight) }
        underWay = Array(repeating: 0, count: count)
        self.random = random
        choice =
            switch upstream.balance {
            case .roundRobin: .inTurn(TurnChoice(count: count, random: random))
            case .leastRequest: .fewestRequests
            case .latency(let memory): .shortestWait(LatencyTable(count: count, memory: memory))
            case .consistentHash(_, let bound):
                .sameForKey(RendezvousChoice(upstream.endpoints.map(\.address), bound: bound))
            }
    }

    mutating func setWeights(_ weights: [Double]) { self.weights = weights }

    /// Nil when every endpoint has been tried or must not be used.
    mutating func pick(key: UInt64, excluding tried: [Int], now: Deadline) -> Int? {
        // The usual upstream has one endpoint, and there is nothing to weigh.
        if weights.count == 1 { return tried.isEmpty && weights[0] > 0 ? 0 : nil }
        let usable = tried.isEmpty ? weights : Self.without(tried, weights)
        switch choice {
        case .inTurn(var turns):
            defer { choice = .inTurn(turns) }
            choice = .fewestRequests  // So that `turns` has one owner and changes in place.
            return turns.next(usable)
        case .fewestRequests:
            let underWay = underWay
            return Self.better(usable, &random) { (Double(underWay[$0]) + 1) / usable[$0] }
        case .shortestWait(let latencies):
            let underWay = underWay
            return Self.better(usable, &random) {
                latencies.expected($0, underWay: underWay[$0], now: now) / usable[$0]
            }
        case .sameForKey(let rendezvous):
            return rendezvous.pick(key, usable, underWay)
        }
    }

    mutating func began(_ index: Int) { underWay[index] += 1 }

    mutating func ended(_ index: Int) { underWay[index] -= 1 }

    /// The answer's head came after `took`, or a failure did.
    mutating func answered(_ index: Int, after took: Duration, isFailure: Bool, now: Deadline) {
        guard case .shortestWait(var latencies) = choice else { return }
        choice = .fewestRequests
        latencies.note(index, took: took, isFailure: isFailure, now: now)
        choice = .shortestWait(latencies)
    }

    /// What an endpoint is expected to take, for those who look.
    func expectedLatency(_ index: Int, now: Deadline) -> Duration? {
        guard case .shortestWait(let latencies) = choice else { return nil }
        return latencies.latency(index, now: now)
    }

    private static func without(_ tried: [Int], _ weights: [Double]) -> [Double] {
        var rest = weights
        for index in tried { rest[index] = 0 }
        return rest
    }

    /// The power of two choices: two by chance in proportion to their weights, then the one with the lower cost.
    private static func better(
        _ weights: [Double], _ random: inout QuickRandom, _ cost: (Int) -> Double
    ) -> Int? {
        guard let first = draw(weights, &random) else { return nil }
        guard let second = draw(weights, &random, except: first) else { return first }
        return cost(second) < cost(first) ? second : first
    }

    private static func draw(_ weights: [Double], _ random: inout QuickRandom, except excluded: Int? = nil) -> Int? {
        var total = 0.0
        for index in weights.indices where index != excluded { total += weights[index] }
        guard total > 0 else { return nil }
        var left = random.fraction() * total
        var last: Int?
        for index in weights.indices where index != excluded && weights[index] > 0 {
            last = index
            left -= weights[index]
            if left < 0 { break }
        }
        return last
    }
}

/// Smooth weighted round robin: in every run of as many picks as the weights add up to, each endpoint gets exactly its
/// weight, spread out. Reactors begin at different places, or all would hit the same endpoint at once.
struct TurnChoice {
    private var credit: [Double]

    init(count: Int, random: QuickRandom = QuickRandom()) {
        var random = random
        credit = (0..<count).map { _ in count > 1 ? random.fraction() * 0.01 : 0 }
    }

    mutating func next(_ weights: [Double]) -> Int? {
        var total = 0.0
        var best: Int?
        for index in weights.indices where weights[index] > 0 {
            credit[index] += weights[index]
            total += weights[index]
            if best.map({ credit[index] > credit[$0] }) ?? true { best = index }
        }
        if let best { credit[best] -= total }
        return best
    }
}
