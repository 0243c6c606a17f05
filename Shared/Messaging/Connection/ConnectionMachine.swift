/// The life of an AMQP connection as a client sees it on channel 0: what comes in, what is to be done.
struct ConnectionMachine {
    struct Tuning: Equatable {
        var channelMaximum: Int
        var frameMaximum: Int
        var heartbeatSeconds: Int
    }

    enum Action: Equatable {
        case authenticate
        case tune(Tuning)
        case opened
        case setBlocked(Bool, reason: String)
        /// The broker closes: answer, then fail.
        case confirmClose(AMQPFailure)
        case finished
        case nothing
    }

    private enum State {
        case awaitingStart, awaitingTune, awaitingOpen, open, closing
    }

    /// What we would like; a broker may ask for less.
    static let wanted = Tuning(channelMaximum: 255, frameMaximum: 128 << 10, heartbeatSeconds: 10)
    /// What AMQP demands every peer to accept.
    static let smallestFrameMaximum = 4_096

    private let wanted: Tuning
    private var state = State.awaitingStart

    init(wanted: Tuning = wanted) { self.wanted = wanted }

    var isOpen: Bool { state == .open }

    mutating func beginClosing() { state = .closing }

    mutating func receive(_ method: AMQPMethod) throws(AMQPFailure) -> Action {
        if case .connectionClose(let code, let text) = method {
            state = .closing
            return .confirmClose(.closedByBroker(code: code, text: text))
        }
        switch (state, method) {
        case (.awaitingStart, .connectionStart(let mechanisms)):
            guard mechanisms.split(separator: " ").contains("PLAIN") else {
                throw .unsupported("PLAIN authentication, only \(mechanisms.prefix(100))")
            }
            state = .awaitingTune
            return .authenticate
        case (.awaitingTune, .connectionTune(let channels, let frame, let heartbeat)):
            state = .awaitingOpen
            return .tune(try agree(channels, frame, heartbeat))
        case (.awaitingOpen, .connectionOpenOK):
            state = .open
            return .opened
        case (.open, .connectionBlocked(let reason)): return .setBlocked(true, reason: reason)
        case (.open, .connectionUnblocked): return .setBlocked(false, reason: "")
        case (.closing, .connectionCloseOK): return .finished
        // What the broker sent before it read that we close.
        case (.closing, _): return .nothing
        default: throw .malformed("\(method) came where it has no place")
        }
    }

    /// The smaller of both wishes; zero means no wish. Heartbeats are never off.
    private func agree(_ channels: Int, _ frame: Int, _ heartbeat: Int) throws(AMQPFailure) -> Tuning {
        func smaller(_ theirs: Int, _ ours: Int) -> Int { theirs == 0 ? ours : min(theirs, ours) }
        let tuning = Tuning(
            channelMaximum: smaller(channels, wanted.channelMaximum),
            frameMaximum: smaller(frame, wanted.frameMaximum),
            heartbeatSeconds: smaller(heartbeat, wanted.heartbeatSeconds))
        guard tuning.frameMaximum >= Self.smallestFrameMaximum else {
            throw .unsupported("frames of \(Self.smallestFrameMaximum) bytes")
        }
        return tuning
    }
}
