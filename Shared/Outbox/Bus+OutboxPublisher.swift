package import Core
package import Messaging

/// The bus brings what the outbox holds: the topic follows from the schema.
extension Bus: OutboxPublisher {
    package func publish(_ message: OutboxMessage, deadline: Deadline) async throws(Failure) {
        guard let topic = Topic.of(schema: message.schema) else {
            throw Failure(.invalid, "\(message.schema) has no topic; add it to the topology, or do not enqueue it")
        }
        try await publish(
            message.payload, to: topic, key: message.key, trace: message.trace, id: message.id, deadline: deadline)
    }
}
