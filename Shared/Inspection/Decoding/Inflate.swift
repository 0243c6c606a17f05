internal import CZlib

/// Undoes gzip and deflate (RFC 1950 to 1952), never writing more than it was told to.
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
        let outcome = expand(input, window: 15 + 32, limit: limit, into: &output)
        guard outcome == .malformed, output.count == start else { return outcome }
        return expand(input, window: -15, limit: limit, into: &output)
    }

    private static func expand(
        _ input: Span<UInt8>, window: Int32, limit: Int, into output: inout [UInt8]
    ) -> Outcome {
        var stream = unsafe z_stream()
        guard unsafe zlib_start_inflate(&stream, window) == Z_OK else { return .malformed }
        defer { unsafe inflateEnd(&stream) }
        return unsafe input.withUnsafeBufferPointer { source in
            // zlib does not write to its input; the field lacks `const` for old compilers' sake.
            unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.avail_in = UInt32(clamping: source.count)
            return unsafe run(&stream, limit: limit, into: &output)
        }
    }

    private static func run(_ stream: inout z_stream, limit: Int, into output: inout [UInt8]) -> Outcome {
        let start = output.count
        while output.count - start < limit {
            let chunk = min(16 << 10, limit - (output.count - start))
            var result: Int32 = Z_OK
            output.append(addingCapacity: chunk) { (buffer: inout OutputSpan<UInt8>) in
                unsafe buffer.withUnsafeMutableBufferPointer { target, initialized in
                    unsafe stream.next_out = target.baseAddress
                    unsafe stream.avail_out = UInt32(chunk)
                    result = unsafe inflate(&stream, Z_NO_FLUSH)
                    initialized = unsafe chunk - Int(stream.avail_out)
                }
            }
            if result == Z_STREAM_END { return .complete }
            guard result == Z_OK else { return .malformed }
        }
        return .cut
    }
}
