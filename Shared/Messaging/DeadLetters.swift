package import Core
internal import Reactor

/// A message that could not be handled, with the reason.
package struct DeadLetter: Sendable, Identifiable {
    package let id: String
    /// The queue it could not be handled in.
    package let queue: String
    package let reason: String
    package let schema: String
    package let sender: String
    package let body: [UInt8]
}

/// A service's queue of dead letters: look at them, return them to where they came from, or discard them.
package final class DeadLetters: Sendable {
    private static let reasonHeader = "infinite-reason"
    private static let queueHeader = "infinite-queue"
    private static let patience = Duration.seconds(30)
    /// Letters one call looks at; those behind wait for their turn.
    package static let maximum = 10_000

    private unowned let bus: Bus
    private let queue: Queue

    init(_ bus: Bus) {
        self.bus = bus
        queue = .deadLetters(of: bus.service)
    }

    /// The oldest letters, which stay where they are.
    package func peek(limit: Int = 100) async throws(Failure) -> [DeadLetter] {
        try await visit(limit: limit) { _ throws(Failure) in .stays }
    }

    /// Returns letters to their queues, as if they came for the first time. Returns how many it found.
    package func requeue(_ ids: Set<String>) async throws(Failure) -> Int {
        try await remove(ids) { [bus] letter throws(Failure) in
            try await bus.publish(letter.returned(user: bus.configuration.user), deadline: .after(Self.patience))
        }
    }

    /// Returns how many it found.
    package func discard(_ ids: Set<String>) async throws(Failure) -> Int {
        try await remove(ids) { _ throws(Failure) in }
    }

    /// Letters that somebody has just looked at are on their way back into the queue: what is missing may still come.
    private func remove(
        _ ids: Set<String>, after use: @escaping @Sendable (Visited) async throws(Failure) -> Void
    ) async throws(Failure) -> Int {
        let deadline = Deadline.after(.seconds(5))
        var missing = ids
        while true {
            let wanted = missing
            let letters = try await visit(limit: Self.maximum) { letter throws(Failure) in
                guard wanted.contains(letter.letter.id) else { return .stays }
                try await use(letter)
                return .leaves
            }
            missing.subtract(letters.map(\.id))
            if missing.isEmpty || deadline.hasPassed { return ids.count - missing.count }
            try? await Reactor.sleep(for: .milliseconds(50))
        }
    }

    func bury(
        _ body: [UInt8], _ properties: MessageProperties, from origin: Queue, reason: String
    ) async throws(Failure) {
        var properties = properties
        // The broker accepts no other sender than us; who sent it first is in the envelope.
        properties.headers = [(Self.reasonHeader, String(reason.prefix(300))), (Self.queueHeader, origin.name)]
        properties.userID = bus.configuration.user
        properties.expirationMilliseconds = nil
        properties.death = nil
        if properties.messageID.isEmpty { properties.messageID = UUIDv7().description }
        let message = OutgoingMessage(exchange: "", routingKey: queue.name, properties: properties, head: body)
        try await bus.publish(message, deadline: .after(Self.patience))
    }

    // MARK: Visiting

    private enum Verdict: Sendable { case stays, leaves }

    private struct Visited: Sendable {
        let letter: DeadLetter
        let properties: MessageProperties

        init?(_ content: ContentAssembler.Content, _ head: DeliveryHead) {
            guard let body = content.body else { return nil }
            properties = content.properties
            letter = DeadLetter(
                id: properties.messageID.isEmpty ? "delivery-\(head.tag)" : properties.messageID,
                queue: properties.header(queueHeader) ?? properties.death?.queue ?? "",
                reason: properties.header(reasonHeader) ?? properties.death?.reason ?? "unknown",
                schema: properties.type, sender: properties.userID, body: body)
        }

        func returned(user: String) -> OutgoingMessage {
            var properties = properties
            properties.headers = []
            properties.userID = user
            return OutgoingMessage(exchange: "", routingKey: letter.queue, properties: properties, head: letter.body)
        }
    }

    /// Takes letters out one by one without acknowledging them; those that stay go back when the channel closes.
    private func visit(
        limit: Int, _ decide: @Sendable (Visited) async throws(Failure) -> Verdict
    ) async throws(Failure) -> [DeadLetter] {
        guard let connection = await bus.consumingConnection(deadline: .after(Self.patience)) else {
            throw Failure(.unavailable, "the message bus cannot be reached")
        }
        return try await bus.reactor.perform { () async throws(Failure) -> [DeadLetter] in
            let owner = Visitor()
            do throws(AMQPFailure) {
                let channel = try await connection.openChannel(owner)
                defer { channel.close() }
                var letters: [DeadLetter] = []
                while letters.count < min(limit, Self.maximum),
                    let content = try await channel.get(queue: queue.name),
                    case .got(let head) = content.announcement
                {
                    guard let visited = Visited(content, head) else { continue }
                    letters.append(visited.letter)
                    let verdict: Verdict
                    do throws(Failure) { verdict = try await decide(visited) } catch {
                        throw .unreachable(error.detail)
                    }
                    if verdict == .leaves { channel.send { $0.ack(channel.number, tag: head.tag, multiple: false) } }
                }
                return letters
            } catch {
                throw Failure(.unavailable, "the dead letters could not be read: \(error)")
            }
        }
    }

    private final class Visitor: ChannelOwner {}
}
