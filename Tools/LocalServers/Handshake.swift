/// Whether a server on 127.0.0.1 answers the first bytes of its own protocol: a listening socket alone proves nothing.
internal import Glibc

enum Handshake {
    /// Sends `greeting` and returns the first byte of the answer; nil when there is none within a second.
    static func firstByte(port: Int, greeting: [UInt8]) -> UInt8? {
        guard let descriptor = LoopbackSocket.connect(port: port, timeout: .seconds(1)) else { return nil }
        defer { close(descriptor) }
        guard LoopbackSocket.send(greeting, on: descriptor) else { return nil }
        return LoopbackSocket.receive(upTo: 1, on: descriptor)?.first
    }
}
