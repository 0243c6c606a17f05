internal import Compression

/// Turns events into one side's bytes. Pure, like the receiver.
package struct WebSocketSender: ~Copyable {
    /// Smaller messages gain nothing from being compressed.
    private static let worthCompressing = 128

    private let role: WebSocketRole
    private let compresses: Bool
    private var isInMessage = false
    /// Nothing may follow a close frame.
    package private(set) var hasClosed = false

    /// - Parameter compresses: whole messages are deflated, each with an empty window; those that come in pieces are not.
    package init(_ role: WebSocketRole, compresses: Bool = false) {
        self.role = role
        self.compresses = compresses
    }

    package mutating func append(_ event: WebSocketEvent, to output: inout [UInt8]) {
        guard !hasClosed else { return }
        switch event {
        case .data(let kind, let bytes, _, let isEnd): append(kind, bytes, isEnd: isEnd, to: &output)
        case .ping(let bytes): append(.ping, bytes, to: &output)
        case .pong(let bytes): append(.pong, bytes, to: &output)
        case .close(let code, let reason):
            hasClosed = true
            append(.close, Self.closePayload(code, reason), to: &output)
        }
    }

    private static func closePayload(_ code: WebSocketCloseCode?, _ reason: [UInt8]) -> [UInt8] {
        guard let code else { return [] }
        let bytes = [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)] + reason
        return Array(bytes.prefix(WebSocketFrame.maximumControlBytes))
    }

    private mutating func append(
        _ kind: WebSocketMessageKind, _ bytes: [UInt8], isEnd: Bool, to output: inout [UInt8]
    ) {
        let opcode: WebSocketFrame.Opcode = isInMessage ? .continuation : kind == .text ? .text : .binary
        if compresses, isEnd, !isInMessage, bytes.count >= Self.worthCompressing {
            append(opcode, deflated(bytes), isCompressed: true, to: &output)
        } else {
            append(opcode, bytes, isFinal: isEnd, to: &output)
        }
        isInMessage = !isEnd
    }

    /// RFC 7692 §7.2.1: without the four bytes every flush ends with. zlib's memory lasts as long as the message.
    private func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var deflater = Deflater(.bare, level: 3, memoryLevel: 6)
        deflater.compress(bytes.span, .sync, into: &output)
        output.removeLast(4)
        return output
    }

    private func append(
        _ opcode: WebSocketFrame.Opcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false,
        to output: inout [UInt8]
    ) {
        // Unpredictable, or a script could choose the bytes that a proxy sees (RFC 6455 §10.3).
        let mask = role == .client ? UInt32.random(in: .min ... .max) : nil
        WebSocketFrame(opcode, length: payload.count, isFinal: isFinal, isCompressed: isCompressed, mask: mask)
            .append(to: &output)
        let start = output.count
        output += payload
        if let mask { WebSocketFrame.mask(&output, from: start, with: mask) }
    }
}
