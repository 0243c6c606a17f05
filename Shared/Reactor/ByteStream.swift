package import Core

/// A two-way stream of bytes that lives on one reactor.
///
/// Call it only from tasks on `reactor`. One task may read while another writes; two readers or two writers at once are
/// a mistake of the caller. Every wait ends at its deadline, when its task is cancelled, or when the stream is closed.
/// After a failed or cancelled write nobody knows how much left: close the stream.
///
/// A conforming type tries without waiting and waits without moving bytes; `read` and `write` are made of those two, so
/// no pointer has to stay valid across a suspension.
package protocol ByteStream: AnyObject, Sendable {
    var reactor: Reactor { get }
    var peer: SocketAddress { get }

    /// How many bytes were stored at the start of `buffer`, 0 at the end of the stream, nil when it has to wait.
    func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> Int?
    func waitReadable(deadline: Deadline) async throws(StreamFailure)

    /// How many bytes were taken, first from `first` and then from `second`; nil when it has to wait.
    func tryWrite(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) throws(StreamFailure) -> Int?
    func waitWritable(deadline: Deadline) async throws(StreamFailure)

    /// `tryWrite` of bytes after which nothing more will be written, where that saves something.
    func tryWriteLast(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) throws(StreamFailure) -> Int?

    /// Bytes that `tryWrite` took and the kernel has not: `waitWritable` sends them.
    var hasUnsentBytes: Bool { get }

    /// Tells the peer that nothing more follows; reading goes on.
    func shutdownWrite() async

    /// At once, from any thread, as often as wanted; tasks that wait here fail with `closed`.
    func close()
}

extension ByteStream {
    package func tryWriteLast(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(StreamFailure) -> Int? {
        unsafe try tryWrite(first, second)
    }

    /// Waits for bytes and returns how many were stored at the start of `buffer`; 0 at the end of the stream.
    ///
    /// `reactor.scratch` may be the buffer: nothing runs between the arrival of the bytes and the return to the caller.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, deadline: Deadline
    ) async throws(StreamFailure) -> Int {
        while true {
            if let count = unsafe try tryRead(into: buffer) { return count }
            try await waitReadable(deadline: deadline)
        }
    }

    /// At most `maximum` bytes as an array; empty at the end of the stream. For where an allocation does not matter.
    package func read(upTo maximum: Int, deadline: Deadline) async throws(StreamFailure) -> [UInt8] {
        let buffer = unsafe UnsafeMutableRawBufferPointer(rebasing: reactor.scratch.prefix(maximum))
        let count = unsafe try await read(into: buffer, deadline: deadline)
        return unsafe Array(buffer.prefix(count))
    }

    /// Returns when all of `bytes` are with the kernel.
    package func write(_ bytes: [UInt8], deadline: Deadline) async throws(StreamFailure) {
        try await write(bytes, [], deadline: deadline)
    }

    /// Both parts, in one system call where possible: a head and its body need no common buffer.
    package func write(
        _ first: [UInt8], _ second: [UInt8], deadline: Deadline
    ) async throws(StreamFailure) {
        var sent = 0
        while sent < first.count + second.count {
            let count = unsafe try first.span.bytes.withUnsafeBytes { first throws(StreamFailure) -> Int? in
                unsafe try second.span.bytes.withUnsafeBytes { second throws(StreamFailure) -> Int? in
                    let restOfFirst = unsafe UnsafeRawBufferPointer(rebasing: first.dropFirst(sent))
                    let restOfSecond = unsafe UnsafeRawBufferPointer(
                        rebasing: second.dropFirst(max(0, sent - first.count)))
                    return unsafe try tryWrite(restOfFirst, restOfSecond)
                }
            }
            if let count { sent += count } else { try await waitWritable(deadline: deadline) }
        }
        while hasUnsentBytes { try await waitWritable(deadline: deadline) }
    }

    /// `bytes` has to stay valid until this returns.
    package func write(_ bytes: UnsafeRawBufferPointer, deadline: Deadline) async throws(StreamFailure) {
        var sent = 0
        let nothing = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        while sent < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes.dropFirst(sent))
            if let count = unsafe try tryWrite(rest, nothing) {
                sent += count
            } else {
                try await waitWritable(deadline: deadline)
            }
        }
        while hasUnsentBytes { try await waitWritable(deadline: deadline) }
    }

    package func write(_ text: String, deadline: Deadline) async throws(StreamFailure) {
        try await write(Array(text.utf8), deadline: deadline)
    }
}

/// Why a stream could not do what was asked.
package enum StreamFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case closed
    case deadlineExceeded
    case cancelled
    /// The peer ended the connection in the middle of things.
    case reset
    /// Nobody listens there.
    case refused
    case system(errno: Int32, operation: String)
    /// The peer broke the TLS protocol, or its certificate was not accepted.
    case insecure(String)

    package var description: String {
        switch self {
        case .closed: "the stream is closed"
        case .deadlineExceeded: "the deadline passed"
        case .cancelled: "the wait was cancelled"
        case .reset: "the peer reset the connection"
        case .refused: "nobody listens at that address"
        case .system(let number, let operation): "\(operation) failed: \(describe(errno: number))"
        case .insecure(let reason): "TLS: \(reason)"
        }
    }
}
