import Contracts
import Core
import Messaging
import TestSupport

/// What no service of ours would send: for each queue of the topology, every way a message can be wrong.
struct HostileMessage {
    let body: Body
    /// The user the broker vouches for; nil when the message names none.
    let sender: String?

    enum Body {
        case bytes([UInt8])
        /// Beyond what a service takes; not spelled out.
        case zeros(Int)
    }

    /// What comes to a queue when all is well.
    struct Usual {
        let schema: String
        let sender: ServiceName

        init(_ queue: Queue) {
            switch queue.purpose {
            case .events, .deadLetters: self.init(Topology.subscriptions(of: queue.owner).first, for: queue.owner)
            case .requests: self.init(.requestsObserved, for: queue.owner)
            case .rpc: self.init(schema: ListDecisionsRequest.schema, sender: .gateway)
            }
        }

        init(_ topic: Topic?, for owner: ServiceName) {
            self.init(schema: topic?.schema ?? MetricSample.schema, sender: topic?.owner ?? owner)
        }

        private init(schema: String, sender: ServiceName) {
            self.schema = schema
            self.sender = sender
        }
    }

    /// Never handed to a handler, whatever the queue is for.
    static func inadmissible(instead usual: Usual, _ random: inout SeededGenerator) -> [HostileMessage] {
        let good = envelope(usual.schema, payloads: [[]])
        let sender = usual.sender.operatorName
        let halved = Array(good.wireBytes().dropLast(3))
        var newer = good
        newer.schemaVersion = 99
        let bodies: [Body] = [
            .bytes([]), .bytes(random.bytes(300)), .bytes(halved), .bytes(newer.wireBytes()),
            .bytes(envelope(usual.schema, payloads: []).wireBytes()), .zeros(1_500_000),
        ]
        let senders = [nil, "nobody", "labyrinth"]
        return bodies.map { HostileMessage(body: $0, sender: sender) }
            + senders.map { HostileMessage(body: .bytes(good.wireBytes()), sender: $0) }
    }

    /// Handed to a handler, which has to refuse it: a payload of a kind that it reads.
    static func unreadable(_ topic: Topic) -> HostileMessage {
        let payload = [UInt8](repeating: 0xff, count: 12)
        return HostileMessage(
            body: .bytes(envelope(topic.schema, payloads: [payload]).wireBytes()), sender: topic.owner?.operatorName)
    }

    /// An event of a kind the sender invented.
    static func unknown(instead usual: Usual) -> HostileMessage {
        HostileMessage(
            body: .bytes(envelope("infinite.nobody.v1.Nothing", payloads: [[]]).wireBytes()),
            sender: usual.sender.operatorName)
    }

    private static func envelope(_ schema: String, payloads: [[UInt8]]) -> Envelope {
        Envelope(id: UUIDv7(), schema: schema, producer: "test", payloads: payloads, schemaVersion: 1)
    }

    /// `{Queue, Sender, Body}` as Erlang writes it.
    func term(for queue: String) -> String {
        let body =
            switch body {
            case .bytes(let bytes): "base64:decode(<<\"\(Base64.encode(bytes))\">>)"
            case .zeros(let count): "binary:copy(<<0>>, \(count))"
            }
        return "{<<\"\(queue)\">>, \(sender.map { "<<\"\($0)\">>" } ?? "undefined"), \(body)}"
    }
}
