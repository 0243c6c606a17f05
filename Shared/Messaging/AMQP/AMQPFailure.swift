internal import Reactor

/// Why a connection to the broker, or a channel of it, ended or did not come to be.
enum AMQPFailure: Error, Sendable, Equatable {
    /// Bytes that are not AMQP 0-9-1, or not at this point.
    case malformed(String)
    /// A frame, a method or a body beyond what was agreed.
    case tooLarge(String)
    /// The broker closed the connection or the channel and said why.
    case closedByBroker(code: Int, text: String)
    case unsupported(String)
    case stream(StreamFailure)
    case unreachable(String)
    /// TLS did not come about: the broker's certificate was not accepted, or one side speaks TLS and the other does not.
    case insecure(String)
    case closed
}

extension AMQPFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .malformed(let what): "the peer does not speak AMQP 0-9-1: \(what)"
        case .tooLarge(let what): "the peer sent too much: \(what)"
        case .closedByBroker(let code, let text): "the broker said: \(code) \(text)"
        case .unsupported(let what): "the broker does not support \(what)"
        case .stream(let failure): failure.description
        case .unreachable(let why): "the broker cannot be reached: \(why)"
        case .insecure(let why): "the broker cannot be trusted: \(why)"
        case .closed: "the connection is closed"
        }
    }
}
