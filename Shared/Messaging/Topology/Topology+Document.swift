internal import Core

/// `docs/bus-topology.md`, written from the table; a test compares.
extension Topology {
    package static var document: String {
        """
        # The bus

        Generated from `Shared/Messaging/Topology`: change it there, then `RECORD=1 swift test --filter Topology`.

        \(diagram)

        Every exchange and queue below is declared by the definitions the broker loads before it opens its listener; \
        services declare only the queues of single replicas. All queues but those for calls are quorum queues. A queue \
        with one reader gives its messages to one replica at a time; when that one goes, the next takes over.

        ## Events

        Through the topic exchange `\(eventsExchange)` under the key `<publisher>.<name>`, one message each, confirmed. \
        `requests-observed` travels in batches through `\(requestsExchange)` and a consistent hash into \(partitions) \
        partitions for each consumer.

        | event | said by | heard by |
        |---|---|---|
        \(Topic.all.map(eventRow).joined(separator: "\n"))

        ## Calls

        A request goes through `\(rpcExchange)` under the callee's name into its queue `<callee>.rpc`; the reply comes \
        back by RabbitMQ's direct reply-to.

        | caller | may ask |
        |---|---|
        \(callees.map { "| \($0.operatorName) | \(names($1)) |" }.joined(separator: "\n"))

        ## Queues

        | queue | kind | bounds | beyond them |
        |---|---|---|---|
        \(queues.map(queueRow).joined(separator: "\n"))
        \(replicaQueues.flatMap { service, queues in queues.map { replicaRow(service, $0) } }.joined(separator: "\n"))

        A message that was delivered \(deliveryLimit) times, or that its consumer refused for good, goes to its \
        service's queue of dead letters, which `SERVICE dead-letters` lists; `dead-letters requeue` returns them, \
        `dead-letters discard` drops them.

        ## What each user may touch

        Regular expressions over names, as RabbitMQ has them. A service may write to the default exchange (replies need \
        it), so every message carries its sender, which the broker verifies, and consumers refuse what its sender may \
        not say.

        | user | configure | write | read | says | hears | asks |
        |---|---|---|---|---|---|---|
        \(ServiceName.allCases.map(permissionRow).joined(separator: "\n"))

        """
    }

    private static var diagram: String {
        var lines = ["```mermaid", "flowchart LR"]
        lines.append("    events{{\(eventsExchange)}}")
        lines.append("    requests{{\(requestsExchange)}}")
        for service in ServiceName.allCases {
            lines.append("    \(service.schemaName)([\(service.operatorName)])")
        }
        let speakers = Set(Topic.all.filter { $0.carrier == .events }.compactMap(\.owner))
        for service in ServiceName.allCases where speakers.contains(service) {
            lines.append("    \(service.schemaName) --> events")
        }
        lines.append("    \(ServiceName.gateway.schemaName) --> requests")
        for service in requestConsumers {
            lines.append(
                "    requests --> \(service.schemaName)_hash{{\(Exchange.partitions(of: service))}} --> "
                    + "\(service.schemaName)_partitions[(\(service.operatorName).requests.0…\(partitions - 1))] --> "
                    + "\(service.schemaName)_in([\(service.operatorName)])")
        }
        for (service, _) in subscriptions {
            lines.append(
                "    events --> \(service.schemaName)_events[(\(Queue.events(of: service).name))] --> "
                    + "\(service.schemaName)_in([\(service.operatorName)])")
        }
        for (service, queues) in replicaQueues {
            for queue in queues {
                lines.append(
                    "    events --> \(service.schemaName)_\(queue.purpose)[(\(queue.name(service: service, replica: "*")))]"
                        + " --> \(service.schemaName)_in([\(service.operatorName)])")
            }
        }
        return (lines + ["```"]).joined(separator: "\n")
    }

    private static func eventRow(_ topic: Topic) -> String {
        let durable =
            topic.carrier == .requests
            ? requestConsumers : subscriptions.filter { $0.topics.contains(topic) }.map(\.service)
        let replicas = replicaQueues.flatMap { service, queues in
            queues.filter { $0.topics.contains(topic) }.map { "every \(service.operatorName) (\($0.purpose))" }
        }
        let heard = (durable.map(\.operatorName) + replicas).joined(separator: ", ")
        return "| `\(topic.name)` | \(topic.owner?.operatorName ?? "any service") | \(heard) |"
    }

    private static func queueRow(_ queue: Queue) -> String {
        switch queue.purpose {
        case .events, .requests:
            "| `\(queue.name)` | quorum\(queue.hasOneReader ? ", one reader" : "") | 1 GiB, \(deliveryLimit) deliveries "
                + "| publishers are refused |"
        case .rpc: "| `\(queue.name)` | classic, in memory | 20,000 requests, 64 MiB | callers are refused |"
        case .deadLetters: "| `\(queue.name)` | quorum | 256 MiB, 14 days | the oldest goes |"
        }
    }

    private static func replicaRow(_ service: ServiceName, _ queue: ReplicaQueue) -> String {
        let name = queue.name(service: service, replica: "<replica>")
        return "| `\(name)` | exclusive | \(ByteCount(queue.maximumBytes)) | the oldest goes |"
    }

    private static func permissionRow(_ service: ServiceName) -> String {
        let permissions = Permissions(of: service)
        let columns =
            [permissions.configure, permissions.write, permissions.read]
            + [permissions.topics[0].write, permissions.topics[0].read, permissions.topics[1].write]
        let cells = columns.map { "`\($0.split(separator: "|").joined(separator: "\\|"))`" }
        return "| \(service.operatorName) | \(cells.joined(separator: " | ")) |"
    }

    private static func names(_ services: [ServiceName]) -> String {
        services.map(\.operatorName).joined(separator: ", ")
    }
}
