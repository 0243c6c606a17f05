internal import CLinux
internal import Core
internal import Glibc

/// A listening TCP or unix socket on one reactor.
///
/// Back-pressure: what is not accepted stays in the kernel's backlog. When the process or the machine is out of
/// descriptors or memory, `accept` waits a little and tries again instead of spinning or failing.
package final class Listener: Sendable {
    private static let backlog: Int32 = 4_096
    private static let exhaustionPause = Duration.milliseconds(50)

    /// With the port the kernel chose when 0 was asked for.
    package let address: SocketAddress
    package var reactor: Reactor { source.reactor }
    private let source: EventSource

    private init(_ source: EventSource, address: SocketAddress) {
        self.source = source
        self.address = address
    }

    deinit { close() }

    /// Call it on `reactor`. With `reusePort` several reactors may listen at one address and the kernel spreads
    /// connections among them. A unix socket left behind by a process that died is replaced, a living one is not. A socket
    /// that this process inherited is used rather than a new one.
    package static func bind(
        _ address: SocketAddress, on reactor: Reactor, reusePort: Bool = false
    ) async throws(ReactorFailure) -> Listener {
        let descriptor =
            if let inherited = InheritedSockets.duplicate(listeningAt: address) { inherited } else {
                try await open(address, on: reactor, reusePort: reusePort)
            }
        do {
            return Listener(try EventSource(descriptor, on: reactor), address: try boundAddress(of: descriptor))
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    /// The listening socket alone, for who passes it on.
    package static func open(
        _ address: SocketAddress, on reactor: Reactor, reusePort: Bool = false
    ) async throws(ReactorFailure) -> Int32 {
        if case .unix(let path) = address { await removeAbandoned(path, address, on: reactor) }
        let descriptor = infinite_socket(address.family)
        guard descriptor >= 0 else { throw .last("socket") }
        do {
            try configure(descriptor, address, reusePort: reusePort)
            try listen(descriptor, at: address)
            return descriptor
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    private static func configure(
        _ descriptor: Int32, _ address: SocketAddress, reusePort: Bool
    ) throws(ReactorFailure) {
        guard case .ip = address else { return }
        // Accepted sockets inherit these, which saves two system calls for each.
        _ = infinite_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        _ = infinite_set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        _ = infinite_set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        guard !reusePort || infinite_set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) == 0 else {
            throw .last("setsockopt(SO_REUSEPORT)")
        }
    }

    private static func listen(_ descriptor: Int32, at address: SocketAddress) throws(ReactorFailure) {
        var (storage, length) = address.storage
        guard unsafe infinite_bind(descriptor, &storage, length) == 0 else { throw .last("bind to \(address)") }
        guard Glibc.listen(descriptor, backlog) == 0 else { throw .last("listen at \(address)") }
    }

    static func boundAddress(of descriptor: Int32) throws(ReactorFailure) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        guard unsafe infinite_socket_name(descriptor, &storage, &length) == 0,
            let bound = SocketAddress(storage, length: length)
        else { throw .last("getsockname") }
        return bound
    }

    private static func removeAbandoned(_ path: String, _ address: SocketAddress, on reactor: Reactor) async {
        do throws(StreamFailure) {
            try await StreamSocket.connect(to: address, on: reactor, deadline: .after(.seconds(1))).close()
        } catch {
            if error == .refused { unsafe unlink(path) }
        }
    }

    /// The next connection. Fails only when the listener is closed or the task cancelled.
    package func accept() async throws(StreamFailure) -> StreamSocket {
        while true {
            guard source.isOpen else { throw .closed }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = unsafe infinite_accept(source.descriptor, &storage, &length)
            if descriptor >= 0 {
                // An unbound unix client has no name; neither has its address.
                let peer = SocketAddress(storage, length: length) ?? .unix(path: "")
                do {
                    return try StreamSocket(adopting: descriptor, peer: peer, on: reactor)
                } catch {
                    try await pauseWhenExhausted()
                }
            } else {
                try await wait(after: errno)
            }
        }
    }

    private func wait(after number: Int32) async throws(StreamFailure) {
        switch number {
        case EAGAIN:
            source.clearReadiness(.input)
            switch await source.wait(.input, until: .never) {
            case .ready: break
            case .cancelled: throw .cancelled
            case .closed, .expired: throw .closed
            }
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            try await pauseWhenExhausted()
        case EBADF, EINVAL, ENOTSOCK:
            throw .system(errno: number, operation: "accept")
        default:
            // The connection failed before it was accepted (ECONNABORTED, EPROTO, …): that is its own affair.
            guard !Task.isCancelled else { throw .cancelled }
        }
    }

    private func pauseWhenExhausted() async throws(StreamFailure) {
        do {
            try await Reactor.sleep(for: Self.exhaustionPause)
        } catch {
            throw .cancelled
        }
    }

    /// From any thread. A task that waits in `accept` fails with `closed`.
    package func close() {
        reactor.onLoop { [source] _ in source.close() }
    }
}
