/// Everything the bus parses, behind one door: for fuzzers, who may not see the parsers themselves.
package enum UntrustedBytes {
    /// Reads `bytes` as what a broker sends, whole and cut in two, and as the body of a message.
    package static func read(_ bytes: [UInt8]) {
        let whole = Sink()
        var scanner = FrameScanner()
        let outcome = Result { () throws(AMQPFailure) in try scanner.feed(bytes.span, to: whole) }
        let halves = Sink()
        scanner = FrameScanner()
        let (front, back) = (Array(bytes.prefix(bytes.count / 2)), Array(bytes.dropFirst(bytes.count / 2)))
        let second = Result { () throws(AMQPFailure) in
            try scanner.feed(front.span, to: halves)
            try scanner.feed(back.span, to: halves)
        }
        if case .success = outcome, case .success = second {
            precondition(whole.seen == halves.seen, "where a stream is cut must not matter")
        }
        if let layout = try? EnvelopeLayout(bytes) {
            precondition(layout.payloads.allSatisfy { $0.upperBound <= bytes.count })
        }
    }

    private final class Sink: FrameSink {
        let frameLimits = FrameLimits(frameMaximum: 128 << 10, channelMaximum: 255)
        private let decoder = AMQPDecoder()
        private(set) var seen = 0

        func method(channel: UInt16, _ payload: borrowing Span<UInt8>) throws(AMQPFailure) {
            _ = try decoder.method(payload)
            seen += 1
        }
        func contentHeader(channel: UInt16, _ payload: borrowing Span<UInt8>) throws(AMQPFailure) {
            _ = try decoder.contentHeader(payload)
            seen += 1
        }
        func contentBody(channel: UInt16, _ piece: borrowing Span<UInt8>) throws(AMQPFailure) { seen += piece.count }
        func heartbeat() { seen += 1 }
    }
}
