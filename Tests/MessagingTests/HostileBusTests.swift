import BusTestSupport
import Contracts
import Core
import LocalServers
import Reactor
import Telemetry
import TestSupport
import Testing

@testable import Messaging

@Suite("The bus among hostile peers", .serialized, .onBroker, .timeLimit(.minutes(3)))
struct HostileBusTests {
    /// What a compromised service can do beyond our own API: any message, by its own broker user.
    private func forge(
        _ bus: Bus, _ envelope: Envelope, to queue: Queue, body: [UInt8]? = nil
    ) async throws {
        var properties = MessageProperties()
        properties.userID = bus.configuration.user
        properties.messageID = UUIDv7().description
        try await bus.publish(
            OutgoingMessage(
                exchange: "", routingKey: queue.name, properties: properties, head: body ?? envelope.wireBytes()),
            deadline: .soon)
    }

    @Test("forged, unknown, newer and unreadable messages become dead letters with their reasons; good ones go on")
    func deadLetters() async throws {
        let fixture = BusFixture.current
        let (labyrinth, detector, audit) = (
            try await fixture.bus(.labyrinth), try await fixture.bus(.detector), try await fixture.bus(.audit)
        )
        let heard = Collected<Delivery>()
        audit.consume(.events(of: .audit)) { heard.add($0) }
        let threat = Envelope(
            id: UUIDv7(), schema: ThreatDetected.schema, payloads: [ThreatDetected().wireBytes()], schemaVersion: 1)
        var (newer, unknown) = (threat, threat)
        newer.schemaVersion = 99
        unknown.schema = "infinite.nobody.v1.Nothing"
        let queue = Queue.events(of: .audit)
        try await forge(labyrinth, threat, to: queue)
        try await forge(detector, newer, to: queue)
        try await forge(detector, unknown, to: queue)
        try await forge(detector, threat, to: queue, body: Array("GET / HTTP/1.1\r\n\r\n".utf8))
        try await detector.publish(ThreatDetected(), to: .threatDetected, deadline: .soon)
        #expect(try await heard.next().sender == .detector)
        let letters = try await eventually("all four are dead letters") {
            let letters = try await audit.deadLetters.peek()
            return letters.count == 4 ? letters : nil
        }
        for part in ["labyrinth may not say", "schema version is 99", "schema is unknown", "cannot be read"] {
            #expect(letters.contains { $0.reason.contains(part) }, "\(part) in \(letters.map(\.reason))")
        }
        #expect(heard.count == 0)
    }

    @Test("garbage among the dead letters is shown like any other, and can be discarded")
    func garbageAmongDeadLetters() async throws {
        let audit = try await BusFixture.current.bus(.audit)
        let garbage = Array("garbage".utf8)
        try await forge(audit, Envelope(), to: .deadLetters(of: .audit), body: garbage)
        let letters = try await eventually("it is shown") {
            let letters = try await audit.deadLetters.peek()
            return letters.isEmpty ? nil : letters
        }
        #expect(letters.map(\.body) == [garbage])
        #expect(try await audit.deadLetters.discard(Set(letters.map(\.id))) == 1)
    }

