import Foundation
import Glibc
import LocalServers
import Synchronization
import Testing

@testable import local_stack

/// A viewer of the live page: one connection to `/_infinite/live`, everything it was told so far.
final class LiveFeed: Sendable {
    private let descriptor: Int32
    private let received = Mutex("")

    init(_ client: Client, cookie: String) throws {
        let port = client.stack.ports.gateway
        descriptor = try #require(LoopbackSocket.connect(port: port, from: client.address, timeout: .seconds(60)))
        let request = """
            GET /_infinite/live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nCookie: \(cookie)\r\n\r\n
            """
        #expect(LoopbackSocket.send(Array(request.utf8), on: descriptor))
        Thread.detachNewThread {
            while let bytes = LoopbackSocket.receive(upTo: 65_536, on: self.descriptor), !bytes.isEmpty {
                self.received.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
            }
        }
    }

    deinit { Glibc.close(descriptor) }

    var text: String { received.withLock { $0 } }

    /// Whether an event of this kind mentions `word`.
    func told(_ kind: String, mentioning word: String) -> Bool {
        text.components(separatedBy: "\n\n").contains { $0.contains("event: \(kind)\n") && $0.contains(word) }
    }

    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
