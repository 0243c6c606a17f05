package import Core

/// The shape of the bus, in one table: from it come the broker's definitions, what each service's user may touch, and
/// `docs/bus-topology.md`. Nothing is declared at run time but the queues of single replicas.
package enum Topology {
    package static let eventsExchange = "infinite.events"
    package static let requestsExchange = "gateway.requests"
    package static let rpcExchange = "infinite.rpc"

    /// Partitions of the request stream, for each service that consumes it.
    package static let partitions = 4

    /// A batch has one routing key, so the stream uses as many keys as there are partitions. These four were chosen so
    /// that RabbitMQ's consistent hash sends each to another partition, whatever the order of the bindings. Under
    /// another hash the balance would suffer, never the promise: one client's requests stay in one partition.
    package static let partitionKeys = ["4", "8", "1", "0"]

    /// Deliveries of one message before it becomes a dead letter.
    package static let deliveryLimit = 20

    /// How long a dead letter waits for a person. Inboxes remember for longer: what comes back from there may have had
    /// its effect before.
    package static let deadLetterLifetime = Duration.seconds(14 * 86_400)

    /// What each service's events queue is bound to. A service without an entry has no such queue.
    /// An entry needs a consumer in that service: a queue nobody reads fills up, and then its publishers are refused.
    package static let subscriptions: [(service: ServiceName, topics: [Topic])] = [
        (
            .detector,
            [
                .requestBlocked, .loginFailed, .tokenIssued, .intruderStepObserved, .decisionMade, .decisionReverted,
                .configurationChanged,
            ]
        ),
        (
            .agentCoordinator,
            [.threatDetected, .incidentOpened, .incidentUpdated, .decisionEnforced, .configurationChanged]
        ),
        (.metrics, Topic.all.filter { $0.carrier == .events }),
        (.audit, Topic.all.filter { $0.carrier == .events && $0 != .metricSampled }),
    ]

    /// Who consumes the stream of all requests.
    package static let requestConsumers: [ServiceName] = [.detector, .metrics]

    /// Whose replicas keep state of what they read: each of their queues has one reader at a time, however many replicas
    /// there are.
    package static let statefulConsumers: [ServiceName] = [.detector]

    /// Queues of single replicas.
    package static let replicaQueues: [(service: ServiceName, queues: [ReplicaQueue])] = [
        (.gateway, [.gatewayControl, .gatewayLive, .gatewayRates])
    ]

    /// Whom each service may ask.
    package static let callees: [(caller: ServiceName, callees: [ServiceName])] = [
        (.gateway, ServiceName.allCases),
        (.agentCoordinator, [.detector, .labyrinth, .auth]),
        (.metrics, [.detector, .agentCoordinator, .labyrinth]),
    ]

    package static func subscriptions(of service: ServiceName) -> [Topic] {
        subscriptions.first { $0.service == service }?.topics ?? []
    }
    package static func replicaQueues(of service: ServiceName) -> [ReplicaQueue] {
        replicaQueues.first { $0.service == service }?.queues ?? []
    }
    package static func callees(of service: ServiceName) -> [ServiceName] {
        callees.first { $0.caller == service }?.callees ?? []
    }

    package static let queues: [Queue] = ServiceName.allCases.flatMap { service -> [Queue] in
        (subscriptions(of: service).isEmpty ? [] : [.events(of: service)])
            + (requestConsumers.contains(service) ? Queue.requests(of: service) : [])
            + [.rpc(of: service), .deadLetters(of: service)]
    }

    /// Which partition's key a client's requests travel under: FNV-1a of the client's key.
    package static func partitionIndex(of key: some Sequence<UInt8>) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int((hash ^ hash >> 32) % UInt64(partitionKeys.count))
    }

    /// The partition of the address's shortest form.
    static func partitionIndex(of address: IPAddress) -> Int {
        partitionIndex(of: (address.isV4 ? 12..<16 : 0..<16).lazy.map { address.byte($0) })
    }
}
