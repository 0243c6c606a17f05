/// What a broker says, decoded. Methods that no client of ours receives are `other`.
enum AMQPMethod: Equatable {
    case connectionStart(mechanisms: String)
    case connectionTune(channelMaximum: Int, frameMaximum: Int, heartbeatSeconds: Int)
    case connectionOpenOK
    case connectionClose(code: Int, text: String)
    case connectionCloseOK
    case connectionBlocked(reason: String)
    case connectionUnblocked

    case channelOpenOK
    case channelClose(code: Int, text: String)
    case channelCloseOK
    case channelFlow(isActive: Bool)

    case queueDeclareOK(name: String, messages: Int, consumers: Int)
    case queueBindOK
    case confirmSelectOK
    case qosOK
    case consumeOK(consumer: String)
    /// The broker ended a consumer: its queue is gone or has lost its leader.
    case cancel(consumer: String)
    case cancelOK(consumer: String)
    case getEmpty

    case deliver(DeliveryHead)
    case getOK(DeliveryHead)
    case returned(code: Int, text: String)
    case ack(tag: UInt64, multiple: Bool)
    case nack(tag: UInt64, multiple: Bool)

    case other(number: UInt32)

    /// Answers to what we asked on a channel: they come in the order of the questions.
    var isReply: Bool {
        switch self {
        case .channelOpenOK, .channelCloseOK, .queueDeclareOK, .queueBindOK, .confirmSelectOK, .qosOK, .consumeOK,
            .cancelOK, .getEmpty:
            true
        default: false
        }
    }
}

struct DeliveryHead: Equatable, Sendable {
    var consumer = ""
    var tag: UInt64 = 0
    var isRedelivered = false
    var exchange = ""
    var routingKey = ""
}
