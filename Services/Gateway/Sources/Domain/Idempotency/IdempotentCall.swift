import Core

/// What is known of a call that was made under the same key before.
struct IdempotentCall: Sendable, Equatable {
    enum Outcome: Int16, Sendable {
        case underWay = 0
        case answered = 1
        /// It may have been done: its answer did not come.
        case unknown = 2
    }

    var fingerprint: [UInt8]
    var outcome: Outcome
    /// Nil for an answer that was too large to be kept.
    var sealedAnswer: [UInt8]?
    /// The time in which it would have ended is over: who made it is gone.
    var isOverdue: Bool

    /// What a second request under the key gets.
    enum Reply: Sendable, Equatable {
        case replay(sealed: [UInt8])
        /// 422: the key belongs to another call.
        case otherCall
        /// 409, worth trying again in a moment.
        case underWay
        /// 409 for as long as the key is kept: a second time may be a second change.
        case outcomeUnknown
        case answerNotKept
    }

    func reply(to fingerprint: [UInt8]) -> Reply {
        guard fingerprint == self.fingerprint else { return .otherCall }
        switch outcome {
        case .underWay: return isOverdue ? .outcomeUnknown : .underWay
        case .unknown: return .outcomeUnknown
        case .answered: return sealedAnswer.map { .replay(sealed: $0) } ?? .answerNotKept
        }
    }
}

/// What becomes of a key when its call has failed.
enum IdempotencyVerdict: Sendable, Equatable {
    /// Nothing was done: the key is free again.
    case free
    /// The key is kept, so that nobody makes the change twice by it.
    case unknown

    init(_ failure: Failure) {
        switch failure.kind {
        case .invalid, .unauthenticated, .forbidden, .notFound, .conflict, .exhausted, .unsupported: self = .free
        case .internalError, .unavailable, .deadlineExceeded, .cancelled: self = .unknown
        }
    }
}