    @Test("a sender cannot name another user: the broker ends its channel, and the bus recovers")
    func forgedSender() async throws {
        let fixture = BusFixture.current
        let labyrinth = try await fixture.bus(.labyrinth)
        var properties = MessageProperties()
        properties.userID = "detector"
        await #expect(throws: Failure.self) {
            try await labyrinth.publish(
                OutgoingMessage(exchange: "", routingKey: "audit.events", properties: properties, head: [1]),
                deadline: .after(.seconds(2)))
        }
        try await labyrinth.publish(
            IntruderStepObserved(), to: .intruderStepObserved, deadline: .after(.seconds(20)))
    }

    @Test("a service may neither say nor call what is not its own, whatever it tries")
    func permissions() async throws {
        let fixture = BusFixture.current
        let labyrinth = try await fixture.bus(.labyrinth)
        await #expect(throws: Failure(.forbidden, "labyrinth may not say threat-detected; see docs/bus-topology.md")) {
            try await labyrinth.publish(ThreatDetected(), to: .threatDetected, deadline: .soon)
        }
        await #expect(throws: Failure(.forbidden, "labyrinth may not call auth; see docs/bus-topology.md")) {
            try await labyrinth.call(AuthRPC.getSigningKeys, GetSigningKeysRequest(), deadline: .soon)
        }
        // Past our own checks the broker refuses: here by ending the channel for each attempt.
        for (exchange, key) in [
            (Topology.eventsExchange, "detector.threat-detected"), (Topology.rpcExchange, "auth"),
            (Topology.requestsExchange, "0"),
        ] {
            var properties = MessageProperties()
            properties.userID = "labyrinth"
            await #expect(throws: Failure.self, "\(exchange) \(key)") {
                try await labyrinth.publish(
                    OutgoingMessage(exchange: exchange, routingKey: key, properties: properties, head: [1]),
                    deadline: .after(.seconds(1)))
            }
        }
    }

    @Test("a memory alarm blocks publishers until their deadline and nobody else; then everything goes on")
    func memoryAlarm() async throws {
        let definitions = Topology.definitions(virtualHost: "/", credentials: BusFixture.credentials)
        let broker = try await TestServers.dedicatedBroker(definitions: String(decoding: definitions, as: UTF8.self))
        let group = try ReactorGroup(count: 1)
        func bus(_ service: ServiceName) async throws -> Bus {
            let configuration = BusConfiguration(
                port: UInt16(broker.port), user: service.operatorName, password: BusFixture.password)
            return try await Bus.connected(configuration, service, on: group)
        }
        let (gateway, metrics) = (try await bus(.gateway), try await bus(.metrics))
        let heard = Collected<Delivery>()
        metrics.consume(.events(of: .metrics)) { heard.add($0) }
        try await broker.setMemoryAlarm(true)
        try await eventually("publishing is held up", within: .seconds(30)) {
            // RabbitMQ tells a connection that it is blocked when that publishes.
            try? await gateway.publish(MetricSample(), to: .metricSampled, deadline: .after(.milliseconds(200)))
            return gateway.state == .blocked
        }
        let batcher = EventBatcher(
            bus: gateway, topic: .requestsObserved,
            limits: .init(
                events: 10, waitingBatches: 4, unconfirmedBatches: 2, patience: .milliseconds(300)))
        for _ in 0..<1_000 { _ = batcher.offer(RequestObserved(), key: [1]) }
        #expect(batcher.droppedEvents > 0, "memory stays bounded: what finds no room is dropped and counted")
        await #expect(throws: Failure.self) {
            try await gateway.publish(MetricSample(), to: .metricSampled, deadline: .after(.milliseconds(200)))
        }
        try await broker.setMemoryAlarm(false)
        try await gateway.publish(MetricSample(value: 7), to: .metricSampled, deadline: .after(.seconds(30)))
        try await eventually("the message arrives") {
            try await heard.next().decode(as: MetricSample.self) == [MetricSample(value: 7)]
        }
        try await eventually("the bus is not blocked any more") { gateway.state == .connected }
        await broker.stop()
    }

    @Test("a wrong password, a cut connection and garbage on the port: the bus waits, says so, and recovers")
    func recovery() async throws {
        let fixture = BusFixture.current
        let proxy = try TCPFaultProxy(to: fixture.virtualHost.port)
        defer { proxy.stop() }
        let audit = try await fixture.bus(.audit)
        let heard = Collected<Delivery>()
        audit.consume(.events(of: .audit)) { heard.add($0) }
        let detector = try await fixture.bus(.detector) { $0.port = UInt16(proxy.port) }
        for _ in 0..<3 {
            proxy.cut()
            let threat = ThreatDetected(threatID: UUIDv7())
            try await detector.publish(threat, to: .threatDetected, deadline: .after(.seconds(20)))
            try await eventually("the message arrives, perhaps twice") {
                try await heard.next().decode(as: ThreatDetected.self) == [threat]
            }
        }
        let stranger = Bus(
            configuration: BusConfiguration(
                port: UInt16(fixture.virtualHost.port), user: "detector", password: "wrong",
                virtualHost: fixture.virtualHost.name),
            service: .detector, group: fixture.group, logger: .silent, metrics: MetricsRegistry())
        await stranger.start()
        await #expect(throws: Failure.self) { try await stranger.waitUntilConnected(deadline: .after(.seconds(1))) }
        #expect(stranger.state == .connecting)
        await stranger.stop(deadline: .after(.seconds(1)))
    }

    @Test(
        "something else than a broker on the port is noticed, not believed",
        arguments: [
            Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), [UInt8](repeating: 0xff, count: 4_096),
            [1, 0, 0, 0x7f, 0xff, 0xff, 0xff],
        ])
    func notABroker(greeting: [UInt8]) async throws {
        let group = try ReactorGroup(count: 1)
        let reactor = group.next()
        let listener = try await reactor.perform { try await Listener.bind(.loopback(port: 0), on: reactor) }
        let serving = reactor.run {
            while let stream = try? await listener.accept() { try? await stream.write(greeting, deadline: .soon) }
        }
        let configuration = BusConfiguration(port: listener.address.port ?? 0, user: "audit", password: "x")
        await #expect(throws: AMQPFailure.self) {
            try await reactor.perform { _ = try await AMQPConnection.open(configuration, name: "test", on: reactor) }
        }
        listener.close()
        serving.cancel()
    }
}
