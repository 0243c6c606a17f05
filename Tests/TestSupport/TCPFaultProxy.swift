/// A TCP proxy on 127.0.0.1 that misbehaves on command: late, silent, or gone. (This kernel may have no netem.)
///
/// Latency delays every chunk of at most 16 KiB in each direction. A stalled proxy keeps connections open and takes
/// nothing from either side, so that senders fill their windows as behind a dead router. A cut resets.
internal import Core
internal import Foundation
internal import Glibc
internal import LocalServers
internal import Synchronization

package final class TCPFaultProxy: Sendable {
    private struct Faults {
        var latency = Duration.zero
        var isStalled = false
        var refusesConnections = false
        /// Connections of an earlier generation have been cut.
        var generation = 0
        var isStopped = false
    }

    package let port: Int
    private let target: Int
    private let listener: Int32
    private let faults = Mutex(Faults())

    package init(to target: Int) throws {
        self.target = target
        port = try FreePort.choose()
        guard let listener = LoopbackSocket.listen(port: port) else { throw LocalServerFailure.noFreePort }
        self.listener = listener
        Thread.detachNewThread { self.accept() }
    }

    package func setLatency(_ latency: Duration) { faults.withLock { $0.latency = latency } }
    package func setStalled(_ isStalled: Bool) { faults.withLock { $0.isStalled = isStalled } }

    /// New connections are reset at once while this is set.
    package func setRefusing(_ refuses: Bool) { faults.withLock { $0.refusesConnections = refuses } }

    /// Resets every connection there is.
    package func cut() { faults.withLock { $0.generation += 1 } }

    package func stop() {
        faults.withLock {
            guard !$0.isStopped else { return }
            $0.isStopped = true
            $0.generation += 1
            // Before anybody sees that we stop: after that the number is closed, and soon another's.
            shutdown(listener, Int32(SHUT_RDWR))
        }
    }

    private func accept() {
        defer { close(listener) }
        while true {
            let client = Glibc.accept(listener, nil, nil)
            let now = faults.withLock { $0 }
            guard !now.isStopped else {
                if client >= 0 { close(client) }
                return
            }
            guard client >= 0 else { continue }
            guard !now.refusesConnections, let server = LoopbackSocket.connect(port: target) else {
                Self.reset(client)
                continue
            }
            start(Connection(client: client, server: server, generation: now.generation))
        }
    }

    private func start(_ connection: Connection) {
        Thread.detachNewThread { self.pump(from: connection.client, to: connection.server, connection) }
        Thread.detachNewThread { self.pump(from: connection.server, to: connection.client, connection) }
    }

    private func pump(from source: Int32, to sink: Int32, _ connection: Connection) {
        defer { connection.endOfOnePump() }
        while true {
            var waiting = pollfd(fd: source, events: Int16(POLLIN), revents: 0)
            let isReady = unsafe poll(&waiting, 1, 10) > 0
            // Read after the wait, so that a fault holds for every byte sent after it was set.
            let now = faults.withLock { $0 }
            if now.generation != connection.generation || connection.isBroken { return connection.breakUp() }
            guard isReady, !now.isStalled else {
                if now.isStalled { usleep(5_000) }
                continue
            }
            guard let bytes = LoopbackSocket.receive(upTo: 16_384, on: source) else { return connection.breakUp() }
            if bytes.isEmpty {
                shutdown(sink, Int32(SHUT_WR))
                return
            }
            if now.latency > .zero { usleep(UInt32(clamping: now.latency.wholeNanoseconds / 1_000)) }
            guard LoopbackSocket.send(bytes, on: sink) else { return connection.breakUp() }
        }
    }

    private static func reset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    /// Two descriptors that are closed when both directions have ended.
    private final class Connection: Sendable {
        private struct State {
            var pumps = 2
            var isBroken = false
        }

        let client: Int32
        let server: Int32
        let generation: Int
        private let state = Mutex(State())

        init(client: Int32, server: Int32, generation: Int) {
            self.client = client
            self.server = server
            self.generation = generation
        }

        var isBroken: Bool { state.withLock { $0.isBroken } }
        func breakUp() { state.withLock { $0.isBroken = true } }

        func endOfOnePump() {
            let (isLast, isBroken) = state.withLock { state in
                state.pumps -= 1
                return (state.pumps == 0, state.isBroken)
            }
            guard isLast else { return }
            for descriptor in [client, server] {
                if isBroken { TCPFaultProxy.reset(descriptor) } else { close(descriptor) }
            }
        }
    }
}
