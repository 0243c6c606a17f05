import BusTestSupport
import Contracts
import Core
import LocalServers
import Messaging
import Reactor
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import gateway

/// Protected events through a real broker that is killed while they are said, by a process that dies meanwhile.
@Suite(.timeLimit(.minutes(5))) struct SpoolAndBrokerTests {
    private static let total = 3_000

    private final class Audit: Sendable {
        let ids = Mutex<Set<UUIDv7>>([])
        var count: Int { ids.withLock { $0.count } }
    }

    @Test func `Every protected event arrives although broker and gateway are killed under load`() async throws {
        let definitions = Topology.definitions(virtualHost: "/", credentials: BusFixture.credentials)
        let broker = try await TestServers.dedicatedBroker(definitions: String(decoding: definitions, as: UTF8.self))
        // RabbitMQ loses a queue that is killed right after it was declared.
        let declared = Deadline.now
        try await eventually("the queues are two seconds old") { Deadline.now - declared > .seconds(2) }
        let audit = Audit()
        let listening = try ReactorGroup(count: 1)
        let auditor = try await bus(.audit, broker, on: listening)
        auditor.consume(.events(of: .audit)) { delivery in
            _ = audit.ids.withLock { $0.insert(delivery.id) }
        }
        let folder = TestServers.freshFolder("spool")
        let records = (0..<Self.total).map { number in
            SpoolRecord(
                .requestBlocked, RequestBlocked(requestID: UUIDv7(), route: "\(number)"), key: "\(number)", trace: nil)
        }

        let first = try ReactorGroup(count: 1)
        let before = spool(try await bus(.gateway, broker, on: first), folder)
        _ = before.start(on: first.reactors[0])
        try await offer(records[..<1_000], to: before)
        try await eventually("the first are there", within: .seconds(60)) { audit.count > 300 }
        await broker.kill9()
        try await offer(records[1_000..<2_000], to: before)
        // The gateway's death: its tasks end where they stand, its sockets close.
        first.shutdown()

        try await broker.start()
        let second = try ReactorGroup(count: 1)
        let after = spool(try await bus(.gateway, broker, on: second), folder)
        let tasks = after.start(on: second.reactors[0])
        try await offer(records[2_000...], to: after)
        try await eventually("all are there", within: .seconds(120)) { audit.count >= Self.total }
        let seen = audit.ids.withLock { $0 }
        #expect(records.filter { !seen.contains($0.id) }.isEmpty)
        await second.reactors[0].perform { await after.stop(tasks, deadline: .after(.seconds(5))) }
        await auditor.stop(deadline: .after(.seconds(5)))
        await broker.stop()
    }

    private func bus(_ service: ServiceName, _ broker: PrivateRabbitMQ, on group: ReactorGroup) async throws -> Bus {
        try await Bus.connected(
            BusConfiguration(
                port: UInt16(broker.port), user: service.operatorName, password: BusFixture.password), service,
            on: group)
    }

    private func spool(_ bus: Bus, _ folder: String) -> EventSpool {
        EventSpool(EventSpool.Limits(), folder: folder, dropped: Counter(), log: .silent) { record, deadline in
            try await bus.publish(
                record.payload, to: .requestBlocked, key: record.key, id: record.id, deadline: deadline)
        }
    }

    private func offer(_ records: ArraySlice<SpoolRecord>, to spool: EventSpool) async throws {
        for record in records { spool.offer(record) }
        try await eventually("they are written down") { spool.offeredCount == 0 }
    }
}
