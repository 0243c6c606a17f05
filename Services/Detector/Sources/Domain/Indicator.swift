import Core

/// An address or a network that somebody else knows to be bad, for a while.
struct Indicator: Sendable, Equatable {
    var network: IPNetwork
    var source: String
    var expiresAt: Timestamp
    /// 0 … 100.
    var confidence: Int
    var description: String
}

/// Looks a client up among all indicators: one hash a prefix length in use.
struct IndicatorTable: Sendable {
    struct Hit: Sendable, Equatable {
        var source: String
        var confidence: Int
        var expiresAt: Timestamp
    }

    static let capacity = 500_000

    private var byLength: [(length: Int, hits: [IPAddress: Hit])] = []
    private(set) var count = 0

    init() {}

    /// Of several for one network the most confident counts.
    init(_ indicators: some Sequence<Indicator>) {
        var lengths: [Int: [IPAddress: Hit]] = [:]
        for indicator in indicators {
            let network = indicator.network
            if let known = lengths[network.prefixLength]?[network.address], known.confidence >= indicator.confidence {
                continue
            }
            guard count < Self.capacity else { break }
            lengths[network.prefixLength, default: [:]][network.address] = Hit(
                source: indicator.source, confidence: indicator.confidence, expiresAt: indicator.expiresAt)
            count += 1
        }
        // The narrowest first: it says the most.
        byLength = lengths.sorted { $0.key > $1.key }.map { (length: $0.key, hits: $0.value) }
    }

    func hit(_ client: IPAddress, at now: Timestamp) -> Hit? {
        for (length, hits) in byLength {
            if let hit = hits[client.masked(to: length)], hit.expiresAt > now { return hit }
        }
        return nil
    }
}

extension IndicatorTable.Hit {
    /// What it means that a listed client comes at all.
    var signal: BehaviourSignal {
        BehaviourSignal(
            kind: .intelligence, category: .anomaly, score: min(0.9, 0.3 + 0.6 * Double(confidence) / 100),
            explanation: "listed by \(source), confidence \(confidence)")
    }
}
