package import Core

/// A durable queue of the table. Its name begins with its owner's, which is all its owner may read.
package struct Queue: Hashable, Sendable {
    package enum Purpose: Hashable, Sendable {
        case events
        case requests(partition: Int)
        /// Requests of callers. Classic and not persisted: a request that outlives the broker has no caller any more.
        case rpc
        /// What could not be handled, with the reason, until a person decides.
        case deadLetters
    }

    package let owner: ServiceName
    package let purpose: Purpose

    package var name: String {
        let suffix =
            switch purpose {
            case .events: "events"
            case .requests(let partition): "requests.\(partition)"
            case .rpc: "rpc"
            case .deadLetters: "dead"
            }
        return "\(owner.operatorName).\(suffix)"
    }

    var isQuorum: Bool { purpose != .rpc }

    /// The broker gives its messages to one consumer at a time; when that one goes the next takes over. For who keeps
    /// state of what came before in memory.
    var hasOneReader: Bool {
        switch purpose {
        case .events, .requests: Topology.statefulConsumers.contains(owner)
        case .rpc, .deadLetters: false
        }
    }

    package static func events(of owner: ServiceName) -> Queue { Queue(owner: owner, purpose: .events) }
    package static func requests(of owner: ServiceName, partition: Int) -> Queue {
        Queue(owner: owner, purpose: .requests(partition: partition))
    }
    /// All partitions of the request stream that `owner` consumes.
    package static func requests(of owner: ServiceName) -> [Queue] {
        (0..<Topology.partitions).map { requests(of: owner, partition: $0) }
    }
    package static func rpc(of owner: ServiceName) -> Queue { Queue(owner: owner, purpose: .rpc) }
    package static func deadLetters(of owner: ServiceName) -> Queue { Queue(owner: owner, purpose: .deadLetters) }
}

/// A queue of one replica, made when it connects and gone when it disconnects: what every replica has to hear, and
/// nobody has to hear later. Whoever needs what was said before asks the owner after each `started`.
package struct ReplicaQueue: Hashable, Sendable {
    /// "control", "live".
    package let purpose: String
    package let topics: [Topic]
    /// Beyond it the oldest message goes first.
    package let maximumBytes: Int

    /// What changes how a gateway treats requests.
    package static let gatewayControl = ReplicaQueue(
        purpose: "control",
        topics: [.decisionMade, .decisionReverted, .signingKeysRotated, .revocationIssued, .configurationChanged],
        maximumBytes: 64 << 20)
    /// What a gateway's live page shows.
    package static let gatewayLive = ReplicaQueue(
        purpose: "live",
        topics: [
            .requestBlocked, .decisionEnforced, .threatDetected, .incidentOpened, .incidentUpdated, .decisionMade,
            .decisionReverted, .approvalRequested, .approvalResolved, .intruderStepObserved,
        ],
        maximumBytes: 16 << 20)

    /// What the gateway's replicas admitted under their common rate limits.
    package static let gatewayRates = ReplicaQueue(
        purpose: "rates", topics: [.rateUsageReported], maximumBytes: 4 << 20)

    func name(service: ServiceName, replica: String) -> String {
        "\(service.operatorName).replica.\(replica).\(purpose)"
    }
}
