internal import Core
internal import Reactor

extension ByteStream {
    /// Sends both parts, however long that takes, as long as the peer takes some of it within every `stall`.
    func send(
        _ first: [UInt8], _ second: [UInt8], skipping skipped: Int = 0, stall: Duration, onProgress: () -> Void = {}
    ) async throws(StreamFailure) {
        var sent = skipped
        while sent < first.count + second.count {
            if let count = try tryWrite(first, second, skipping: sent) {
                sent += count
                onProgress()
            } else {
                try await waitWritable(deadline: reactor.turn + stall)
            }
        }
        while hasUnsentBytes { try await waitWritable(deadline: reactor.turn + stall) }
    }

    /// All of a message after which nothing follows.
    func tryWriteLast(_ first: [UInt8], _ second: [UInt8]) throws(StreamFailure) -> Int? {
        unsafe try first.span.bytes.withUnsafeBytes { first throws(StreamFailure) -> Int? in
            unsafe try second.span.bytes.withUnsafeBytes { second throws(StreamFailure) -> Int? in
                unsafe try tryWriteLast(first, second)
            }
        }
    }

    func tryWrite(_ first: [UInt8], _ second: [UInt8], skipping sent: Int) throws(StreamFailure) -> Int? {
        unsafe try first.span.bytes.withUnsafeBytes { first throws(StreamFailure) -> Int? in
            unsafe try second.span.bytes.withUnsafeBytes { second throws(StreamFailure) -> Int? in
                let restOfFirst = unsafe UnsafeRawBufferPointer(rebasing: first.dropFirst(sent))
                let restOfSecond = unsafe UnsafeRawBufferPointer(rebasing: second.dropFirst(max(0, sent - first.count)))
                return unsafe try tryWrite(restOfFirst, restOfSecond)
            }
        }
    }
}

/// A stream of which some bytes have been read already: they come first.
final class PrefixedStream: ByteStream, @unchecked Sendable {
    // Sendable: confined to the stream's reactor, like the stream.
    private var prefix: ArraySlice<UInt8>
    private let rest: any ByteStream

    init(_ prefix: [UInt8], then rest: any ByteStream) {
        self.prefix = prefix[...]
        self.rest = rest
    }

    var reactor: Reactor { rest.reactor }
    var peer: SocketAddress { rest.peer }
    var hasUnsentBytes: Bool { rest.hasUnsentBytes }

    func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> Int? {
        guard !prefix.isEmpty else { return unsafe try rest.tryRead(into: buffer) }
        let count = min(buffer.count, prefix.count)
        unsafe buffer.copyBytes(from: prefix.prefix(count))
        prefix = prefix.dropFirst(count)
        return count
    }

    func waitReadable(deadline: Deadline) async throws(StreamFailure) {
        if prefix.isEmpty { try await rest.waitReadable(deadline: deadline) }
    }

    func tryWrite(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(StreamFailure) -> Int? {
        unsafe try rest.tryWrite(first, second)
    }

    func waitWritable(deadline: Deadline) async throws(StreamFailure) {
        try await rest.waitWritable(deadline: deadline)
    }

    func shutdownWrite() async { await rest.shutdownWrite() }
    func close() { rest.close() }
}
