package import Core
internal import LocalServers
package import Messaging
package import Reactor
internal import Synchronization
internal import Telemetry
package import TestSupport

/// A virtual host with the whole topology, as in production, and buses in it: one test's own while that runs
/// (`.onBroker`).
///
/// Making the topology's quorum queues costs the broker a second, emptying them almost nothing: a virtual host is
/// emptied after its test and lent to the next one, of whatever suite.
package final class BusFixture: Sendable {
    @TaskLocal static var running: BusFixture?

    /// The one of the running test, which has the trait `.onBroker`.
    package static var current: BusFixture {
        guard let running else { preconditionFailure("the test or its suite lacks the trait .onBroker") }
        return running
    }

    /// One password for all services and tests: users belong to the whole broker, so a suite that gave them another one
    /// would lock the others out.
    package static let password = "test-\(UInt64.random(in: 0 ... .max))"
    package static let credentials = Dictionary(
        uniqueKeysWithValues: ServiceName.allCases.map { ($0, BusCredential(service: $0, password: password)) })

    private static let idle = Mutex<[TestVirtualHost]>([])

    package let virtualHost: TestVirtualHost
    package let group: ReactorGroup

    private init(_ virtualHost: TestVirtualHost) throws {
        self.virtualHost = virtualHost
        group = try ReactorGroup(count: 1)
    }

    static func lend() async throws -> BusFixture {
        if let virtualHost = idle.withLock({ $0.popLast() }) { return try BusFixture(virtualHost) }
        let virtualHost = try await freshVirtualHost()
        let definitions = Topology.definitions(virtualHost: virtualHost.name, credentials: credentials)
        try await inTurn {
            try await virtualHost.broker.importDefinitions(String(decoding: definitions, as: UTF8.self))
        }
        return try BusFixture(virtualHost)
    }

    private static let lastImport = Mutex<Task<Void, any Error>?>(nil)

    /// One after the other: two imports that make the same user at once are one too many for the broker.
    private static func inTurn(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let turn = lastImport.withLock { last in
            let turn = Task { [last] in
                _ = try? await last?.value
                try await work()
            }
            last = turn
            return turn
        }
        try await turn.value
    }

    /// Ends what still runs on the fixture's own reactor. Whoever used another one has stopped its buses.
    func giveBack() async throws {
        group.shutdown()
        try await virtualHost.empty()
        Self.idle.withLock { $0.append(virtualHost) }
    }

    package func configuration(_ service: ServiceName) -> BusConfiguration {
        BusConfiguration(
            host: virtualHost.host, port: UInt16(virtualHost.port), user: service.operatorName,
            password: Self.password, virtualHost: virtualHost.name)
    }

    /// A connected bus.
    package func bus(
        _ service: ServiceName, on group: ReactorGroup? = nil, _ change: (inout BusConfiguration) -> Void = { _ in }
    ) async throws -> Bus {
        var configuration = configuration(service)
        change(&configuration)
        return try await Bus.connected(configuration, service, on: group ?? self.group)
    }
}

extension Bus {
    package static func connected(
        _ configuration: BusConfiguration, _ service: ServiceName, on group: ReactorGroup
    ) async throws -> Bus {
        let bus = Bus(
            configuration: configuration, service: service, group: group, logger: .silent, metrics: MetricsRegistry())
        await bus.start()
        try await bus.waitUntilConnected(deadline: .after(.seconds(60)))
        return bus
    }
}
