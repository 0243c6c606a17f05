import BusTestSupport
import Contracts
import Core
import Reactor
import Telemetry
import TestSupport
import Testing

@testable import Messaging

@Suite("The bus on a real broker", .serialized, .onBroker, .timeLimit(.minutes(3)))
struct BusTests {
    @Test("an event reaches every service that subscribed to it, with its sender and its trace")
    func publishAndConsume() async throws {
        let fixture = BusFixture.current
        let (detector, coordinator, audit) = (
            try await fixture.bus(.detector), try await fixture.bus(.agentCoordinator), try await fixture.bus(.audit)
        )
        let (heard, audited) = (Collected<Delivery>(), Collected<Delivery>())
        coordinator.consume(.events(of: .agentCoordinator)) { heard.add($0) }
        audit.consume(.events(of: .audit)) { audited.add($0) }
        let trace = TraceContext.root()
        let threat = ThreatDetected(threatID: UUIDv7())
        try await detector.publish(threat, to: .threatDetected, trace: trace, deadline: .soon)
        for collected in [heard, audited] {
            let delivery = try await collected.next()
            #expect(try delivery.decode(as: ThreatDetected.self) == [threat])
            #expect(delivery.sender == .detector)
            #expect(delivery.trace == trace)
            #expect(!delivery.isRedelivered)
        }
    }

