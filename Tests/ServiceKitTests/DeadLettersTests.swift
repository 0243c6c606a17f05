import BusTestSupport
import Contracts
import Core
import Messaging
import Synchronization
import TestSupport
import Testing

@testable import ServiceKit

@Suite struct DeadLettersTests {
    @Test(arguments: [
        ([], DeadLetterOrder.list), (["list"], .list), (["requeue", "all"], .requeue(.all)),
        (["discard", "a", "b", "a"], .discard(.these(["a", "b"]))),
    ])
    func `an order is read`(_ words: [String], _ order: DeadLetterOrder) throws {
        #expect(try CommandLineArguments(["dead-letters"] + words).deadLetterOrder == order)
    }

    @Test(arguments: [["requeue"], ["discard", "all", "a"], ["burn"], ["list", "a"]])
    func `an order that cannot be meant is refused with what to say instead`(_ words: [String]) {
        let failure = #expect(throws: UsageFailure.self) { try CommandLineArguments(["dead-letters"] + words) }
        #expect(failure?.description.contains(words.first == "requeue" || words.count == 3 ? "all" : "requeue") == true)
    }

    @Test(.onBroker, .timeLimit(.minutes(2)))
    func `an operator lists dead letters, returns one to its queue and discards the rest`() async throws {
        let fixture = BusFixture.current
        let (detector, metrics) = (try await fixture.bus(.detector), try await fixture.bus(.metrics))
        let refuses = Mutex(true)
        let handled = Mutex(0)
        metrics.consume(.events(of: .metrics)) { _ in
            if refuses.withLock({ $0 }) { throw Failure(.invalid, "\u{1b}[2J not today") }
            handled.withLock { $0 += 1 }
        }
        for _ in 0..<2 {
            try await detector.publish(ThreatDetected(), to: .threatDetected, deadline: .after(.seconds(20)))
        }
        try await eventually("two letters are dead") { try await metrics.deadLetters.peek().count == 2 }
        refuses.withLock { $0 = false }

        let list = try await told(fixture, "list")
        #expect(list.contains("2 dead letters") && list.contains(ThreatDetected.schema) && list.contains("not today"))
        #expect(!list.contains("\u{1b}"))
        let first = try #require(try await metrics.deadLetters.peek().first?.id)
        #expect(list.contains(first))
        #expect(try await told(fixture, "requeue", first).contains("returned 1 letter "))
        try await eventually("it is handled") { handled.withLock { $0 } == 1 }
        #expect(try await told(fixture, "discard", "all") == "discarded 1 letter\n")
        #expect(try await told(fixture, "list") == "0 dead letters\n")
    }

    @Test func `without a broker the order fails and says where it looked`() async throws {
        let probe = try Probe(["dead-letters"], environment: ["INFINITE_METRICS_BUS_CONNECT_TIMEOUT": "100ms"])
        _ = try await probe.line("no connection to RabbitMQ at 127.0.0.1:1 in time")
        #expect(try await probe.status() == 1)
    }

    private func told(_ fixture: BusFixture, _ order: String...) async throws -> String {
        let host = fixture.virtualHost
        let probe = try Probe(
            ["dead-letters"] + order,
            environment: [
                "INFINITE_METRICS_BUS_HOST": host.host, "INFINITE_METRICS_BUS_PORT": "\(host.port)",
                "INFINITE_METRICS_BUS_PASSWORD": BusFixture.password, "INFINITE_METRICS_BUS_VIRTUAL_HOST": host.name,
            ])
        #expect(try await probe.status() == 0, "\(probe.log)")
        return try await eventually("an answer") { probe.answer.isEmpty ? nil : probe.answer }
    }
}
