import Contracts
import Core
import LocalServers
import Reactor
import Telemetry
import TestSupport
import Testing

@testable import Messaging

/// A virtual host of the suite's own on the shared broker, set up from the topology table as in production.
struct BusFixture {
    let virtualHost: TestVirtualHost
    let group: ReactorGroup

    /// One password for all test users: users belong to the whole broker, so later fixtures must not change them.
    static let password = "test-\(UInt64.random(in: 0 ... .max))"
    static let credentials = Dictionary(
        uniqueKeysWithValues: ServiceName.allCases.map { ($0, BusCredential(service: $0, password: password)) })

    init() async throws {
        virtualHost = try await freshVirtualHost()
        group = try ReactorGroup(count: 1)
        let definitions = Topology.definitions(virtualHost: virtualHost.name, credentials: Self.credentials)
        try await virtualHost.broker.importDefinitions(String(decoding: definitions, as: UTF8.self))
    }

    func configuration(_ service: ServiceName, port: Int? = nil) -> BusConfiguration {
        BusConfiguration(
            host: virtualHost.host, port: UInt16(port ?? virtualHost.port), user: service.operatorName,
            password: Self.password, virtualHost: virtualHost.name)
    }

    func bus(
        _ service: ServiceName, _ change: (inout BusConfiguration) -> Void = { _ in }
    ) async throws -> Bus {
        var configuration = configuration(service)
        change(&configuration)
        let bus = Bus(
            configuration: configuration, service: service, reactor: group.next(), logger: .silent,
            metrics: MetricsRegistry())
        await bus.start()
        try await bus.waitUntilConnected(deadline: .after(.seconds(20)))
        return bus
    }
}

/// What a handler saw, from whatever thread it ran on.
final class Collected<Element: Sendable>: Sendable {
    private let elements = AsyncQueue<Element>(capacity: 1_000_000)

    func add(_ element: Element) { _ = elements.offer(element) }
    var count: Int { elements.count }

    func next(within limit: Duration = .seconds(10)) async throws -> Element {
        try #require(try await elements.receive(deadline: .after(limit)))
    }
}

extension Deadline {
    static var soon: Deadline { .after(.seconds(10)) }
}