    @Test("every replica of the gateway hears a decision; a replica that comes later does not")
    func replicas() async throws {
        let fixture = BusFixture.current
        let coordinator = try await fixture.bus(.agentCoordinator)
        let replicas = [try await fixture.bus(.gateway), try await fixture.bus(.gateway)]
        let heard = [Collected<Delivery>(), Collected<Delivery>()]
        for (replica, heard) in zip(replicas, heard) {
            let started = Collected<Bool>()
            replica.listen(.gatewayControl, started: { started.add(true) }) { heard.add($0) }
            _ = try await started.next()
        }
        let decision = DecisionMade(decision: Decision(decisionID: UUIDv7()))
        try await coordinator.publish(decision, to: .decisionMade, deadline: .soon)
        for heard in heard { #expect(try await heard.next().decode(as: DecisionMade.self) == [decision]) }
    }

    @Test("a bus keeps the reactors it was given")
    func reactorsLive() async throws {
        let fixture = BusFixture.current
        let bus = try await fixture.bus(.detector, on: ReactorGroup(count: 1))
        try await bus.publish(ThreatDetected(), to: .threatDetected, deadline: .soon)
        await bus.stop(deadline: .soon)
    }

    @Test("batched events arrive complete; the events of one key arrive in order and in one partition")
    func batches() async throws {
        let fixture = BusFixture.current
        let (gateway, detector) = (try await fixture.bus(.gateway), try await fixture.bus(.detector))
        let seen = Collected<(Int, RequestObserved)>()
        for (index, queue) in Queue.requests(of: .detector).enumerated() {
            detector.consume(queue) { delivery in
                try delivery.forEach(as: RequestObserved.self) { seen.add((index, $0)) }
            }
        }
        let batcher = EventBatcher(bus: gateway, topic: .requestsObserved)
        let (clients, perClient) = (40, 50)
        for number in 0..<perClient {
            for client in 0..<clients {
                let address = IPAddress(v4: 0x0a00_0000 + UInt32(client))
                let event = RequestObserved(clientAddress: address, clientPort: UInt32(number))
                #expect(batcher.offer(event, key: address.bytes))
            }
        }
        #expect(await batcher.flush(deadline: .soon))
        #expect(batcher.droppedEvents == 0)
        var partitions: [IPAddress: Int] = [:]
        var next: [IPAddress: UInt32] = [:]
        for _ in 0..<(clients * perClient) {
            let (partition, event) = try await seen.next()
            #expect(partitions[event.clientAddress, default: partition] == partition)
            partitions[event.clientAddress] = partition
            #expect(event.clientPort == next[event.clientAddress, default: 0])
            next[event.clientAddress] = event.clientPort + 1
        }
        #expect(Set(partitions.values) == [0, 1, 2, 3], "40 clients spread over all partitions")
    }

    @Test("a call is answered, and a failure comes back as the failure it was")
    func calls() async throws {
        let fixture = BusFixture.current
        let (gateway, metrics) = (try await fixture.bus(.gateway), try await fixture.bus(.metrics))
        metrics.serve(MetricsRPC.getOverview) { request, context in
            #expect(context.caller == .gateway)
            #expect(context.principal?.name == "ada")
            guard request.minutes < 1_000 else { throw Failure(.invalid, "too far back", retryAfter: .seconds(3)) }
            return GetOverviewResponse(openIncidents: UInt64(request.minutes) * 2)
        }
        let principal = Principal(name: "ada", roles: [.viewer])
        let answer = try await gateway.call(
            MetricsRPC.getOverview, GetOverviewRequest(minutes: 21), principal: principal, deadline: .soon)
        #expect(answer.openIncidents == 42)
        await #expect(throws: Failure(.invalid, "too far back", retryAfter: .seconds(3), source: .metrics)) {
            try await gateway.call(
                MetricsRPC.getOverview, GetOverviewRequest(minutes: 1_000), principal: principal, deadline: .soon)
        }
        let unknown = "there is no call named infinite.metrics.v1.MetricsService/QuerySeries"
        await #expect(throws: Failure(.unsupported, unknown, source: .metrics)) {
            try await gateway.call(MetricsRPC.querySeries, QuerySeriesRequest(name: "x"), deadline: .soon)
        }
    }

    @Test("a call nobody answers ends at its deadline; when its callee comes back the expired request is not executed")
    func expiredCalls() async throws {
        let fixture = BusFixture.current
        let gateway = try await fixture.bus(.gateway)
        await #expect(throws: Failure(.deadlineExceeded, "metrics has not answered in time", source: .metrics)) {
            try await gateway.call(
                MetricsRPC.getOverview, GetOverviewRequest(minutes: 1), deadline: .after(.milliseconds(100)))
        }
        let metrics = try await fixture.bus(.metrics)
        let executed = Collected<UInt32>()
        metrics.serve(MetricsRPC.getOverview) { request, _ in
            executed.add(request.minutes)
            return GetOverviewResponse()
        }
        _ = try await gateway.call(MetricsRPC.getOverview, GetOverviewRequest(minutes: 2), deadline: .soon)
        #expect(try await executed.next() == 2)
        #expect(executed.count == 0)
    }

    @Test("a cancelled call ends at once")
    func cancelledCalls() async throws {
        let fixture = BusFixture.current
        let gateway = try await fixture.bus(.gateway)
        let call = Task {
            try await gateway.call(MetricsRPC.getOverview, GetOverviewRequest(), deadline: .after(.seconds(30)))
        }
        try await eventually("the request is on its way") {
            gateway.metrics.calls["answered"].value == 0
        }
        call.cancel()
        let result = await call.result
        #expect(throws: Failure(.cancelled, "the call was cancelled")) { try result.get() }
    }

    @Test("a passing failure is repeated until it is over; one that stays makes a dead letter that can be returned")
    func failuresAndDeadLetters() async throws {
        let fixture = BusFixture.current
        let (labyrinth, detector) = (try await fixture.bus(.labyrinth), try await fixture.bus(.detector))
        let (attempts, handled) = (Collected<Int>(), Collected<UInt64>())
        let mayHandleOdd = Collected<Bool>()
        detector.consume(.events(of: .detector)) { delivery in
            for step in try delivery.decode(as: IntruderStepObserved.self) {
                attempts.add(1)
                if attempts.count < 3 { throw Failure(.unavailable, "not yet") }
                if step.stepCount % 2 == 1, mayHandleOdd.count == 0 { throw Failure(.invalid, "odd") }
                handled.add(step.stepCount)
            }
        }
        for sequence in 1...4 {
            let step = IntruderStepObserved(stepCount: UInt64(sequence))
            try await labyrinth.publish(step, to: .intruderStepObserved, deadline: .soon)
        }
        #expect(try await handled.next() == 2)
        #expect(try await handled.next() == 4)
        let letters = try await eventually("two letters are dead") {
            let letters = try await detector.deadLetters.peek()
            return letters.count == 2 ? letters : nil
        }
        #expect(letters.map(\.reason) == ["odd", "odd"])
        #expect(letters.map(\.queue) == ["detector.events", "detector.events"])
        #expect(letters.map(\.schema) == [IntruderStepObserved.schema, IntruderStepObserved.schema])
        mayHandleOdd.add(true)
        #expect(try await detector.deadLetters.requeue([letters[0].id]) == 1)
        #expect(try await handled.next() == 1)
        #expect(try await detector.deadLetters.discard([letters[1].id]) == 1)
        #expect(try await detector.deadLetters.peek().isEmpty)
    }
}
