internal import Contracts
internal import Core

/// A message ready for the broker: where it goes, and its envelope encoded. Kept until it is confirmed, so that it can
/// be sent again, the same bytes with the same identifier.
struct OutgoingMessage: Sendable {
    var exchange: String
    var routingKey: String
    var properties: MessageProperties
    /// The body in two parts: a batch's payloads stay where they were collected.
    var head: [UInt8]
    var tail: [UInt8] = []

    var size: Int { head.count + tail.count }
}

/// Makes envelopes: who speaks, and the running number that shows gaps.
struct EnvelopeFactory: Sendable {
    static let schemaVersion: UInt32 = 1

    let producer: String
    let user: String
    private let sequence = SequenceCounter()

    init(service: ServiceName, configuration: BusConfiguration) {
        producer = "\(service.operatorName)/\(configuration.replica)"
        user = configuration.user
    }

    func envelope(
        schema: String, id: UUIDv7 = UUIDv7(), trace: TraceContext? = nil, partitionKey: String = "",
        deadline: Timestamp = .unset, principal: Principal? = nil
    ) -> Envelope {
        Envelope(
            id: id, schema: schema, producer: producer, sequence: sequence.next(),
            traceparent: trace?.description ?? "", deadline: deadline, createdAt: .now, partitionKey: partitionKey,
            schemaVersion: Self.schemaVersion, principal: principal)
    }

    func message(_ envelope: Envelope, exchange: String, routingKey: String, tail: [UInt8] = []) -> OutgoingMessage {
        var properties = MessageProperties()
        properties.type = envelope.schema
        properties.messageID = envelope.id.description
        properties.userID = user
        return OutgoingMessage(
            exchange: exchange, routingKey: routingKey, properties: properties, head: envelope.wireBytes(), tail: tail)
    }

    /// One event: to its topic's exchange, or as a batch of one into its partition.
    func event(
        _ payload: [UInt8], id: UUIDv7, topic: Topic, key: String, publisher: ServiceName, trace: TraceContext?
    ) -> OutgoingMessage {
        var envelope = envelope(schema: topic.schema, id: id, trace: trace, partitionKey: key)
        envelope.payloads = [payload]
        switch topic.carrier {
        case .events:
            return message(
                envelope, exchange: Topology.eventsExchange, routingKey: topic.routingKey(publisher: publisher))
        case .requests:
            let partition = Topology.partitionKeys[Topology.partitionIndex(of: key.utf8)]
            return message(envelope, exchange: Topology.requestsExchange, routingKey: partition)
        }
    }
}
