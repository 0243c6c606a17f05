import Contracts
import Core
import TestSupport
import Testing

@testable import Messaging

@Suite("State machines of the bus")
struct StateMachineTests {
    @Test("a connection opens by the book, and heartbeats are never off")
    func handshake() throws {
        var machine = ConnectionMachine()
        #expect(try machine.receive(.connectionStart(mechanisms: "AMQPLAIN PLAIN")) == .authenticate)
        let tune = AMQPMethod.connectionTune(channelMaximum: 0, frameMaximum: 8_192, heartbeatSeconds: 0)
        #expect(
            try machine.receive(tune) == .tune(.init(channelMaximum: 255, frameMaximum: 8_192, heartbeatSeconds: 10)))
        #expect(try machine.receive(.connectionOpenOK) == .opened)
        #expect(
            try machine.receive(.connectionBlocked(reason: "low on memory"))
                == .setBlocked(true, reason: "low on memory"))
        #expect(try machine.receive(.connectionUnblocked) == .setBlocked(false, reason: ""))
        machine.beginClosing()
        #expect(try machine.receive(.connectionUnblocked) == .nothing)
        #expect(try machine.receive(.connectionCloseOK) == .finished)
    }

    @Test(
        "a peer that talks out of turn is refused",
        arguments: [
            .connectionOpenOK, .connectionTune(channelMaximum: 1, frameMaximum: 8_192, heartbeatSeconds: 1),
            .connectionStart(mechanisms: "EXTERNAL"), .qosOK, .connectionBlocked(reason: ""),
        ] as [AMQPMethod])
    func outOfTurn(method: AMQPMethod) {
        var machine = ConnectionMachine()
        #expect(throws: AMQPFailure.self) { try machine.receive(method) }
    }

    @Test("frames smaller than AMQP's minimum are refused")
    func smallFrames() throws {
        var machine = ConnectionMachine()
        _ = try machine.receive(.connectionStart(mechanisms: "PLAIN"))
        #expect(throws: AMQPFailure.self) {
            try machine.receive(.connectionTune(channelMaximum: 1, frameMaximum: 100, heartbeatSeconds: 1))
        }
    }

    @Test("a window settles what a confirmation names, once, in any order")
    func confirmWindow() {
        var window = ConfirmWindow<Int>()
        for number in 1...200 { window.append(number) }
        #expect(window.settle(tag: 3, multiple: false) == [3])
        #expect(window.settle(tag: 3, multiple: false).isEmpty)
        #expect(window.settle(tag: 5, multiple: true) == [1, 2, 4, 5])
        #expect(window.settle(tag: 201, multiple: true).isEmpty)
        #expect(window.settle(tag: 0, multiple: true).isEmpty)
        #expect(window.settle(tag: 150, multiple: true) == Array(6...150))
        #expect(window.settle(tag: 149, multiple: false).isEmpty)
        #expect(window.count == 50)
        #expect(window.first { $0 > 160 } == 161)
        #expect(window.removeAll() == Array(151...200))
        #expect(window.count == 0)
    }

    @Test("acknowledgements: a run becomes one, what is ahead stands alone, refusals name themselves")
    func ledger() {
        var ledger = AcknowledgementLedger()
        #expect(ledger.settle([.done(2), .done(1), .done(3)]) == [.ack(3, multiple: true)])
        #expect(ledger.settle([.done(6), .done(5)]) == [.ack(5, multiple: false), .ack(6, multiple: false)])
        // Six is settled already: the acknowledgement of a run may not name it.
        #expect(ledger.settle([.done(4)]) == [.ack(4, multiple: true)])
        #expect(ledger.settle([.requeue(7), .done(8)]) == [.nack(7, requeue: true), .ack(8, multiple: true)])
        #expect(ledger.settle([.done(9), .reject(10)]) == [.nack(10, requeue: false), .ack(9, multiple: true)])
        #expect(ledger.settle([.done(9), .done(4)]).isEmpty, "settled before")
    }

    @Test("every order of settling acknowledges every tag exactly once")
    func ledgerOrders() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var (ledger, outstanding) = (AcknowledgementLedger(), Set(UInt64(1)...60))
            var order = Array(UInt64(1)...60).shuffled(using: &generator)[...]
            while !order.isEmpty {
                let batch = order.prefix(Int.random(in: 1...9, using: &generator))
                order = order.dropFirst(batch.count)
                for action in ledger.settle(batch.map { .done($0) }) {
                    guard case .ack(let tag, let multiple) = action else { continue }
                    #expect(outstanding.contains(tag), "a broker refuses a tag it does not know")
                    if multiple { outstanding = outstanding.filter { $0 > tag } } else { outstanding.remove(tag) }
                }
                #expect(outstanding == Set(order))
            }
        }
    }

    @Test("waits between attempts grow to their limit and differ")
    func backoff() {
        var generator = SeededGenerator(seed: 5)
        var backoff = Backoff(shortest: .milliseconds(100), longest: .seconds(2))
        let waits = (0..<60).map { _ in backoff.next(using: &generator) }
        #expect((.milliseconds(50)...Duration.milliseconds(100)).contains(waits[0]))
        #expect(waits.allSatisfy { $0 <= .seconds(2) })
        #expect(waits.suffix(50).allSatisfy { $0 >= .seconds(1) })
        #expect(Set(waits.suffix(50)).count > 40)
    }

    @Test("only the callee can answer a call, and too many at once are refused")
    func pendingCalls() {
        var calls = PendingCalls<String>(maximum: 2)
        let (first, second) = (calls.add("a", callee: .auth), calls.add("b", callee: .audit))
        #expect(first == 1 && second == 2)
        #expect(calls.add("c", callee: .auth) == nil)
        #expect(calls.take(1, answeredBy: .labyrinth) == nil)
        #expect(calls.take(1, answeredBy: .auth) == "a")
        #expect(calls.take(1, answeredBy: .auth) == nil)
        #expect(calls.removeAll() == ["b"])
    }

    // MARK: Admission

    private func received(_ envelope: Envelope, from user: String) -> ReceivedMessage {
        var properties = MessageProperties()
        properties.userID = user
        return ReceivedMessage(head: DeliveryHead(), properties: properties, body: envelope.wireBytes())
    }

    private let threat = Envelope(
        id: UUIDv7(), schema: ThreatDetected.schema, payloads: [ThreatDetected().wireBytes(), [8, 1]], schemaVersion: 1)

    @Test("a message is admitted with its payloads where they lie")
    func admission() throws {
        let delivery = try Admission(service: .audit, purpose: .events).admit(received(threat, from: "detector"))
        #expect(delivery.id == threat.id)
        #expect(delivery.count == 2)
        #expect(delivery.payloads.map(Array.init) == threat.payloads)
        #expect(delivery.envelope.payloads.isEmpty)
    }

    @Test("what nobody may rely on is refused with its reason")
    func rejection() {
        let admission = Admission(service: .audit, purpose: .events)
        var newer = threat
        newer.schemaVersion = 2
        var unknown = threat
        unknown.schema = "infinite.gateway.v9.Surprise"
        var empty = threat
        empty.payloads = []
        let cases: [(ReceivedMessage, String)] = [
            (received(threat, from: "labyrinth"), "labyrinth may not say threat-detected"),
            (received(threat, from: ""), "its sender is not named"),
            (received(threat, from: "infinite_administrator"), "is no service of ours"),
            (received(newer, from: "detector"), "its schema version is 2"),
            (received(unknown, from: "detector"), "its schema is unknown"),
            (received(empty, from: "detector"), "it has no payload"),
            (
                ReceivedMessage(
                    head: DeliveryHead(), properties: received(threat, from: "detector").properties, body: nil),
                "larger"
            ),
            (
                ReceivedMessage(
                    head: DeliveryHead(), properties: received(threat, from: "detector").properties, body: [0x0a, 0xff]),
                "cannot be read"
            ),
        ]
        for (message, reason) in cases {
            #expect { try admission.admit(message) } throws: { ($0 as? Rejection)?.reason.contains(reason) == true }
        }
        // Only who is invited may call.
        let call = Admission(service: .auth, purpose: .calls)
        #expect(throws: Rejection.self) { try call.admit(received(threat, from: "labyrinth")) }
        #expect(throws: Never.self) { try call.admit(received(threat, from: "gateway")) }
    }

    @Test("an envelope's layout equals its decoding, and changed bytes never trap")
    func layout() throws {
        let bytes = threat.wireBytes()
        let layout = try EnvelopeLayout(bytes)
        #expect(layout.payloads.map { Array(bytes[$0]) } == threat.payloads)
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<5_000 {
            var changed = bytes
            changed[Int.random(in: 0..<changed.count, using: &generator)] = .random(in: 0...255, using: &generator)
            changed.removeLast(Int.random(in: 0...3, using: &generator))
            if let layout = try? EnvelopeLayout(changed) {
                #expect(layout.payloads.allSatisfy { $0.upperBound <= changed.count })
            }
        }
    }

    @Test("a failure survives the wire", arguments: Failure.Kind.allCases)
    func failures(kind: Failure.Kind) {
        let failure = Failure(kind, "what and why", retryAfter: .seconds(2), source: .audit)
        #expect(Failure(FailureReport(failure, service: .metrics)) == failure)
    }
}
