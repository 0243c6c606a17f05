internal import CLinux
package import Core
internal import Glibc

/// A connected TCP or unix socket.
package final class StreamSocket: ByteStream {
    package let peer: SocketAddress
    package var reactor: Reactor { source.reactor }
    private let source: EventSource

    init(_ source: EventSource, peer: SocketAddress) {
        self.source = source
        self.peer = peer
    }

    /// Takes over a connected, non-blocking descriptor. Call it on `reactor`.
    package convenience init(
        adopting descriptor: Int32, peer: SocketAddress, on reactor: Reactor
    ) throws(ReactorFailure) {
        do {
            self.init(try EventSource(descriptor, on: reactor), peer: peer)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    deinit { close() }

    /// For handing the connection's identity to C (`getsockopt` and the like); -1 when closed.
    package var descriptor: Int32 { source.descriptor }

    /// Whether the peer has ended its side or the connection broke, known without reading.
    package var hasPeerEnded: Bool { source.isEndPending }

    /// False when all that had arrived was read, and nothing was reported since.
    package var mayHaveInput: Bool { source.isReady(.input) }

    /// Calls `action` once, on the reactor, when that happens. Call it there too.
    package func whenPeerEnds(_ action: @escaping @Sendable () -> Void) { source.onEndPending = action }

    // MARK: Moving bytes

    package func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> Int? {
        guard try mayTry(.input) else { return nil }
        let count = unsafe infinite_receive(source.descriptor, buffer.baseAddress, buffer.count)
        guard count >= 0 else {
            try failUnlessWouldBlock(.input, "recv")
            return nil
        }
        // A short read has emptied the socket, unless its end has been announced and is still to be read.
        if count < buffer.count && !source.isEndPending { source.clearReadiness(.input) }
        return count
    }

    /// `tryRead` that leaves the bytes to be read again. What was seen before counts as seen: a wait after this ends when
    /// more has come.
    package func tryPeek(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> Int? {
        guard try mayTry(.input) else { return nil }
        let count = unsafe infinite_peek(source.descriptor, buffer.baseAddress, buffer.count)
        guard count >= 0 else {
            try failUnlessWouldBlock(.input, "recv")
            return nil
        }
        return count
    }

    /// After a look that did not show enough: the next wait is for more. At the stream's end there is nothing more.
    package func awaitMore() {
        if !source.isEndPending { source.clearReadiness(.input) }
    }

    package func tryWrite(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(StreamFailure) -> Int? {
        guard try mayTry(.output) else { return nil }
        let count =
            unsafe second.isEmpty
            ? infinite_send(source.descriptor, first.baseAddress, first.count)
            : infinite_send_two(source.descriptor, first.baseAddress, first.count, second.baseAddress, second.count)
        guard count >= 0 else {
            try failUnlessWouldBlock(.output, "send")
            return nil
        }
        return count
    }

    package var hasUnsentBytes: Bool { false }

    package func shutdownWrite() {
        if source.isOpen { _ = shutdown(source.descriptor, Int32(SHUT_WR)) }
    }

    package func close() {
        reactor.onLoop { [source] _ in source.close() }
    }

    /// Closes with a reset instead of a farewell: what the kernel still holds is thrown away.
    package func abort() {
        reactor.onLoop { [source] _ in
            guard source.isOpen else { return }
            var option = linger(l_onoff: 1, l_linger: 0)
            _ = unsafe setsockopt(
                source.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            source.close()
        }
    }

    // MARK: Waiting

    package func waitReadable(deadline: Deadline) async throws(StreamFailure) { try await wait(.input, deadline) }
    package func waitWritable(deadline: Deadline) async throws(StreamFailure) { try await wait(.output, deadline) }

    private func mayTry(_ direction: Direction) throws(StreamFailure) -> Bool {
        precondition(reactor.isCurrent, "a stream is used on its reactor only: see Reactor.perform")
        guard source.isOpen else { throw .closed }
        return source.mayTry(direction)
    }

    private func wait(_ direction: Direction, _ deadline: Deadline) async throws(StreamFailure) {
        source.beginTurn()
        // Ready, yet told to wait: its turn was used up, so everybody else goes first.
        if source.isReady(direction) && source.isOpen {
            await Reactor.yield()
            guard !Task.isCancelled else { throw .cancelled }
            guard !deadline.hasPassed else { throw .deadlineExceeded }
            return
        }
        try await source.wait(direction, until: deadline).get()
    }

    /// `waitReadable` with a single frame of its own, for the place where most connections spend most of their time. Nil
    /// when that is not possible: there may be something to read, or the current task has no cover.
    package func waitReadableCovered(deadline: Deadline) async -> WaitOutcome? {
        guard !source.isReady(.input), let cover = source.cover else { return nil }
        source.beginTurn()
        return await Waker.suspend { source.begin(.input, $0, until: deadline, under: cover) }
    }

    /// `waitReadable` for a task that is covered and suspends itself.
    package func beginWait(_ waker: Waker<WaitOutcome>, until deadline: Deadline) {
        guard let cover = source.cover else { preconditionFailure("the task that waits here is covered") }
        source.beginTurn()
        source.begin(.input, waker, until: deadline, under: cover)
    }

    /// Calls `action` once, on the reactor, when there is something to read, at the deadline, or when the socket is closed:
    /// for connections that rest, whose tasks would hold memory for nothing. Call it there too.
    package func whenReadable(until deadline: Deadline, _ action: @escaping @Sendable (WaitOutcome) -> Void) {
        source.whenReadable(until: deadline, action)
    }

    private func failUnlessWouldBlock(_ direction: Direction, _ operation: String) throws(StreamFailure) {
        switch errno {
        case EAGAIN: source.clearReadiness(direction)
        case EINTR: break  // Still ready: the next try finds out.
        case let number: throw StreamFailure(errno: number, operation: operation)
        }
    }
}

extension StreamFailure {
    init(errno number: Int32, operation: String) {
        switch number {
        case ECONNRESET, EPIPE, ECONNABORTED: self = .reset
        case ECONNREFUSED, ENOENT: self = .refused
        case ETIMEDOUT: self = .deadlineExceeded
        default: self = .system(errno: number, operation: operation)
        }
    }
}

// MARK: - Connecting

extension StreamSocket {
    /// Call it on `reactor`.
    package static func connect(
        to address: SocketAddress, on reactor: Reactor, deadline: Deadline
    ) async throws(StreamFailure) -> StreamSocket {
        precondition(reactor.isCurrent, "a stream is used on its reactor only: see Reactor.perform")
        while true {
            let descriptor = infinite_socket(address.family)
            guard descriptor >= 0 else { throw StreamFailure(errno: errno, operation: "socket") }
            if case .ip = address {
                _ = infinite_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                _ = infinite_set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
            }
            var (storage, length) = address.storage
            let number = unsafe infinite_connect(descriptor, &storage, length) == 0 ? 0 : errno
            switch number {
            case 0, EINPROGRESS, EINTR:
                return try await finishConnecting(
                    descriptor, to: address, isConnected: number == 0, on: reactor, deadline: deadline)
            case EAGAIN:
                // A unix listener whose backlog is full does not queue: it has to be asked again.
                _ = Glibc.close(descriptor)
                try await pause(until: deadline)
            default:
                _ = Glibc.close(descriptor)
                throw StreamFailure(errno: number, operation: "connect")
            }
        }
    }

    private static func finishConnecting(
        _ descriptor: Int32, to address: SocketAddress, isConnected: Bool, on reactor: Reactor, deadline: Deadline
    ) async throws(StreamFailure) -> StreamSocket {
        let source: EventSource
        do {
            source = try EventSource(descriptor, on: reactor, isWritable: isConnected)
        } catch {
            _ = Glibc.close(descriptor)
            throw .closed
        }
        let socket = StreamSocket(source, peer: address)
        guard !isConnected else { return socket }
        try await socket.waitWritable(deadline: deadline)
        let number = infinite_pending_error(source.descriptor)
        guard number == 0 else { throw StreamFailure(errno: number, operation: "connect") }
        return socket
    }

    private static func pause(until deadline: Deadline) async throws(StreamFailure) {
        guard !deadline.hasPassed else { throw .deadlineExceeded }
        do {
            try await Reactor.sleep(until: min(deadline, .after(.milliseconds(5))))
        } catch {
            throw .cancelled
        }
    }
}
