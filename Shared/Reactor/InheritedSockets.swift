internal import CLinux
internal import Glibc
internal import Synchronization

/// Listening sockets that were open before this process began: whoever started it (systemd's socket units,
/// `supervise`) keeps them open while one process follows another, and the kernel queues who connects meanwhile.
///
/// They come as systemd passes them: from descriptor 3 on, as many as `LISTEN_FDS` says; `LISTEN_PID`, where it is set,
/// says for whom.
package enum InheritedSockets {
    private static let most = 64
    private static let first: Int32 = 3

    private static let all: [SocketAddress: Int32] = {
        guard isForUs, let count = unsafe number(getenv("LISTEN_FDS")), count > 0 else { return [:] }
        var all: [SocketAddress: Int32] = [:]
        for descriptor in first..<first + min(count, Int32(most)) where isListening(descriptor) {
            if let address = try? Listener.boundAddress(of: descriptor) { all[address] = descriptor }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        }
        return all
    }()

    private static let used = Mutex<Set<SocketAddress>>([])

    /// Where nobody here listens: who connects there waits for ever.
    package static var unused: [SocketAddress] {
        let used = used.withLock { $0 }
        return all.keys.filter { !used.contains($0) }
    }

    /// One more descriptor of the socket that listens at `address`; nil when none was passed. Several reactors may each
    /// have one: whichever accepts first has the connection.
    static func duplicate(listeningAt address: SocketAddress) -> Int32? {
        guard let descriptor = all[address] else { return nil }
        used.withLock { _ = $0.insert(address) }
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return duplicate >= 0 ? duplicate : nil
    }

    private static var isForUs: Bool {
        guard let value = unsafe getenv("LISTEN_PID") else { return true }
        return unsafe number(value) == getpid()
    }

    private static func number(_ text: UnsafeMutablePointer<CChar>?) -> Int32? {
        unsafe text.flatMap { unsafe Int32(String(cString: $0)) }
    }

    private static func isListening(_ descriptor: Int32) -> Bool {
        var (value, length): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1
    }
}
