import Core
import Foundation
import Reactor
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import gateway

@Suite struct SpoolRecordTests {
    private func record(_ random: inout SeededGenerator) -> SpoolRecord {
        SpoolRecord(
            id: UUIDv7(), schema: "infinite.gateway.v1.RequestBlocked",
            key: String(repeating: "k", count: random.below(40)), trace: "",
            payload: random.bytes(random.below(2_000)))
    }

    @Test func `What was written is read, one after the other`() {
        var random = SeededGenerator(seed: 1)
        var bytes: [UInt8] = []
        let records = (0..<50).map { _ in record(&random) }
        for record in records { record.append(to: &bytes) }
        var (rest, read) = (bytes[...], [SpoolRecord]())
        while case .record(let record, let length) = SpoolRecord.read(rest) {
            read.append(record)
            rest = rest.dropFirst(length)
        }
        #expect(read == records)
        #expect(rest.isEmpty)
    }

    @Test func `A record that was cut off or changed anywhere is never taken for one`() {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<200 {
            let record = record(&random)
            var bytes: [UInt8] = []
            let length = record.append(to: &bytes)
            #expect(SpoolRecord.read(bytes[...].prefix(random.below(length))) == .incomplete)
            bytes[random.below(length)] ^= UInt8(1 + random.below(255))
            if case .record = SpoolRecord.read(bytes[...]) { Issue.record("a changed record was accepted") }
        }
    }

    @Test func `The checksum is that of IEEE 802·3`() {
        #expect(Checksum.of("123456789".utf8) == 0xcbf4_3926)
    }
}

@Suite struct SpoolBacklogTests {
    private func entry(_ number: UInt64) -> SpoolBacklog.Entry {
        SpoolBacklog.Entry(
            record: SpoolRecord(id: UUIDv7(high: number, low: 0), schema: "", key: "", trace: "", payload: [1]),
            end: SpoolPosition(segment: 1, offset: number + 1))
    }

    @Test func `Whatever memory holds, records come out once and in order`() {
        for seed in 0..<100 {
            var random = SeededGenerator(seed: UInt64(seed))
            var backlog = SpoolBacklog(capacity: 1 + random.below(20), read: SpoolPosition(segment: 1))
            var (written, out) = (UInt64(0), [UInt64]())
            for _ in 0..<500 {
                if random.below(2) == 0 {
                    backlog.add(entry(written))
                    written += 1
                } else if backlog.countInMemory == 0 && !backlog.isComplete {
                    // Every record is one byte long, so that a place is a number.
                    let from = backlog.read.offset
                    let end = min(written, from + UInt64(1 + random.below(5)))
                    backlog.refill(
                        (from..<end).map(entry), next: SpoolPosition(segment: 1, offset: end), isAll: end == written)
                } else {
                    out += backlog.take(upTo: 1 + random.below(8), bytes: 100).map { $0.end.offset - 1 }
                }
            }
            #expect(out == Array(0..<UInt64(out.count)))
        }
    }
}

