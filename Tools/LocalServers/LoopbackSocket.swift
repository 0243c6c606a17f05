/// Blocking TCP sockets on 127.0.0.1, for the tools and tests that stand outside of our own runtime.
internal import Glibc

package enum LoopbackSocket {
    /// A connected socket, or nil. `source` is the client's own address, 127.x.y.z: any of them is ours, so that one
    /// machine can be many clients.
    package static func connect(port: Int, from source: String? = nil, timeout: Duration? = nil) -> Int32? {
        let descriptor = make()
        guard descriptor >= 0 else { return nil }
        if let timeout { limit(descriptor, timeout) }
        if let source, unsafe withAddress(source, port: 0, { unsafe bind(descriptor, $0, $1) }) != 0 {
            close(descriptor)
            return nil
        }
        guard unsafe withAddress(port: port, { unsafe Glibc.connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        var noDelay: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), 1, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    /// A socket bound to `port` (0: any) that listens; nil when the port is taken.
    package static func listen(port: Int) -> Int32? {
        let descriptor = make()
        guard descriptor >= 0 else { return nil }
        var reuse: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        guard unsafe withAddress(port: port, { unsafe bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, 128) == 0
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    package static func send(_ bytes: [UInt8], on descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// What has arrived, at most `limit` bytes; empty at the end, nil on an error or when the timeout passed.
    package static func receive(upTo limit: Int, on descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, limit, 0) }
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    private static func make() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    private static func limit(_ descriptor: Int32, _ timeout: Duration) {
        let (seconds, attoseconds) = timeout.components
        var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            unsafe setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private static func withAddress<Result>(
        _ host: String = "127.0.0.1", port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = unsafe inet_addr(host)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe body(address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
