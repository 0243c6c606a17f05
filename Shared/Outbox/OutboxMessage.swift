package import Contracts
package import Core
internal import Database

/// An event on its way out. Its identifier is given when it is enqueued and stays the same however often it is
/// published, so that consumers can tell a repetition.
package struct OutboxMessage: Sendable, Equatable {
    package let id: UUIDv7
    package let schema: String
    /// Events of one key keep their order; only one that the broker refused is overtaken.
    package let key: String
    package let payload: [UInt8]
    package let trace: TraceContext?

    package init(id: UUIDv7 = UUIDv7(), schema: String, key: String, payload: [UInt8], trace: TraceContext? = nil) {
        self.id = id
        self.schema = schema
        self.key = key
        self.payload = payload
        self.trace = trace
    }

    package init<Message: WireMessage>(_ message: Message, key: String, trace: TraceContext? = nil) {
        self.init(schema: Message.schema, key: key, payload: message.wireBytes(), trace: trace)
    }
}

extension OutboxMessage {
    static let columns: SQL = "id, message_id, schema, partition_key, payload, traceparent"

    init(row: Row) throws(DatabaseFailure) {
        self.init(
            id: try row.get("message_id"), schema: try row.get("schema"), key: try row.get("partition_key"),
            payload: try row.get("payload"), trace: TraceContext(try row.get("traceparent", as: String.self)))
    }
}

/// Who brings a message to the broker: returns after the broker's confirm. The bus is one; tests have others.
package protocol OutboxPublisher: Sendable {
    func publish(_ message: OutboxMessage, deadline: Deadline) async throws(Failure)
}
