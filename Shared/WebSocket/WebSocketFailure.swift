/// What ends a connection before both sides have said goodbye. Every case knows the code the peer is told (RFC 6455 §7.4.1).
package enum WebSocketFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The peer broke the protocol; the text says how.
    case violation(String)
    case notUTF8
    case messageTooLarge(limit: Int)
    /// More pings and pongs than anybody needs.
    case tooManyControlFrames

    package var closeCode: WebSocketCloseCode {
        switch self {
        case .violation: .protocolError
        case .notUTF8: .invalidPayload
        case .messageTooLarge: .messageTooBig
        case .tooManyControlFrames: .policyViolation
        }
    }

    package var description: String {
        switch self {
        case .violation(let what): what
        case .notUTF8: "a text is not UTF-8"
        case .messageTooLarge(let limit): "a message is larger than \(limit) bytes"
        case .tooManyControlFrames: "too many control frames"
        }
    }
}

package struct WebSocketCloseCode: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let normal = WebSocketCloseCode(rawValue: 1000)
    package static let goingAway = WebSocketCloseCode(rawValue: 1001)
    package static let protocolError = WebSocketCloseCode(rawValue: 1002)
    package static let invalidPayload = WebSocketCloseCode(rawValue: 1007)
    package static let policyViolation = WebSocketCloseCode(rawValue: 1008)
    package static let messageTooBig = WebSocketCloseCode(rawValue: 1009)
    package static let internalError = WebSocketCloseCode(rawValue: 1011)
    package static let badGateway = WebSocketCloseCode(rawValue: 1014)

    /// Whether a close frame may carry it (§7.4): reserved codes stand for what no frame can say.
    package var mayTravel: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
