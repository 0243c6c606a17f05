internal import Compression

/// Undoes gzip, deflate and brotli of a whole body, never writing more than it was told to.
package enum Inflate {
    package enum Outcome: Equatable, Sendable {
        case complete
        /// There was more than the limit; what fitted was written.
        case cut
        /// Not compressed, or broken; what came out before the fault was written.
        case malformed
    }

    /// A body may say `deflate` and mean either of two formats: the one with a header is tried first.
    package static func expand(_ input: Span<UInt8>, limit: Int, into output: inout [UInt8]) -> Outcome {
        let start = output.count
        let outcome = expand(input, .headed, limit: limit, into: &output)
        guard outcome == .malformed, output.count == start else { return outcome }
        return expand(input, .bare, limit: limit, into: &output)
    }

    /// brotli says nothing about itself: only who was told that it is brotli asks.
    static func expandBrotli(_ input: Span<UInt8>, limit: Int, into output: inout [UInt8]) -> Outcome {
        switch BrotliDecoder.expand(input, limit: limit, into: &output) {
        case .ended: .complete
        case .cut: .cut
        case .needsInput, .malformed: .malformed
        }
    }

    private static func expand(
        _ input: Span<UInt8>, _ format: Inflater.Format, limit: Int, into output: inout [UInt8]
    ) -> Outcome {
        var inflater = Inflater(format)
        return switch inflater.expand(input, limit: limit, into: &output) {
        case .ended: .complete
        case .cut: .cut
        // A body that stops before its own end is broken.
        case .needsInput, .malformed: .malformed
        }
    }
}
