package import Reactor

/// Why an exchange over HTTP came to nothing.
package enum HTTPFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case refused(HTTPRefusal)
    case stream(StreamFailure)
    /// The peer ended the connection in the middle of a message.
    case truncated
    /// Larger than the caller was willing to hold.
    case tooLarge(limit: Int)
    /// Every connection to the peer is in use, and enough callers wait already.
    case exhausted
    case cannotResolve(ReactorFailure)
    /// The caller broke the order: a second head, content beyond the announced length, a writer kept too long.
    case misused(String)
    case stopped

    package var description: String {
        switch self {
        case .refused(let refusal): refusal.explanation
        case .stream(let failure): failure.description
        case .truncated: "the peer closed the connection in the middle of a message"
        case .tooLarge(let limit): "the body is larger than \(limit) bytes"
        case .exhausted: "all connections to the peer are in use and its queue is full"
        case .cannotResolve(let failure): failure.description
        case .misused(let what): what
        case .stopped: "the HTTP client has stopped"
        }
    }
}

extension HTTPFailure {
    /// The connection itself is beyond use, so there is nobody to answer.
    var isOfConnection: Bool {
        switch self {
        case .stream, .truncated, .refused: true
        case .tooLarge, .exhausted, .cannotResolve, .misused, .stopped: false
        }
    }
}
