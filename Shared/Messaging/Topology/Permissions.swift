internal import Core

/// What the broker lets a service's user do, as RabbitMQ writes it: regular expressions over names.
///
/// The default exchange (`amq.default`) must be writable, because replies and dead letters go through it; it would let a
/// service put messages into another's queue. That is why every message carries the user who sent it, which the broker
/// verifies, and consumers refuse what its sender may not say (see `Sender`).
struct Permissions {
    struct TopicRule {
        let exchange: String
        let write: String
        let read: String
    }

    let configure: String
    let write: String
    let read: String
    let topics: [TopicRule]

    private static let nothing = "^$"

    init(of service: ServiceName) {
        let name = Self.quoted(service.operatorName)
        configure = "^\(name)\\.replica\\."
        let requests = service == .gateway ? "|\(Self.quoted(Topology.requestsExchange))" : ""
        let shared = [Topology.eventsExchange, Topology.rpcExchange].map(Self.quoted).joined(separator: "|")
        write = "^(amq\\.default|\(shared)\(requests)|\(name)\\.replica\\..*)$"
        read = "^(\(name)\\..*|\(Self.quoted(Topology.eventsExchange)))$"
        let heard = Set(Topology.replicaQueues(of: service).flatMap(\.topics)).map(\.bindingKey).sorted()
        topics = [
            TopicRule(exchange: Topology.eventsExchange, write: "^\(name)\\.", read: Self.anyOf(heard)),
            TopicRule(
                exchange: Topology.rpcExchange, write: Self.anyOf(Topology.callees(of: service).map(\.operatorName)),
                read: Self.nothing),
        ]
    }

    private static func anyOf(_ names: [String]) -> String {
        names.isEmpty ? nothing : "^(\(names.map(quoted).joined(separator: "|")))$"
    }

    private static func quoted(_ name: String) -> String {
        name.reduce(into: "") { text, character in
            if ".*".contains(character) { text.append("\\") }
            text.append(character)
        }
    }
}