@Suite(.timeLimit(.minutes(2))) struct EventSpoolTests {
    /// A broker that is there or not, and what it has been given.
    private final class Broker: Sendable {
        struct State {
            var isThere = true
            var got: [String] = []
        }
        let state = Mutex(State())

        var got: [String] { state.withLock { $0.got } }
        func set(there: Bool) { state.withLock { $0.isThere = there } }

        func take(_ record: SpoolRecord) throws {
            try state.withLock { state in
                guard state.isThere else { throw Failure(.unavailable, "nobody is there") }
                state.got.append(record.key)
            }
        }
    }

    private func spool(
        _ broker: Broker, _ folder: String?, _ dropped: Counter = Counter(), capacity: Int = 50,
        onDisk: ByteCount = .mebibytes(16)
    ) -> EventSpool {
        var limits = EventSpool.Limits()
        (limits.capacity, limits.onDisk, limits.window) = (capacity, onDisk, 16)
        return EventSpool(limits, folder: folder, dropped: dropped, log: .silent) { record, _ in
            try broker.take(record)
        }
    }

    private func record(_ number: Int, size: Int = 100) -> SpoolRecord {
        SpoolRecord(
            id: UUIDv7(), schema: "s", key: "\(number)", trace: "", payload: [UInt8](repeating: 1, count: size))
    }

    private func names(_ range: Range<Int>) -> [String] { range.map(String.init) }

    /// But for the order within one window, which a failed attempt may change.
    private func isInOrder(_ got: [String]) -> Bool {
        got.enumerated().allSatisfy { place, name in abs(place - (Int(name) ?? -100)) < 16 }
    }

    /// Offers them as fast as the spool writes them down.
    private func offer(_ numbers: Range<Int>, to spool: EventSpool, size: Int = 100) async throws {
        for number in numbers {
            try await eventually("there is room") { spool.offeredCount < 40 }
            spool.offer(record(number, size: size))
        }
        try await eventually("all is written down") { spool.offeredCount == 0 }
    }

    @Test func `While the broker is away events wait on disk, many more than memory takes, and arrive in order`()
        async throws
    {
        let group = try ReactorGroup(count: 1)
        let (broker, dropped) = (Broker(), Counter())
        let kept = spool(broker, TestServers.freshFolder("spool"), dropped)
        let tasks = kept.start(on: group.reactors[0])
        broker.set(there: false)
        try await offer(0..<2_000, to: kept)
        broker.set(there: true)
        try await eventually("all are there", within: .seconds(30)) { broker.got.count == 2_000 }
        try await offer(2_000..<2_100, to: kept)
        try await eventually("later ones too") { broker.got.count == 2_100 }
        #expect(isInOrder(broker.got))
        #expect(Set(broker.got) == Set(names(0..<2_100)))
        #expect(dropped.value == 0)
        await group.reactors[0].perform { await kept.stop(tasks, deadline: .after(.seconds(5))) }
    }

    @Test func `What a process that was killed had written is sent by the next one first`() async throws {
        let folder = TestServers.freshFolder("spool")
        let broker = Broker()
        for run in 0..<4 {
            let group = try ReactorGroup(count: 1)
            let kept = spool(broker, folder)
            _ = kept.start(on: group.reactors[0])
            broker.set(there: run % 2 == 1)
            try await offer(run * 300..<(run + 1) * 300, to: kept)
            if run % 2 == 1 {
                try await eventually("all are there", within: .seconds(30)) { broker.got.count == (run + 1) * 300 }
            }
            // Nobody is told to stop: its tasks end where they stand, as in a process that is killed.
            group.shutdown()
        }
        var seen: Set<String> = []
        let once = broker.got.filter { seen.insert($0).inserted }
        #expect(once == names(0..<1_200))
        #expect(broker.got.count <= 1_200 + 16, "at most one window is sent again")
    }

    @Test func `Beyond the cap the oldest are kept, and the rest is counted`() async throws {
        let group = try ReactorGroup(count: 1)
        let (broker, dropped) = (Broker(), Counter())
        let kept = spool(broker, TestServers.freshFolder("spool"), dropped, onDisk: .mebibytes(1))
        _ = kept.start(on: group.reactors[0])
        broker.set(there: false)
        try await offer(0..<400, to: kept, size: 8_000)
        broker.set(there: true)
        try await eventually("what was kept arrives", within: .seconds(30)) {
            broker.got.count + Int(dropped.value) == 400
        }
        #expect(dropped.value > 200)
        #expect(isInOrder(broker.got))
        #expect(Set(broker.got) == Set(names(0..<broker.got.count)))
    }

    @Test func `A damaged segment costs what stands behind the damage in it, and nothing else`() async throws {
        let folder = TestServers.freshFolder("spool")
        let broker = Broker()
        broker.set(there: false)
        for run in 0..<2 {
            let group = try ReactorGroup(count: 1)
            let kept = spool(broker, folder)
            _ = kept.start(on: group.reactors[0])
            try await offer(run * 100..<(run + 1) * 100, to: kept)
            group.shutdown()
        }
        let segments = try FileManager.default.contentsOfDirectory(atPath: folder)
            .compactMap { $0.hasPrefix("events-") ? Int($0.dropFirst(7)) : nil }
        let path = URL(fileURLWithPath: "\(folder)/events-\(segments.min() ?? 0)")
        var bytes = try Data(contentsOf: path)
        bytes[bytes.count / 2] ^= 0xff
        try bytes.write(to: path)
        broker.set(there: true)
        let group = try ReactorGroup(count: 1)
        let last = spool(broker, folder)
        _ = last.start(on: group.reactors[0])
        try await eventually("the second run's events arrive") { broker.got.last == "199" }
        let lost = 200 - broker.got.count
        #expect((30...60).contains(lost), "\(lost)")
        #expect(broker.got == names(0..<(100 - lost)) + names(100..<200))
    }

    @Test func `Without a folder, or with one that cannot be written, memory is used up to its size`() async throws {
        for folder in [nil, "/proc/no-such-place/spool"] {
            let group = try ReactorGroup(count: 1)
            let (broker, dropped) = (Broker(), Counter())
            let kept = spool(broker, folder, dropped)
            let tasks = kept.start(on: group.reactors[0])
            broker.set(there: false)
            try await offer(0..<200, to: kept)
            broker.set(there: true)
            try await eventually("what was kept arrives") { broker.got.count + Int(dropped.value) == 200 }
            #expect((50...100).contains(broker.got.count))
            await group.reactors[0].perform { await kept.stop(tasks, deadline: .after(.seconds(5))) }
        }
    }
}
