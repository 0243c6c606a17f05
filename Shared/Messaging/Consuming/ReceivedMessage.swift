internal import Contracts
internal import Core

/// A message as it came, before anybody believes it.
struct ReceivedMessage: Sendable {
    let head: DeliveryHead
    let properties: MessageProperties
    let body: [UInt8]?
}

/// Why a message is not handed to its consumer but to the dead letters. Repeating would not help.
struct Rejection: Error, Equatable {
    let reason: String
}

/// Checks what a consumer may rely on: the message can be read, its schema and version are known, and the user who sent
/// it, which the broker verified, may say such things.
struct Admission: Sendable {
    enum Purpose: Sendable { case events, calls }

    let service: ServiceName
    let purpose: Purpose

    func admit(_ message: ReceivedMessage) throws(Rejection) -> Delivery {
        guard let body = message.body else { throw Rejection(reason: "it is larger than this service takes") }
        guard let sender = ServiceName(rawValue: message.properties.userID) else {
            throw Rejection(reason: "its sender is not named, or is no service of ours")
        }
        let (envelope, payloads) = try open(body)
        guard envelope.schemaVersion <= EnvelopeFactory.schemaVersion else {
            throw Rejection(
                reason: "its schema version is \(envelope.schemaVersion), known is \(EnvelopeFactory.schemaVersion)")
        }
        guard !payloads.isEmpty else { throw Rejection(reason: "it has no payload") }
        try check(envelope, from: sender)
        return Delivery(message, sender: sender, envelope: envelope, payloads: payloads, body: body)
    }

    private func open(_ body: [UInt8]) throws(Rejection) -> (Envelope, [Range<Int>]) {
        do throws(WireFailure) {
            let layout = try EnvelopeLayout(body)
            return (try Envelope(wireBytes: layout.rest), layout.payloads)
        } catch {
            throw Rejection(reason: "its envelope cannot be read: \(error)")
        }
    }

    private func check(_ envelope: Envelope, from sender: ServiceName) throws(Rejection) {
        switch purpose {
        case .events:
            guard let topic = Topic.of(schema: envelope.schema) else {
                throw Rejection(reason: "its schema is unknown: \(envelope.schema.prefix(100))")
            }
            // Its own user is who returned it from the dead letters.
            guard topic.mayBePublished(by: sender) || sender == service else {
                throw Rejection(reason: "\(sender.operatorName) may not say \(topic.name)")
            }
        case .calls:
            guard Topology.callees(of: sender).contains(service) else {
                throw Rejection(reason: "\(sender.operatorName) may not call \(service.operatorName)")
            }
        }
    }
}
