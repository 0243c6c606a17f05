/// Cuts received bytes into AMQP frames.
///
/// A frame is type (1 byte), channel (2), size (4), payload, and the byte 0xCE. Methods and content headers are handed
/// on whole; bodies piece by piece as they arrive, so that a body is copied once, to where it belongs. Total and bounded:
/// at most one frame of `frameMaximum` bytes is kept, and a channel above `channelMaximum` is refused unread.
struct FrameScanner {
    static let headSize = 7
    static let endMark: UInt8 = 0xce

    /// An unfinished frame that is not a body.
    private var partial: [UInt8] = []
    private var body: Body?

    private struct Body {
        let channel: UInt16
        var remaining: Int
    }

    private struct Head {
        let type: UInt8
        let channel: UInt16
        let size: Int
    }

    mutating func feed(_ input: borrowing Span<UInt8>, to sink: some FrameSink) throws(AMQPFailure) {
        var position = 0
        while position < input.count {
            if body != nil {
                position = try continueBody(input, from: position, sink)
            } else if !partial.isEmpty {
                position = try completePartial(input, from: position, sink)
            } else {
                position = try takeFrame(input, from: position, sink)
            }
        }
    }

    /// The common case: a whole frame lies in the input.
    private mutating func takeFrame(
        _ input: borrowing Span<UInt8>, from position: Int, _ sink: some FrameSink
    ) throws(AMQPFailure) -> Int {
        guard input.count - position >= Self.headSize else { return keep(input, from: position) }
        let head = try readHead(input, at: position, sink.frameLimits)
        if head.type == 3 { return try beginBody(head, at: position, sink) }
        let end = position + Self.headSize + head.size + 1
        guard end <= input.count else { return keep(input, from: position) }
        try deliver(head, input.extracting((position + Self.headSize)..<end), sink)
        return end
    }

    private mutating func keep(_ input: borrowing Span<UInt8>, from position: Int) -> Int {
        for index in position..<input.count { partial.append(input[index]) }
        return input.count
    }

    private mutating func completePartial(
        _ input: borrowing Span<UInt8>, from start: Int, _ sink: some FrameSink
    ) throws(AMQPFailure) -> Int {
        var position = start
        while partial.count < Self.headSize, position < input.count {
            partial.append(input[position])
            position += 1
        }
        guard partial.count >= Self.headSize else { return position }
        let head = try readHead(partial.span, at: 0, sink.frameLimits)
        if head.type == 3 {
            partial.removeAll(keepingCapacity: true)
            _ = try beginBody(head, at: 0, sink)
            return position
        }
        let whole = Self.headSize + head.size + 1
        while partial.count < whole, position < input.count {
            partial.append(input[position])
            position += 1
        }
        guard partial.count == whole else { return position }
        let frame = partial
        partial.removeAll(keepingCapacity: true)
        try deliver(head, frame.span.extracting(Self.headSize..<whole), sink)
        return position
    }

    private func readHead(
        _ bytes: borrowing Span<UInt8>, at position: Int, _ limits: FrameLimits
    ) throws(AMQPFailure) -> Head {
        let channel = UInt16(bytes[position + 1]) << 8 | UInt16(bytes[position + 2])
        let size = (3..<7).reduce(0) { $0 << 8 | Int(bytes[position + $1]) }
        let type = bytes[position]
        guard [1, 2, 3, 8].contains(type) else { throw .malformed("there is no frame type \(type)") }
        guard size <= limits.frameMaximum - Self.headSize - 1 else {
            throw .tooLarge("a frame of \(size) bytes, where \(limits.frameMaximum) were agreed")
        }
        guard channel <= limits.channelMaximum else { throw .malformed("channel \(channel) was never opened") }
        return Head(type: type, channel: channel, size: size)
    }

    private func deliver(
        _ head: Head, _ payloadAndEnd: borrowing Span<UInt8>, _ sink: some FrameSink
    ) throws(AMQPFailure) {
        guard payloadAndEnd[head.size] == Self.endMark else { throw .malformed("a frame does not end where it says") }
        let payload = payloadAndEnd.extracting(0..<head.size)
        switch head.type {
        case 1: try sink.method(channel: head.channel, payload)
        case 2: try sink.contentHeader(channel: head.channel, payload)
        default:
            guard head.size == 0, head.channel == 0 else { throw .malformed("a heartbeat with a payload") }
            sink.heartbeat()
        }
    }

    // MARK: Bodies

    private mutating func beginBody(
        _ head: Head, at position: Int, _ sink: some FrameSink
    ) throws(AMQPFailure) -> Int {
        body = Body(channel: head.channel, remaining: head.size)
        return position + Self.headSize
    }

    private mutating func continueBody(
        _ input: borrowing Span<UInt8>, from position: Int, _ sink: some FrameSink
    ) throws(AMQPFailure) -> Int {
        guard var current = body else { return position }
        if current.remaining == 0 {
            guard input[position] == Self.endMark else { throw .malformed("a body does not end where it says") }
            body = nil
            return position + 1
        }
        let taken = min(current.remaining, input.count - position)
        current.remaining -= taken
        body = current
        try sink.contentBody(channel: current.channel, input.extracting(position..<(position + taken)))
        return position + taken
    }
}

struct FrameLimits: Equatable {
    /// Frames including head and end mark. Before tuning a broker has no reason to send more.
    var frameMaximum = 64 << 10
    var channelMaximum: UInt16 = 0
}

/// What frames are handed to, in the order of their arrival.
protocol FrameSink: AnyObject {
    /// What was agreed on until now.
    var frameLimits: FrameLimits { get }
    func method(channel: UInt16, _ payload: borrowing Span<UInt8>) throws(AMQPFailure)
    func contentHeader(channel: UInt16, _ payload: borrowing Span<UInt8>) throws(AMQPFailure)
    /// A piece of a body; together the pieces have the size the header named.
    func contentBody(channel: UInt16, _ piece: borrowing Span<UInt8>) throws(AMQPFailure)
    func heartbeat()
}
