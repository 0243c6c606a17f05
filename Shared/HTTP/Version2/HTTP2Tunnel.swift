internal import Core
internal import Reactor

/// A stream of HTTP/2 as a stream of bytes, for what begins with an extended CONNECT (RFC 8441). Closing it ends both
/// directions.
final class HTTP2Tunnel: ByteStream {
    private let stream: HTTP2Stream
    let peer: SocketAddress

    init(_ stream: HTTP2Stream, peer: SocketAddress) {
        self.stream = stream
        self.peer = peer
    }

    var reactor: Reactor { stream.connection.reactor }

    func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> Int? {
        let piece = stream.takeReceived(upTo: buffer.count)
        guard piece.isEmpty else {
            unsafe buffer.copyBytes(from: piece)
            return piece.count
        }
        if stream.isWholeReceived { return 0 }
        if stream.isClosed { throw .reset }
        return nil
    }

    func waitReadable(deadline: Deadline) async throws(StreamFailure) {
        try await stream.waitForArrival(deadline: deadline)
    }

    func tryWrite(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(StreamFailure) -> Int? {
        if stream.isClosed || stream.hasOfferedAll { throw .closed }
        guard stream.hasRoom else { return nil }
        var piece = [UInt8]()
        piece.reserveCapacity(first.count + second.count)
        unsafe piece.append(contentsOf: first)
        unsafe piece.append(contentsOf: second)
        stream.offer(piece, isLast: false)
        return first.count + second.count
    }

    func waitWritable(deadline: Deadline) async throws(StreamFailure) {
        try await stream.waitForDeparture(deadline: deadline)
    }

    /// What was taken is the stream's, which sends it as the windows allow.
    var hasUnsentBytes: Bool { false }

    func shutdownWrite() {
        if !stream.isClosed && !stream.hasOfferedAll { stream.offer([], isLast: true) }
    }

    func close() {
        reactor.onLoop { [stream] _ in
            guard !stream.isClosed else { return }
            if stream.hasOfferedAll && stream.isWholeReceived { return }
            stream.connection.reset(stream, HTTP2ErrorCode.cancel)
        }
    }
}
