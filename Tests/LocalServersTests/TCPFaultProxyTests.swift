import Core
import Foundation
import Glibc
import LocalServers
import TestSupport
import Testing

@Suite("The fault proxy")
struct TCPFaultProxyTests {
    /// Answers each byte with the same byte until the client is gone.
    private func echoServer() throws -> Int {
        let port = try FreePort.choose()
        let listener = try #require(LoopbackSocket.listen(port: port))
        Thread.detachNewThread {
            while case let client = accept(listener, nil, nil), client >= 0 {
                while let bytes = LoopbackSocket.receive(upTo: 64, on: client), !bytes.isEmpty {
                    guard LoopbackSocket.send(bytes, on: client) else { break }
                }
                close(client)
            }
        }
        return port
    }

    private func echo(_ byte: UInt8, on descriptor: Int32) -> UInt8? {
        guard LoopbackSocket.send([byte], on: descriptor) else { return nil }
        return LoopbackSocket.receive(upTo: 1, on: descriptor)?.first
    }

    @Test("passes bytes, late when told so")
    func latency() throws {
        let proxy = try TCPFaultProxy(to: echoServer())
        defer { proxy.stop() }
        let client = try #require(LoopbackSocket.connect(port: proxy.port, timeout: .seconds(5)))
        defer { close(client) }
        #expect(echo(1, on: client) == 1)
        proxy.setLatency(.milliseconds(60))
        let started = Deadline.now
        #expect(echo(2, on: client) == 2)
        #expect(Deadline.now - started >= .milliseconds(120))
    }

    @Test("stalls without closing, and goes on")
    func stall() throws {
        let proxy = try TCPFaultProxy(to: echoServer())
        defer { proxy.stop() }
        let client = try #require(LoopbackSocket.connect(port: proxy.port, timeout: .milliseconds(200)))
        defer { close(client) }
        #expect(echo(1, on: client) == 1)
        proxy.setStalled(true)
        #expect(echo(2, on: client) == nil)
        proxy.setStalled(false)
        #expect(LoopbackSocket.receive(upTo: 1, on: client) == [2])
    }

    @Test("cuts what is there, refuses what comes, and recovers")
    func cutAndRefuse() async throws {
        let proxy = try TCPFaultProxy(to: echoServer())
        defer { proxy.stop() }
        let client = try #require(LoopbackSocket.connect(port: proxy.port, timeout: .seconds(5)))
        defer { close(client) }
        #expect(echo(1, on: client) == 1)
        proxy.setRefusing(true)
        proxy.cut()
        #expect(LoopbackSocket.receive(upTo: 1, on: client) == nil)
        let refused = try #require(LoopbackSocket.connect(port: proxy.port, timeout: .seconds(5)))
        defer { close(refused) }
        #expect(echo(1, on: refused) == nil)
        proxy.setRefusing(false)
        let again = try #require(LoopbackSocket.connect(port: proxy.port, timeout: .seconds(5)))
        defer { close(again) }
        #expect(echo(3, on: again) == 3)
    }
}
