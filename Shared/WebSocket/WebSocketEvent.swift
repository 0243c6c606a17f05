/// What arrives on a WebSocket, unmasked and inflated.
package enum WebSocketEvent: Sendable, Equatable {
    /// A piece of a message. `bytes` of a text end anywhere, also inside a character; the whole is valid UTF-8.
    case data(WebSocketMessageKind, bytes: [UInt8], isStart: Bool, isEnd: Bool)
    case ping([UInt8])
    case pong([UInt8])
    case close(WebSocketCloseCode?, reason: [UInt8])
}

package enum WebSocketMessageKind: Sendable, Equatable {
    case text, binary
}

/// Which end of the connection we are. A client masks what it sends and a server does not; each insists on the other.
package enum WebSocketRole: Sendable {
    case client, server
}

package struct WebSocketLimits: Sendable, Equatable {
    /// A whole message, after inflating.
    package var messageBytes = 1 << 20
    /// Control frames that may come at once, and how many more every second.
    package var controlBurst = 100
    package var controlPerSecond = 20

    package init() {}
}
