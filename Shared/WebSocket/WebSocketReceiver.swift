internal import Compression
package import Core

/// Turns one side's bytes into events, and refuses whatever RFC 6455 forbids. Pure: bytes in, events out.
///
/// It holds at most a frame's head, a control frame's payload and, for a compressed message, zlib's window while that
/// message lasts: what arrives is handed on at once.
package struct WebSocketReceiver: ~Copyable {
    private enum State {
        case head
        case payload(WebSocketFrame, done: Int)
        case closed
    }

    private struct Message {
        var kind: WebSocketMessageKind
        var isCompressed: Bool
        var hasStarted = false
        var bytes = 0
        var text = UTF8Check()
    }

    private let role: WebSocketRole
    private let limits: WebSocketLimits
    private let allowsCompression: Bool
    private var state = State.head
    private var head: [UInt8] = []
    private var control: [UInt8] = []
    private var message: Message?
    private var inflater: Inflater?
    private var controlAllowance: Double
    private var controlCounted: Deadline

    /// - Parameter role: ours; the peer is the other.
    package init(_ role: WebSocketRole, limits: WebSocketLimits = WebSocketLimits(), allowsCompression: Bool = false) {
        self.role = role
        self.limits = limits
        self.allowsCompression = allowsCompression
        controlAllowance = Double(limits.controlBurst)
        controlCounted = .now
    }

    /// After a close frame nothing else counts.
    package var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    package mutating func receive(
        _ input: Span<UInt8>, now: Deadline, into events: inout [WebSocketEvent]
    ) throws(WebSocketFailure) {
        var position = 0
        while position < input.count {
            switch state {
            case .closed: return
            case .head:
                guard try readHead(input, &position) else { return }
                // A frame without payload is complete with its head.
                if case .payload(let frame, 0) = state, frame.length == 0 {
                    try take([], of: frame, from: 0, now: now, into: &events)
                }
            case .payload(let frame, let done):
                let count = min(frame.length - done, input.count - position)
                var piece: [UInt8] = []
                unsafe input.extracting(position..<position + count).withUnsafeBufferPointer {
                    unsafe piece.append(contentsOf: $0)
                }
                if let mask = frame.mask { WebSocketFrame.mask(&piece, with: mask, offset: done) }
                position += count
                try take(piece, of: frame, from: done, now: now, into: &events)
            }
        }
    }

    // MARK: Heads

    /// False when the head goes on in the next piece.
    private mutating func readHead(_ input: Span<UInt8>, _ position: inout Int) throws(WebSocketFailure) -> Bool {
        while position < input.count {
            head.append(input[position])
            position += 1
            guard head.count >= 2, head.count == WebSocketFrame.headBytes(second: head[1]) else { continue }
            let frame = try WebSocketFrame(head: head.span)
            head.removeAll(keepingCapacity: false)
            try begin(frame)
            state = .payload(frame, done: 0)
            return true
        }
        return false
    }

    private mutating func begin(_ frame: WebSocketFrame) throws(WebSocketFailure) {
        guard (frame.mask != nil) == (role == .server) else {
            throw .violation(role == .server ? "a client has to mask its frames" : "a server must not mask its frames")
        }
        guard !frame.isCompressed || allowsCompression else { throw .violation("compression was not agreed upon") }
        switch frame.opcode {
        case .text, .binary:
            guard message == nil else { throw .violation("a message begins inside another") }
            message = Message(kind: frame.opcode == .text ? .text : .binary, isCompressed: frame.isCompressed)
            if frame.isCompressed { inflater = Inflater(.bare) }
        case .continuation:
            guard message != nil else { throw .violation("a continuation without a beginning") }
            guard !frame.isCompressed else { throw .violation("compression is said by a message's first frame only") }
        case .close, .ping, .pong:
            return
        }
        guard message?.isCompressed == true || (message?.bytes ?? 0) <= limits.messageBytes - frame.length else {
            throw .messageTooLarge(limit: limits.messageBytes)
        }
    }

    // MARK: Payloads

    private mutating func take(
        _ piece: [UInt8], of frame: WebSocketFrame, from start: Int, now: Deadline, into events: inout [WebSocketEvent]
    ) throws(WebSocketFailure) {
        let done = start + piece.count
        let isFrameEnd = done == frame.length
        state = isFrameEnd ? .head : .payload(frame, done: done)
        if frame.opcode.isControl {
            control += piece
            if isFrameEnd { try finishControl(frame.opcode, now: now, into: &events) }
        } else {
            try takeData(piece, isEnd: isFrameEnd && frame.isFinal, into: &events)
        }
    }

    private mutating func takeData(
        _ piece: [UInt8], isEnd: Bool, into events: inout [WebSocketEvent]
    ) throws(WebSocketFailure) {
        guard var current = message else { return }
        message = nil
        let left = limits.messageBytes - current.bytes
        let bytes = current.isCompressed ? try inflate(piece, isEnd: isEnd, left: left) : piece
        current.bytes += bytes.count
        if current.kind == .text {
            guard current.text.accept(bytes.span), !isEnd || current.text.isAtBoundary else { throw .notUTF8 }
        }
        if isEnd { inflater = nil }
        if !bytes.isEmpty || isEnd {
            events.append(.data(current.kind, bytes: bytes, isStart: !current.hasStarted, isEnd: isEnd))
            current.hasStarted = true
        }
        if !isEnd { message = current }
    }

    /// RFC 7692 §7.2.2. Every message starts with an empty window, as was agreed upon.
    private mutating func inflate(_ piece: [UInt8], isEnd: Bool, left: Int) throws(WebSocketFailure) -> [UInt8] {
        var output: [UInt8] = []
        let input = isEnd ? piece + [0x00, 0x00, 0xff, 0xff] : piece
        switch inflater?.expand(input.span, limit: left, into: &output) {
        case .needsInput, .ended: return output
        case .cut: throw .messageTooLarge(limit: limits.messageBytes)
        case .malformed, nil: throw .violation("a compressed message is broken")
        }
    }

    private mutating func finishControl(
        _ opcode: WebSocketFrame.Opcode, now: Deadline, into events: inout [WebSocketEvent]
    ) throws(WebSocketFailure) {
        let payload = control
        control = []
        try countControl(now)
        switch opcode {
        case .ping: events.append(.ping(payload))
        case .pong: events.append(.pong(payload))
        default:
            state = .closed
            events.append(try Self.close(payload))
        }
    }

    private mutating func countControl(_ now: Deadline) throws(WebSocketFailure) {
        let elapsed = (now - controlCounted) / .seconds(1)
        controlCounted = now
        controlAllowance = min(
            Double(limits.controlBurst), controlAllowance + elapsed * Double(limits.controlPerSecond))
        guard controlAllowance >= 1 else { throw .tooManyControlFrames }
        controlAllowance -= 1
    }

    private static func close(_ payload: [UInt8]) throws(WebSocketFailure) -> WebSocketEvent {
        guard !payload.isEmpty else { return .close(nil, reason: []) }
        guard payload.count >= 2 else { throw .violation("a close frame with half a code") }
        let code = WebSocketCloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.mayTravel else { throw .violation("a close code that no frame may carry") }
        let reason = Array(payload.dropFirst(2))
        var check = UTF8Check()
        guard check.accept(reason.span), check.isAtBoundary else { throw .notUTF8 }
        return .close(code, reason: reason)
    }
}
