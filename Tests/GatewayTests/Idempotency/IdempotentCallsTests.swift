import Contracts
import Core
import Database
import HTTP
import Reactor
import Synchronization
import TestSupport
import Testing

@testable import gateway

/// Calls under `Idempotency-Key`, on a real PostgreSQL.
@Suite(.timeLimit(.minutes(2))) struct IdempotentCallsTests {
    /// The service behind the bus: it counts, waits while it is told to, and fails when it is told to.
    private final class Service: Sendable {
        private struct State {
            var count = 0
            var isHeld = false
            var failure: Failure?
        }
        private let state = Mutex(State())

        var count: Int { state.withLock { $0.count } }
        func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }
        func fail(_ failure: Failure?) { state.withLock { $0.failure = failure } }

        @Sendable func answer(_ call: RPCName) async throws -> [UInt8] {
            let number = state.withLock { state in
                state.count += 1
                return state.count
            }
            while state.withLock({ $0.isHeld }) { try await Reactor.sleep(for: .milliseconds(5)) }
            if let failure = state.withLock({ $0.failure }) { throw failure }
            return RevertDecisionResponse(decision: Decision(reason: "answer \(number)")).wireBytes()
        }
    }

    private static let reactors: Result<ReactorGroup, any Error> = Result { try ReactorGroup(count: 2) }
    private static let decision = UUIDv7()

    private static func database() async throws -> (TestDatabase, Database) {
        try await gatewayDatabase(on: reactors.get())
    }

    private static func gateway(_ service: Service, _ database: Database) async throws -> GatewayFixture {
        try await GatewayFixture(idempotency: IdempotencyStore(database: database), answers: service.answer)
    }

    private static func revert(
        _ gateway: GatewayFixture, key: String?, as user: UUIDv7, reason: String = "mistaken",
        body: String? = nil, decision: UUIDv7 = decision
    ) async throws -> GatewayFixture.Answer {
        var headers: HTTPHeaders = [
            "Authorization": "Bearer \(try GatewayFixture.token(roles: ["editor"], user: user))",
            "Content-Type": "application/json",
        ]
        if let key { headers.add("Idempotency-Key", key) }
        let body = body ?? #"{"reason":"\#(reason)"}"#
        return try await gateway.send(
            .post, "/v1/decisions/\(decision)/revert", headers: headers, body: .bytes(Array(body.utf8)))
    }

    @Test func `The same call under the same key is made once, and answered again, however it is written`() async throws
    {
        let (server, database) = try await Self.database()
        defer { database.shutDown() }
        let (service, user) = (Service(), UUIDv7())
        let gateway = try await Self.gateway(service, database)
        let first = try await Self.revert(gateway, key: "order-1", as: user)
        #expect((first.status, first.head.headers["idempotent-replayed"]) == (200, nil))
        for body in [#"{"reason":"mistaken"}"#, #" { "reason" : "mist\u0061ken" } "#] {
            let again = try await Self.revert(gateway, key: "\"order-1\"", as: user, body: body)
            #expect((again.status, again.body) == (200, first.body))
            #expect(again.head.headers["idempotent-replayed"] == "true")
        }
        #expect(service.count == 1)
        // Another caller's key is another key, and no key is none.
        #expect(try await Self.revert(gateway, key: "order-1", as: UUIDv7()).body.contains("answer 2"))
        for number in 3...4 {
            #expect(try await Self.revert(gateway, key: nil, as: user).body.contains("answer \(number)"))
        }
        let kept = try await server.execute("SELECT encode(answer, 'escape') FROM idempotency_keys")
        #expect(!kept.isEmpty && !kept.contains("answer 1"), "whoever reads the table learns nothing")
    }

    @Test func `Another call under the same key is refused, and changes nothing`() async throws {
        let (_, database) = try await Self.database()
        defer { database.shutDown() }
        let (service, user) = (Service(), UUIDv7())
        let gateway = try await Self.gateway(service, database)
        _ = try await Self.revert(gateway, key: "k", as: user)
        #expect(try await Self.revert(gateway, key: "k", as: user, reason: "other").status == 422)
        #expect(try await Self.revert(gateway, key: "k", as: user, decision: UUIDv7()).status == 422)
        #expect(try await Self.revert(gateway, key: "no key", as: user).status == 400)
        #expect(service.count == 1)
    }

    @Test func `Of many at once one is made; the others hear that it is under way, or what it answered`() async throws {
        let (_, database) = try await Self.database()
        defer { database.shutDown() }
        let (service, user) = (Service(), UUIDv7())
        let gateway = try await Self.gateway(service, database)
        service.hold(true)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { try await Self.revert(gateway, key: "k", as: user).status } }
            for _ in 0..<7 {
                let refused = try await group.next()
                #expect(refused == 409)
            }
            service.hold(false)
            let made = try await group.next()
            #expect(made == 200)
        }
        #expect(service.count == 1)
        #expect(try await Self.revert(gateway, key: "k", as: user).head.headers["idempotent-replayed"] == "true")
    }

    @Test func `A client that is gone before the answer finds it when it comes back`() async throws {
        let (_, database) = try await Self.database()
        defer { database.shutDown() }
        let (service, user) = (Service(), UUIDv7())
        let gateway = try await Self.gateway(service, database)
        service.hold(true)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await Self.revert(gateway, key: "k", as: user) }
            try await eventually("the call is under way") { service.count == 1 }
            group.cancelAll()
        }
        service.hold(false)
        try await eventually("the answer is kept") {
            let again = try await Self.revert(gateway, key: "k", as: user)
            return again.status == 200 && again.body.contains("answer 1")
        }
        #expect(service.count == 1)
    }

    @Test(arguments: [Failure.Kind.deadlineExceeded, .unavailable, .internalError])
    func `What may have been done is not done again under its key`(kind: Failure.Kind) async throws {
        let (_, database) = try await Self.database()
        defer { database.shutDown() }
        let (service, user) = (Service(), UUIDv7())
        let gateway = try await Self.gateway(service, database)
        service.fail(Failure(kind, "no answer"))
        #expect(try await Self.revert(gateway, key: "k", as: user).status >= 500)
        service.fail(nil)
        let again = try await Self.revert(gateway, key: "k", as: user)
        #expect((again.status, again.head.headers["retry-after"]) == (409, nil))
        #expect(again.body.contains("Nobody knows"))
        #expect(try await Self.revert(gateway, key: "k2", as: user).status == 200)
        #expect(service.count == 2)
    }

    @Test func `A call that was refused did nothing, and its key is free again`() async throws {
        let (_, database) = try await Self.database()
        defer { database.shutDown() }
        let (service, user) = (Service(), UUIDv7())
        let gateway = try await Self.gateway(service, database)
        service.fail(Failure(.conflict, "not now"))
        #expect(try await Self.revert(gateway, key: "k", as: user).status == 409)
        service.fail(nil)
        #expect(try await Self.revert(gateway, key: "k", as: user, reason: "better").status == 200)
        #expect(service.count == 2)
    }

    @Test func `What a gateway left under way when it was killed is of unknown outcome once its time is over`()
        async throws
    {
        let (_, database) = try await Self.database()
        defer { database.shutDown() }
        let (store, user) = (IdempotencyStore(database: database), UUIDv7())
        let (key, print) = (try #require(IdempotencyKey("k")), [UInt8](repeating: 1, count: 32))
        func begin(_ running: Duration) async throws -> IdempotencyStore.Beginning {
            try await store.begin(
                user, key.digest, fingerprint: print, request: UUIDv7(), running: running,
                deadline: .after(.seconds(60)))
        }
        #expect(try await begin(.seconds(600)) == .ours)
        guard case .known(let running) = try await begin(.seconds(600)) else {
            Issue.record("nothing is known of it")
            return
        }
        #expect(running.reply(to: print) == .underWay)
        try await database.execute("UPDATE idempotency_keys SET running_until = now() - interval '1 second'")
        guard case .known(let overdue) = try await begin(.seconds(600)) else {
            Issue.record("nothing is known of it")
            return
        }
        #expect(overdue.reply(to: print) == .outcomeUnknown)
    }

    @Test func `A key ends after its time, makes room, and belongs to the next who uses it`() async throws {
        let (_, database) = try await Self.database()
        defer { database.shutDown() }
        let (store, user) = (IdempotencyStore(database: database, keptFor: .zero), UUIDv7())
        let (key, first, second) = (try #require(IdempotencyKey("k")), UUIDv7(), UUIDv7())
        for (request, print) in [(first, UInt8(1)), (second, UInt8(2))] {
            let beginning = try await store.begin(
                user, key.digest, fingerprint: [print], request: request, running: .seconds(5),
                deadline: .after(.seconds(60)))
            #expect(beginning == .ours)
        }
        // The first one's answer comes too late to be the second's.
        try await store.end(user, key.digest, request: first, .answered, answer: [1])
        let row = try #require(try await database.queryRow("SELECT outcome, answer IS NULL FROM idempotency_keys"))
        #expect((try row.get(0) as Int16, try row.get(1) as Bool) == (0, true))
        #expect(try await store.removeExpired() == 1)
        #expect(try await store.removeExpired() == 0)
    }

    @Test func `Nobody has more keys than a day's work needs, and those in use keep their answers`() async throws {
        let (server, database) = try await Self.database()
        defer { database.shutDown() }
        let (service, user) = (Service(), UUIDv7())
        let gateway = try await Self.gateway(service, database)
        #expect(try await Self.revert(gateway, key: "k", as: user).status == 200)
        try await server.execute(
            """
            INSERT INTO idempotency_keys SELECT '\(user)', int4send(n), '', '\(user)', 1, NULL, now(),
            now() + interval '1 day' FROM generate_series(2, \(IdempotencyStore.mostPerCaller)) n
            """)
        let refused = try await Self.revert(gateway, key: "one-more", as: user)
        #expect((refused.status, refused.head.headers["retry-after"]) == (429, "3600"))
        #expect(try await Self.revert(gateway, key: "k", as: user).head.headers["idempotent-replayed"] == "true")
        #expect(service.count == 1)
    }

    @Test func `Without the database nothing is done under a key that could not be kept`() async throws {
        let (_, database) = try await Self.database()
        let (service, user) = (Service(), UUIDv7())
        let gateway = try await Self.gateway(service, database)
        try await database.execute("DROP TABLE idempotency_keys")
        defer { database.shutDown() }
        #expect(try await Self.revert(gateway, key: "k", as: user).status >= 500)
        #expect(service.count == 0)
        let without = try await GatewayFixture(answers: service.answer)
        #expect(try await Self.revert(without, key: "k", as: user).status == 503)
        #expect(service.count == 0)
    }

    @Test func `A sign-in is not kept, whatever key it comes with`() async throws {
        let (_, database) = try await Self.database()
        defer { database.shutDown() }
        let gateway = try await GatewayFixture(
            idempotency: IdempotencyStore(database: database),
            answers: { _ in IssueTokenResponse(accessToken: "t").wireBytes() })
        for _ in 0..<2 {
            let answer = try await gateway.send(
                .post, "/v1/auth/token", headers: ["Content-Type": "application/json", "Idempotency-Key": "k"],
                body: .bytes(Array(#"{"grant_type":"password","username":"a","password":"b"}"#.utf8)))
            #expect((answer.status, answer.head.headers["idempotent-replayed"]) == (200, nil))
        }
        #expect(gateway.seen.value.calls.count == 2)
        #expect(try await database.query("SELECT key_digest FROM idempotency_keys").isEmpty)
    }
}
