import BusTestSupport
import Contracts
import Core
import LocalServers
import Reactor
import Synchronization
import TLS
import Telemetry
import TestSupport
import Testing

@testable import Messaging

/// TLS to a real broker, whose certificate a private authority issued for `localhost`.
@Suite("The bus over TLS", .serialized, .onBroker, .timeLimit(.minutes(2)))
struct SecureBusTests {
    @Test("with a certificate of the authority we trust, for the name we ask for, messages travel")
    func trusted() async throws {
        let fixture = BusFixture.current
        let port = try #require(fixture.virtualHost.broker.tlsPort)
        let context = try TLSClientContext(TLSClientConfiguration(caFile: TestServers.authority.file))
        func bus(_ service: ServiceName) async throws -> Bus {
            try await fixture.bus(service) { ($0.host, $0.port, $0.tls) = ("localhost", UInt16(port), context) }
        }
        let (detector, audit) = (try await bus(.detector), try await bus(.audit))
        let heard = Collected<Delivery>()
        audit.consume(.events(of: .audit)) { heard.add($0) }
        // Larger than one TLS record, and than what one read brings.
        let threat = ThreatDetected(threatID: UUIDv7(), technique: String(repeating: "x", count: 300_000))
        try await detector.publish(threat, to: .threatDetected, deadline: .soon)
        #expect(try await heard.next().decode(as: ThreatDetected.self) == [threat])
        let encrypted = """
            lists:sum([1 || Connection <- rabbit_networking:connections(),
                [{ssl, true}, {vhost, <<"\(fixture.virtualHost.name)">>}]
                    =:= rabbit_reader:info(Connection, [ssl, vhost])]).
            """
        // Two connections a service.
        #expect(try await fixture.virtualHost.broker.evaluate(encrypted) == "{ok, 4}")
        await detector.stop(deadline: .soon)
        await audit.stop(deadline: .soon)
    }

    enum Mistake: CaseIterable { case otherAuthority, otherName, plainPort, plainClient }

    @Test("what cannot be trusted is not talked to, and the log names the key to look at", arguments: Mistake.allCases)
    func mistakes(mistake: Mistake) async throws {
        let fixture = BusFixture.current
        let secure = UInt16(try #require(fixture.virtualHost.broker.tlsPort))
        let trusted = try TLSClientContext(TLSClientConfiguration(caFile: TestServers.authority.file))
        var configuration = fixture.configuration(.detector)
        (configuration.host, configuration.port, configuration.tls) = ("localhost", secure, trusted)
        let expected: [String]
        switch mistake {
        case .otherAuthority:
            let stranger = try CertificateAuthority()
            configuration.tls = try TLSClientContext(TLSClientConfiguration(caFile: stranger.file))
            expected = ["certificate was not accepted", "bus.ca_file"]
        case .otherName:
            configuration.host = "127.0.0.1"
            expected = ["mismatch", "bus.host is the name in it"]
        case .plainPort:
            configuration.port = UInt16(fixture.virtualHost.port)
            expected = ["cannot be trusted", "bus.port is the broker's TLS port"]
        case .plainClient:
            configuration.tls = nil
            expected = ["bus.tls"]
        }
        let log = RecordedLog()
        let bus = Bus(
            configuration: configuration, service: .detector, group: fixture.group,
            logger: Logger(service: .detector, sink: log), metrics: MetricsRegistry())
        await bus.start()
        try await eventually("the log says \(expected)") { expected.allSatisfy(log.text.contains) }
        #expect(bus.state == .connecting)
        await bus.stop(deadline: .soon)
    }
}

/// What a logger wrote.
final class RecordedLog: LogSink {
    private let written = Mutex("")
    var text: String { written.withLock { $0 } }
    func write(_ line: [UInt8], level: LogLevel) { written.withLock { $0 += String(decoding: line, as: UTF8.self) } }
    func flush(deadline: Deadline) {}
}
