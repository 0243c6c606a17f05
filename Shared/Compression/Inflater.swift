internal import CZlib

/// Undoes gzip, zlib or bare deflate (RFC 1950 to 1952) piece by piece, never writing more than it was told to.
@safe package struct Inflater: ~Copyable {
    package enum Format: Sendable {
        /// gzip or zlib, whichever the header says.
        case headed
        /// Deflate without a header, as WebSocket and careless HTTP servers send it.
        case bare
    }

    package enum Outcome: Equatable, Sendable {
        /// Everything given was read; the stream may go on.
        case needsInput
        /// The stream said that it is over.
        case ended
        /// There was more than the limit; what fitted was written.
        case cut
        /// Not compressed, or broken; what came out before the fault was written.
        case malformed
    }

    private static let step = 16 << 10

    /// zlib keeps the address of this and refuses one that moved.
    private let stream: UnsafeMutablePointer<z_stream>

    package init(_ format: Format) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let started = unsafe zlib_start_inflate(stream, format == .headed ? 15 + 32 : -15)
        precondition(started == Z_OK, "zlib has no memory left")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Forgets what came before and keeps its memory.
    package mutating func reset() { unsafe inflateReset(stream) }

    /// Appends what `input` expands to, at most `limit` bytes.
    package mutating func expand(_ input: Span<UInt8>, limit: Int, into output: inout [UInt8]) -> Outcome {
        unsafe input.withUnsafeBufferPointer { source in
            // zlib does not write to its input; the field lacks `const` for old compilers' sake.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(clamping: source.count)
            return run(limit: limit, into: &output)
        }
    }

    private func run(limit: Int, into output: inout [UInt8]) -> Outcome {
        let start = output.count
        while true {
            let room = min(Self.step, limit - (output.count - start))
            guard room > 0 else { return atLimit() }
            let (result, written) = expand(upTo: room, into: &output)
            switch result {
            case Z_STREAM_END: return .ended
            case Z_OK where written == room: continue
            // No progress is possible without more input: that is the end of this piece, not an error.
            case Z_OK, Z_BUF_ERROR: return .needsInput
            default: return .malformed
            }
        }
    }

    /// Whether another byte would follow is known only by asking for it.
    private func atLimit() -> Outcome {
        var probe: [UInt8] = []
        let (result, written) = expand(upTo: 1, into: &probe)
        if written > 0 { return .cut }
        return result == Z_STREAM_END ? .ended : .needsInput
    }

    private func expand(upTo room: Int, into output: inout [UInt8]) -> (result: Int32, written: Int) {
        var result: Int32 = Z_OK
        var written = 0
        output.append(addingCapacity: room) { (buffer: inout OutputSpan<UInt8>) in
            unsafe buffer.withUnsafeMutableBufferPointer { target, initialized in
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(room)
                result = unsafe inflate(stream, Z_SYNC_FLUSH)
                written = unsafe room - Int(stream.pointee.avail_out)
                initialized = written
            }
        }
        return (result, written)
    }
}
