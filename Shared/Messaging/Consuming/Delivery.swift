package import Contracts
package import Core

/// A message taken from a queue: an envelope whose sender, schema and version were checked, and its payloads.
package struct Delivery: Sendable {
    /// Without its payloads.
    package let envelope: Envelope
    /// Who published it, as the broker verified it.
    package let sender: ServiceName
    let received: ReceivedMessage
    private let body: [UInt8]
    private let ranges: [Range<Int>]

    /// The same for every delivery of one message: what an inbox remembers.
    package var id: UUIDv7 { envelope.id }
    package var schema: String { envelope.schema }
    package var trace: TraceContext? { TraceContext(envelope.traceparent) }
    package var count: Int { ranges.count }
    package var isRedelivered: Bool { received.head.isRedelivered }
    var tag: UInt64 { received.head.tag }

    init(_ message: ReceivedMessage, sender: ServiceName, envelope: Envelope, payloads: [Range<Int>], body: [UInt8]) {
        self.envelope = envelope
        self.sender = sender
        self.body = body
        received = message
        ranges = payloads
    }

    /// The encoded payloads, still part of the message's body.
    package var payloads: some RandomAccessCollection<ArraySlice<UInt8>> & Sendable {
        ranges.map { body[$0] }
    }

    package func isA(_ message: any WireMessage.Type) -> Bool { schema == message.schema }

    /// All payloads. A delivery with a payload that cannot be read becomes a dead letter when the handler lets this
    /// failure through.
    package func decode<Message: WireMessage>(as type: Message.Type = Message.self) throws(Failure) -> [Message] {
        var messages: [Message] = []
        messages.reserveCapacity(ranges.count)
        try forEach(as: type) { messages.append($0) }
        return messages
    }

    /// Each payload in turn, without keeping the others.
    package func forEach<Message: WireMessage>(
        as type: Message.Type = Message.self, _ use: (Message) throws(Failure) -> Void
    ) throws(Failure) {
        guard isA(type) else { throw Failure(.invalid, "it carries \(schema), not \(type.schema)") }
        for range in ranges {
            let message: Message
            do {
                message = try Message(wireBytes: body[range])
            } catch {
                throw Failure(.invalid, "a \(schema) cannot be read: \(error)")
            }
            try use(message)
        }
    }
}
