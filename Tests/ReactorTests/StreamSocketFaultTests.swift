import Core
import Dispatch
import Foundation
import Glibc
import Reactor
import Synchronization
import TestSupport
import Testing

/// What peers and the machine do to a connection when they are not kind.
@Suite(.serialized) struct StreamSocketFaultTests {
    @Test func halfCloseEndsOnlyOneWay() async throws {
        try await withReactor { reactor async throws in
            let (client, server) = try await connectedPair(on: reactor)
            try await client.write("question", deadline: .after(soon))
            client.shutdownWrite()
            #expect(try await readExactly(8, from: server) == Array("question".utf8))
            #expect(try await server.read(upTo: 10, deadline: .after(soon)).isEmpty)
            try await server.write("answer", deadline: .after(soon))
            #expect(try await client.read(upTo: 10, deadline: .after(soon)) == Array("answer".utf8))
        }
    }

    @Test func bytesBeforeAFarewellAreAllRead() async throws {
        try await withReactor { reactor async throws in
            for length in [1, 4_096, 65_536, 300_000] {
                let (client, server) = try await connectedPair(on: reactor)
                reactor.run {
                    try? await server.write([UInt8](repeating: 7, count: length), deadline: .after(soon))
                    server.close()
                }
                #expect(try await readExactly(length + 1, from: client).count == length)
            }
        }
    }

