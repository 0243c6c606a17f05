internal import CBrotli

/// Undoes brotli (RFC 7932) of a whole text, never writing more than it was told to.
package enum BrotliDecoder {
    package typealias Outcome = Inflater.Outcome

    private static let step = 16 << 10

    /// Appends what `input` expands to, at most `limit` bytes. A text that stops before its own end needs more input.
    package static func expand(_ input: Span<UInt8>, limit: Int, into output: inout [UInt8]) -> Outcome {
        guard let state = unsafe BrotliDecoderCreateInstance(nil, nil, nil) else { return .malformed }
        defer { unsafe BrotliDecoderDestroyInstance(state) }
        return unsafe input.withUnsafeBufferPointer { source in
            var left = source.count
            var next = source.baseAddress
            let end = output.count + limit
            while true {
                // One byte more than is wanted tells a text that fits from one that does not.
                let room = min(step, end + 1 - output.count)
                var result = BROTLI_DECODER_RESULT_ERROR
                output.append(addingCapacity: room) { (buffer: inout OutputSpan<UInt8>) in
                    unsafe buffer.withUnsafeMutableBufferPointer { target, initialized in
                        var free = room
                        var place = target.baseAddress
                        result = unsafe BrotliDecoderDecompressStream(state, &left, &next, &free, &place, nil)
                        initialized = room - free
                    }
                }
                if output.count > end {
                    output.removeLast(output.count - end)
                    return .cut
                }
                switch result {
                case BROTLI_DECODER_RESULT_SUCCESS: return .ended
                case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: continue
                case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return .needsInput
                default: return .malformed
                }
            }
        }
    }
}
