internal import CZlib

/// Writes gzip or bare deflate (RFC 1951, 1952) piece by piece.
@safe package struct Deflater: ~Copyable {
    package enum Format: Sendable {
        case gzip
        /// Without a header, as WebSocket wants it.
        case bare
    }

    package enum Flush: Sendable {
        /// Nothing has to leave yet.
        case none
        /// Whatever was given can be read by the other side now.
        case sync
        case finish
    }

    /// zlib keeps the address of this and refuses one that moved.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter memoryLevel: 1 to 9; each step doubles the memory of the hash table (128 KiB at 8).
    package init(_ format: Format, level: Int = 5, memoryLevel: Int = 8) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let started = unsafe zlib_start_deflate(
            stream, Int32(level), format == .gzip ? 15 + 16 : -15, Int32(memoryLevel))
        precondition(started == Z_OK, "zlib has no memory left")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Forgets what came before and keeps its memory.
    package mutating func reset() { unsafe deflateReset(stream) }

    /// Appends what leaves for `input`.
    package mutating func compress(_ input: Span<UInt8>, _ flush: Flush, into output: inout [UInt8]) {
        let mode =
            switch flush {
            case .none: Z_NO_FLUSH
            case .sync: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        unsafe input.withUnsafeBufferPointer { source in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(clamping: source.count)
            let step = max(256, min(16 << 10, source.count + 64))
            // A call that fills all the room it got may have more to say.
            while deflate(mode, room: step, into: &output) == step {}
        }
    }

    private func deflate(_ mode: Int32, room: Int, into output: inout [UInt8]) -> Int {
        var written = 0
        output.append(addingCapacity: room) { (buffer: inout OutputSpan<UInt8>) in
            unsafe buffer.withUnsafeMutableBufferPointer { target, initialized in
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(room)
                _ = unsafe CZlib.deflate(stream, mode)
                written = unsafe room - Int(stream.pointee.avail_out)
                initialized = written
            }
        }
        return written
    }
}