    @Test func aResetIsToldToReaderAndWriter() async throws {
        try await withReactor { reactor async throws in
            let (client, server) = try await connectedPair(on: reactor)
            let reader = Promise<StreamFailure?>()
            reactor.run { reader.fulfil(await failure { _ = try await client.read(upTo: 1, deadline: .after(soon)) }) }
            await Reactor.yield()
            server.abort()
            #expect(try await reader.value(deadline: .after(soon)) == .reset)
            #expect(
                await failure {
                    while true { try await client.write([1, 2, 3], deadline: .after(soon)) }
                } == .reset)
        }
    }

    @Test func aSlowReaderHoldsTheWriterBackUntilItsDeadline() async throws {
        try await withReactor { reactor async throws in
            let (client, server) = try await connectedPair(on: reactor)
            let tooMuch = [UInt8](repeating: 1, count: 64 << 20)
            #expect(
                await failure { try await client.write(tooMuch, deadline: .after(.milliseconds(50))) }
                    == .deadlineExceeded)
            // What did fit is still there for whoever reads.
            #expect(try await !server.read(upTo: 65_536, deadline: .after(soon)).isEmpty)
        }
    }

    @Test func aWriterResumesWhenTheReaderCatchesUp() async throws {
        try await withReactor { reactor async throws in
            let (client, server) = try await connectedPair(on: reactor)
            let bytes = (0..<(8 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 16) }
            let writer = reactor.run { try? await client.write(bytes, bytes, deadline: .after(soon)) }
            #expect(try await readExactly(bytes.count * 2, from: server) == bytes + bytes)
            await writer.value()
        }
    }

    @Test func cancellationEndsEveryKindOfWait() async throws {
        try await withReactor { reactor async throws in
            let (client, server) = try await connectedPair(on: reactor)
            let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
            var ends: [Int32] = [0, 0]
            #expect(unsafe pipe(&ends) == 0)
            let watch = try FileDescriptorWatch(ends[0], on: reactor)
            let full = AsyncQueue<Int>(capacity: 1)
            #expect(full.offer(1))
            let empty = AsyncQueue<Int>(capacity: 1)
            let huge = [UInt8](repeating: 1, count: 64 << 20)
            let waits: [(String, @Sendable () async throws -> Void)] = [
                ("read", { _ = try await client.read(upTo: 1, deadline: .never) }),
                (
                    "covered read",
                    {
                        try await client.reactor.withCancellationCovered { () async throws(StreamFailure) in
                            _ = try await client.read(upTo: 1, deadline: .never)
                        }
                    }
                ),
                ("write", { try await server.write(huge, deadline: .never) }),
                ("accept", { _ = try await listener.accept() }),
                ("watch", { try await watch.waitReadable(deadline: .never) }),
                ("send", { try await full.send(2) }),
                ("receive", { _ = try await empty.receive() }),
                ("promise", { _ = try await Promise<Int>().value() }),
            ]
            for (name, wait) in waits {
                for byAnotherThread in [false, true] {
                    let outcome = Promise<StreamFailure?>()
                    let handle = reactor.run { outcome.fulfil(await failure(wait)) }
                    await Reactor.yield()
                    if byAnotherThread { await Task.detached { handle.cancel() }.value } else { handle.cancel() }
                    #expect(try await outcome.value(deadline: .after(soon)) == .cancelled, "\(name)")
                }
            }
            watch.close()
            close(ends[0])
            close(ends[1])
        }
    }

    @Test func closingFromAnotherThreadWakesReaderAndWriter() async throws {
        try await withReactor { reactor async throws in
            let (client, server) = try await connectedPair(on: reactor)
            let huge = [UInt8](repeating: 1, count: 64 << 20)
            let (reader, writer) = (Promise<StreamFailure?>(), Promise<StreamFailure?>())
            reactor.run { reader.fulfil(await failure { _ = try await client.read(upTo: 1, deadline: .never) }) }
            reactor.run { writer.fulfil(await failure { try await client.write(huge, deadline: .never) }) }
            await Reactor.yield()
            await Task.detached { client.close() }.value
            #expect(try await reader.value(deadline: .after(soon)) == .closed)
            #expect(try await writer.value(deadline: .after(soon)) == .closed)
            server.close()
        }
    }

    @Test func connectingFailsWithTheReason() async throws {
        try await withReactor { reactor async throws in
            let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
            listener.close()
            for address in [listener.address, .unix(path: "/tmp/infinite-\(getpid())-nobody")] {
                #expect(
                    await failure {
                        _ = try await StreamSocket.connect(to: address, on: reactor, deadline: .after(soon))
                    } == .refused)
            }
        }
    }

    @Test func aWatchIsLevelTriggered() async throws {
        try await withReactor { reactor async throws in
            var ends: [Int32] = [0, 0]
            #expect(unsafe pipe(&ends) == 0)
            let watch = try FileDescriptorWatch(ends[0], on: reactor)
            #expect(
                await failure { try await watch.waitReadable(deadline: .after(.milliseconds(5))) } == .deadlineExceeded)
            var byte: UInt8 = 1
            #expect(unsafe Glibc.write(ends[1], &byte, 1) == 1)
            for _ in 0..<3 { try await watch.waitReadable(deadline: .after(soon)) }
            #expect(unsafe Glibc.read(ends[0], &byte, 1) == 1)
            #expect(
                await failure { try await watch.waitReadable(deadline: .after(.milliseconds(5))) } == .deadlineExceeded)
            watch.close()
            close(ends[0])
            close(ends[1])
        }
    }

    /// As when libpq closes its socket by itself: whoever opens the next descriptor gets the number.
    @Test func aWatchClosedAfterItsDescriptorLeavesTheNextOwnerOfTheNumberAlone() async throws {
        try await withReactor { reactor async throws in
            var (first, second): ([Int32], [Int32]) = ([0, 0], [0, 0])
            #expect(unsafe pipe(&first) == 0)
            #expect(unsafe pipe(&second) == 0)
            let late = try FileDescriptorWatch(first[0], on: reactor)
            #expect(dup2(second[0], first[0]) == first[0])
            let watch = try FileDescriptorWatch(first[0], on: reactor)
            late.close()
            var byte: UInt8 = 1
            #expect(unsafe Glibc.write(second[1], &byte, 1) == 1)
            try await watch.waitReadable(deadline: .after(soon))
            watch.close()
            for descriptor in first + second { close(descriptor) }
        }
    }

    /// The message to close and the event come in one turn, the message first; nothing may be told to who has gone.
    @Test func aSocketLetGoElsewhereIsNotToldOfTheSameTurnsEvents() async throws {
        let group = try ReactorGroup(count: 1)
        defer { group.shutdown() }
        let reactor = group.next()
        for _ in 0..<100 {
            let held = try await reactor.perform { () async throws in
                let (client, server) = try await connectedPair(on: reactor)
                return LetGo(client, peer: server)
            }
            let (hasStopped, mayGoOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            reactor.onLoop { _ in
                hasStopped.signal()
                mayGoOn.wait()
            }
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    hasStopped.wait()
                    held.socket.withLock { $0 = nil }
                    shutdown(held.peer.descriptor, Int32(SHUT_WR))
                    mayGoOn.signal()
                    continuation.resume()
                }
            }
            await reactor.perform {}
        }
    }

    @Test func aThousandConnectionsEcho() async throws {
        let group = try ReactorGroup(count: 2)
        defer { group.shutdown() }
        let (server, client) = (group.reactors[0], group.reactors[1])
        let listener = try await server.perform { () throws -> Listener in
            let listener = try await Listener.bind(.loopback(port: 0), on: server)
            server.run {
                while let socket = try? await listener.accept() {
                    server.run {
                        while let bytes = try? await socket.read(upTo: 100, deadline: .after(soon)), !bytes.isEmpty {
                            try? await socket.write(bytes, deadline: .after(soon))
                        }
                    }
                }
            }
            return listener
        }
        let address = listener.address
        let echoes = AsyncQueue<Bool>(capacity: 1_000)
        for number in 0..<1_000 {
            client.run {
                var isSame = false
                if let socket = try? await StreamSocket.connect(to: address, on: client, deadline: .after(soon)) {
                    let sent = Array("hello from \(number)".utf8)
                    try? await socket.write(sent, deadline: .after(soon))
                    isSame = (try? await readExactly(sent.count, from: socket)) == sent
                }
                _ = echoes.offer(isSame)
            }
        }
        for _ in 0..<1_000 { #expect(try await echoes.receive(deadline: .after(soon)) == true) }
    }

    @Test func oneBusyConnectionDoesNotStarveTheOthers() async throws {
        try await withReactor { reactor async throws in
            let (firehose, drain) = try await connectedPair(on: reactor)
            let (client, server) = try await connectedPair(on: reactor)
            let bytes = [UInt8](repeating: 1, count: 256 << 10)
            let writer = reactor.run { while (try? await firehose.write(bytes, deadline: .after(soon))) != nil {} }
            let reader = reactor.run {
                while let read = try? await drain.read(upTo: 65_536, deadline: .after(soon)), !read.isEmpty {}
            }
            for _ in 0..<100 {
                try await client.write("ping", deadline: .after(soon))
                #expect(try await readExactly(4, from: server) == Array("ping".utf8))
            }
            writer.cancel()
            await writer.value()
            firehose.close()
            await reader.value()
        }
    }

    @Test func aUnixSocketLeftBehindIsReplacedAndALivingOneIsNot() async throws {
        try await withReactor { reactor async throws in
            let path = "/tmp/infinite-\(getpid())-left"
            let address = SocketAddress.unix(path: path)
            var first: Listener? = try await Listener.bind(address, on: reactor)
            await #expect(throws: ReactorFailure.self) { _ = try await Listener.bind(address, on: reactor) }
            first?.close()
            first = nil
            let second = try await Listener.bind(address, on: reactor)
            second.close()
            unsafe unlink(path)
        }
    }

    /// In a process of its own: the limit holds for all threads, and not all of them bear it.
    @Test func withoutDescriptorsAcceptWaitsAndRecovers() async throws {
        await #expect(processExitsWith: .success) {
            try await withReactor { reactor async throws in
                let listener = try await Listener.bind(.loopback(port: 0), on: reactor)
                let client = try await StreamSocket.connect(to: listener.address, on: reactor, deadline: .after(soon))
                let normal = try changeDescriptorLimit(to: 3)
                let accepted = Promise<StreamSocket?>()
                reactor.run { accepted.fulfil(try? await listener.accept()) }
                let before = processorTime()
                await #expect(throws: StreamFailure.deadlineExceeded) {
                    _ = try await accepted.value(deadline: .after(.milliseconds(120)))
                }
                #expect(processorTime() - before < .milliseconds(60), "accept spins")
                _ = try changeDescriptorLimit(to: normal)
                let server = try #require(try await accepted.value(deadline: .after(soon)))
                try await client.write("late", deadline: .after(soon))
                #expect(try await readExactly(4, from: server) == Array("late".utf8))
            }
        }
    }
}

/// A socket that is let go of on whatever thread.
private final class LetGo: Sendable {
    let socket: Mutex<StreamSocket?>
    let peer: StreamSocket

    init(_ socket: StreamSocket, peer: StreamSocket) {
        self.socket = Mutex(socket)
        self.peer = peer
    }
}

/// Returns the limit there was.
func changeDescriptorLimit(to number: rlim_t) throws -> rlim_t {
    var limit = rlimit()
    try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    let normal = limit.rlim_cur
    limit.rlim_cur = number
    try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    return normal
}

func failure(_ work: () async throws -> Void) async -> StreamFailure? {
    do {
        try await work()
        return nil
    } catch let failure as StreamFailure {
        return failure
    } catch {
        Issue.record("\(error) is not a StreamFailure")
        return nil
    }
}
