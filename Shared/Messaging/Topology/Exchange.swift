internal import Core

/// The broker's exchanges, and what is bound to what.
struct Exchange {
    let name: String
    let type: String
    /// Nobody publishes to it directly: other exchanges and the broker itself do.
    var isInternal = false

    static let all: [Exchange] =
        [
            Exchange(name: Topology.eventsExchange, type: "topic"),
            Exchange(name: Topology.rpcExchange, type: "topic"),
            Exchange(name: Topology.requestsExchange, type: "fanout"),
        ]
        + Topology.requestConsumers.map {
            Exchange(name: partitions(of: $0), type: "x-consistent-hash", isInternal: true)
        }
        + ServiceName.allCases.map { Exchange(name: deadLetters(of: $0), type: "fanout", isInternal: true) }

    static func partitions(of service: ServiceName) -> String { "\(service.operatorName).requests" }
    static func deadLetters(of service: ServiceName) -> String { "\(service.operatorName).dead" }
}

struct Binding {
    let source: String
    let destination: String
    var key = ""
    var isToExchange = false

    static let all: [Binding] = events + requests + calls + deadLetters

    private static let events = Topology.subscriptions.flatMap { service, topics in
        topics.map { topic in
            Binding(
                source: Topology.eventsExchange, destination: Queue.events(of: service).name, key: topic.bindingKey)
        }
    }

    private static let requests = Topology.requestConsumers.flatMap { service in
        [
            Binding(
                source: Topology.requestsExchange, destination: Exchange.partitions(of: service), isToExchange: true)
        ]
            // A consistent hash takes the binding's key for the queue's weight.
            + Queue.requests(of: service).map {
                Binding(source: Exchange.partitions(of: service), destination: $0.name, key: "1")
            }
    }

    private static let calls = ServiceName.allCases.map { service in
        Binding(source: Topology.rpcExchange, destination: Queue.rpc(of: service).name, key: service.operatorName)
    }

    private static let deadLetters = ServiceName.allCases.map { service in
        Binding(source: Exchange.deadLetters(of: service), destination: Queue.deadLetters(of: service).name)
    }
}

/// Bounds of queues, as policies: they can change without the queue being made anew.
struct QueuePolicy {
    let name: String
    let pattern: String
    let texts: [(String, String)]
    let numbers: [(String, Int)]

    static let all: [QueuePolicy] =
        ServiceName.allCases.map { service in
            QueuePolicy(
                name: "\(service.operatorName).work",
                pattern: "^\(service.operatorName)\\.(events|requests\\.[0-9]+)$",
                texts: [
                    ("dead-letter-exchange", Exchange.deadLetters(of: service)),
                    // A dead letter leaves its queue only when the queue of dead letters has it.
                    ("dead-letter-strategy", "at-least-once"),
                    ("overflow", "reject-publish"),
                ],
                numbers: [("delivery-limit", Topology.deliveryLimit), ("max-length-bytes", 1 << 30)])
        } + [
            QueuePolicy(
                name: "calls", pattern: "^[a-z-]+\\.rpc$", texts: [("overflow", "reject-publish")],
                numbers: [("max-length", 20_000), ("max-length-bytes", 64 << 20)]),
            QueuePolicy(
                name: "dead-letters", pattern: "^[a-z-]+\\.dead$", texts: [("overflow", "drop-head")],
                numbers: [
                    ("max-length-bytes", 256 << 20),
                    ("message-ttl", Int(Topology.deadLetterLifetime.wholeMilliseconds)),
                ]),
        ]
}
