package import Core
package import Messaging

/// The bus as the outbox's publisher: one message under the identifier it was enqueued with.
extension Bus: OutboxPublisher {
    package func publish(_ message: OutboxMessage, deadline: Deadline) async throws(Failure) {
        guard let topic = Topic.of(schema: message.schema) else {
            throw Failure(.invalid, "no topic carries \(message.schema)")
        }
        try await publish(
            message.payload, to: topic, key: message.key, trace: message.trace, id: message.id, deadline: deadline)
    }
}
