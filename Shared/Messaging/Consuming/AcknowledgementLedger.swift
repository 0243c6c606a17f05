/// Turns settled deliveries, in whatever order they come, into as few acknowledgements as the protocol allows.
///
/// Tags count from one without a gap. Everything up to `settledUpTo` is settled; what is settled beyond is in `ahead`.
struct AcknowledgementLedger {
    enum Settlement: Equatable, Sendable {
        case done(UInt64)
        case requeue(UInt64)
        /// To the dead letters, by the broker.
        case reject(UInt64)

        var tag: UInt64 {
            switch self {
            case .done(let tag), .requeue(let tag), .reject(let tag): tag
            }
        }
    }

    enum Action: Equatable {
        case ack(UInt64, multiple: Bool)
        case nack(UInt64, requeue: Bool)
    }

    private var settledUpTo: UInt64 = 0
    private var ahead: Set<UInt64> = []

    mutating func settle(_ settlements: [Settlement]) -> [Action] {
        var actions: [Action] = []
        var done: [UInt64] = []
        for settlement in settlements where settlement.tag > settledUpTo && ahead.insert(settlement.tag).inserted {
            switch settlement {
            case .done(let tag): done.append(tag)
            case .requeue(let tag): actions.append(.nack(tag, requeue: true))
            case .reject(let tag): actions.append(.nack(tag, requeue: false))
            }
        }
        while ahead.remove(settledUpTo + 1) != nil { settledUpTo += 1 }
        // The tag of a multiple acknowledgement must itself be outstanding: a broker refuses one it does not know.
        let contiguous = done.filter { $0 <= settledUpTo }.max()
        if let contiguous { actions.append(.ack(contiguous, multiple: true)) }
        return actions + done.filter { $0 > settledUpTo }.sorted().map { .ack($0, multiple: false) }
    }
}
