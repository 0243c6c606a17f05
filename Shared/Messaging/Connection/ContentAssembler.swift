/// Puts a channel's contents together: a method announces one, a header names its size, bodies fill it.
///
/// A body beyond `maximum` is counted but not kept; its message arrives without one.
struct ContentAssembler {
    enum Announcement: Equatable {
        case delivery(DeliveryHead)
        case got(DeliveryHead)
        case returned(code: Int, text: String)
    }

    struct Content {
        let announcement: Announcement
        let properties: MessageProperties
        /// Nil: it was larger than this client takes.
        let body: [UInt8]?
    }

    private enum State {
        case idle
        case announced(Announcement)
        case filling(Announcement, MessageProperties, remaining: UInt64, isKept: Bool)
    }

    let maximum: Int
    private var state = State.idle
    private var body: [UInt8] = []

    init(maximum: Int) { self.maximum = maximum }

    mutating func announce(_ announcement: Announcement) throws(AMQPFailure) {
        guard case .idle = state else { throw .malformed("a message begins inside of another") }
        state = .announced(announcement)
    }

    mutating func begin(size: UInt64, _ properties: MessageProperties) throws(AMQPFailure) -> Content? {
        guard case .announced(let announcement) = state else { throw .malformed("a header without its method") }
        let isKept = size <= UInt64(maximum)
        if isKept { body.reserveCapacity(Int(size)) }
        state = .filling(announcement, properties, remaining: size, isKept: isKept)
        return completed()
    }

    mutating func append(_ piece: borrowing Span<UInt8>) throws(AMQPFailure) -> Content? {
        guard case .filling(let announcement, let properties, let remaining, let isKept) = state,
            UInt64(piece.count) <= remaining
        else { throw .malformed("a body without its header, or longer than that said") }
        if isKept { unsafe piece.withUnsafeBufferPointer { unsafe body.append(contentsOf: $0) } }
        state = .filling(announcement, properties, remaining: remaining - UInt64(piece.count), isKept: isKept)
        return completed()
    }

    private mutating func completed() -> Content? {
        guard case .filling(let announcement, let properties, 0, let isKept) = state else { return nil }
        defer {
            state = .idle
            body = []
        }
        return Content(announcement: announcement, properties: properties, body: isKept ? body : nil)
    }
}
