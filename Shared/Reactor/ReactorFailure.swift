internal import CLinux
internal import Glibc

/// Why a reactor, a listener or a watch could not be set up.
package enum ReactorFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case system(errno: Int32, operation: String)
    case badAddress(String)
    case unknownHost(String, reason: String)
    case busy(String)
    case stopped
    case cancelled
    case deadlineExceeded

    package var description: String {
        switch self {
        case .system(let number, let operation): "\(operation) failed: \(describe(errno: number))"
        case .badAddress(let text): "\(text) is not an address; write host:port, [v6]:port or unix:/path"
        case .unknownHost(let host, let reason): "the name \(host) could not be resolved: \(reason)"
        case .busy(let what): "\(what) has too much waiting; try again later"
        case .stopped: "the reactor has stopped"
        case .cancelled: "the wait was cancelled"
        case .deadlineExceeded: "the deadline passed"
        }
    }

    /// Call it right after the operation: anything in between may overwrite `errno`.
    package static func last(_ operation: String) -> ReactorFailure {
        .system(errno: errno, operation: operation)
    }
}

func describe(errno number: Int32) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe "\(String(cString: text)) (errno \(number))"
}
