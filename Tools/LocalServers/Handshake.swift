/// Whether a server on 127.0.0.1 answers the first bytes of its own protocol: a listening socket alone proves nothing.
internal import Glibc

enum Handshake {
    /// Sends `greeting` and returns the first byte of the answer; nil when there is none within a second.
    static func firstByte(port: Int, greeting: [UInt8]) -> UInt8? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            unsafe setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        let connected = unsafe withLoopbackAddress(port: port) { unsafe connect(descriptor, $0, $1) }
        guard connected == 0 else { return nil }
        let sent = unsafe greeting.withUnsafeBytes { bytes in
            unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == greeting.count else { return nil }
        var answer: UInt8 = 0
        return unsafe recv(descriptor, &answer, 1, 0) == 1 ? answer : nil
    }
}
