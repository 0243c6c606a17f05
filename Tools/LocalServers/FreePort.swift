/// Free TCP ports on 127.0.0.1, taken from below the range the kernel gives to outgoing connections: a port from that
/// range can be gone when a killed server wants it back, and a client that reconnects to one may connect to itself.
internal import Glibc

package enum FreePort {
    package static let range = 15_000...32_000

    package static func choose() throws(LocalServerFailure) -> Int {
        for _ in 0..<500 {
            let candidate = Int.random(in: range)
            if isFree(candidate) { return candidate }
        }
        throw .noFreePort
    }

    package static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var reuse: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        return unsafe withLoopbackAddress(port: port) { address, length in unsafe bind(descriptor, address, length) } == 0
    }
}

func withLoopbackAddress<Result>(
    port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            unsafe body(address, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
