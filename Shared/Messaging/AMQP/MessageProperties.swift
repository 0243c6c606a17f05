/// The properties of an AMQP message that the bus uses. Everything else about a message is in its envelope.
struct MessageProperties: Equatable, Sendable {
    /// What an operator sees in a queue: a schema, or the name of the called RPC.
    var type = ""
    var messageID = ""
    /// Who sent it. The broker refuses a message that names another user than its connection's.
    var userID = ""
    var correlationID = ""
    var replyTo = ""
    /// After so long in a queue nobody wants it any more.
    var expirationMilliseconds: Int?
    var isPersistent = true
    /// Text headers only: others are passed over.
    var headers: [(name: String, value: String)] = []
    /// From the broker's `x-death` header: where the message died first, and of what.
    var death: Death?

    struct Death: Equatable, Sendable {
        var queue = ""
        var reason = ""
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    static func == (left: MessageProperties, right: MessageProperties) -> Bool {
        left.type == right.type && left.messageID == right.messageID && left.userID == right.userID
            && left.correlationID == right.correlationID && left.replyTo == right.replyTo
            && left.expirationMilliseconds == right.expirationMilliseconds && left.isPersistent == right.isPersistent
            && left.headers.elementsEqual(right.headers) { $0.name == $1.name && $0.value == $1.value }
            && left.death == right.death
    }
}
