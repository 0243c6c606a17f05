import Contracts
import Core
import Cryptography
import HTTP
import Telemetry
import Testing

@testable import gateway

/// Decisions about users, sessions and API keys, on proxied traffic.
@Suite(.timeLimit(.minutes(2))) struct CallerEnforcementTests {
    private let user = UUIDv7()

    private func enforce(
        _ gateway: GatewayFixture, _ action: EnforcementAction, _ subject: EnforcementSubject,
        decision: UUIDv7 = UUIDv7()
    ) {
        let enforcement = Enforcement(
            decision: decision, subject: subject, action: action, expires: .now + .seconds(60), reason: "test")
        gateway.state.enforcements.update { $0.apply(enforcement, now: .now) }
    }

    private func bearer(_ user: UUIDv7, session: UUIDv7? = nil) throws -> HTTPHeaders {
        ["Authorization": "Bearer \(try GatewayFixture.token(roles: ["viewer"], user: user, session: session))"]
    }

    @Test func `A user who is banned is refused wherever they come from, others are not`() async throws {
        let gateway = try await GatewayFixture()
        enforce(gateway, .ban, .account(user.description))
        #expect(try await gateway.send(.get, "/", headers: try bearer(user)).status == 403)
        #expect(try await gateway.send(.get, "/", headers: try bearer(UUIDv7())).status == 200)
        #expect(try await gateway.send(.get, "/").status == 200)
        let blocked = try #require(gateway.seen.value.blocked.first)
        #expect(blocked.reason == .ban && blocked.userID == user)
    }

    @Test func `A session that is banned ends, its user's others go on`() async throws {
        let gateway = try await GatewayFixture()
        let (stolen, own) = (UUIDv7(), UUIDv7())
        enforce(gateway, .ban, .session(stolen))
        #expect(try await gateway.send(.get, "/", headers: try bearer(user, session: stolen)).status == 403)
        #expect(try await gateway.send(.get, "/", headers: try bearer(user, session: own)).status == 200)
    }

    @Test func `An API key that is banned is known by its digest`() async throws {
        let gateway = try await GatewayFixture()
        enforce(gateway, .ban, .apiKey(EnforcementSubject.digest(ofKey: Array("sesame".utf8)[...])))
        #expect(try await gateway.send(.get, "/", headers: ["X-API-Key": "sesame"]).status == 403)
        #expect(try await gateway.send(.get, "/", headers: ["X-API-Key": "other"]).status == 200)
        #expect(try await gateway.send(.get, "/").status == 200)
    }

    @Test func `A token that is not good neither condemns nor frees anybody`() async throws {
        let gateway = try await GatewayFixture()
        enforce(gateway, .ban, .account(user.description))
        let stranger = try SigningKey.generate(.ed25519)
        let forged = try GatewayFixture.token(roles: ["viewer"], user: user, key: stranger)
        #expect(try await gateway.send(.get, "/", headers: ["Authorization": "Bearer \(forged)"]).status == 200)
        try gateway.enforce(.ban)
        #expect(try await gateway.send(.get, "/", headers: try bearer(UUIDv7())).status == 403)
    }

    @Test func `The gravest decision about any of what a caller is decides`() async throws {
        let gateway = try await GatewayFixture()
        try gateway.enforce(.throttle, perSecond: 1_000)
        enforce(gateway, .divert, .account(user.description))
        #expect(try await gateway.send(.get, "/", headers: try bearer(user)).body == "deeper")
        #expect(try await gateway.send(.get, "/").status == 200)
    }

    @Test func `A decision is in force for the next request after it is heard, and not after it is reverted`()
        async throws
    {
        let gateway = try await GatewayFixture()
        let events = DecisionEvents(
            state: gateway.state, replica: "test", metrics: GatewayMetrics(MetricsRegistry()), log: .silent,
            store: { _ in }, enforced: { _ in })
        let session = UUIDv7()
        var decision = Decision()
        decision.decisionID = UUIDv7()
        decision.subject = Subject(kind: .session, value: Array(session.description.utf8))
        decision.action = .ban
        decision.decidedAt = .now
        decision.expiresAt = .now + .seconds(60)
        let headers = try bearer(user, session: session)
        #expect(try await gateway.send(.get, "/", headers: headers).status == 200)
        events.apply(decision)
        #expect(try await gateway.send(.get, "/", headers: headers).status == 403)
        events.revert(decision.decisionID)
        #expect(try await gateway.send(.get, "/", headers: headers).status == 200)
    }

    @Test func `Who has solved a puzzle is still throttled`() async throws {
        let gateway = try await GatewayFixture(challenge: .easy)
        try gateway.enforce(.challenge)
        try gateway.enforce(.throttle, perSecond: 0.001)
        let challenge = try #require(gateway.state.enforcements.current.all.first { $0.action == .challenge })
        let scope = "decision:\(challenge.decision)"
        let client = try #require(IPAddress("127.0.0.1"))
        let secret = try #require(ChallengeGate.Settings.easy.secret)
        let binding = ChallengeBinding(client: client, userAgent: nil, scope: scope)
        let pass = ChallengePass.make(for: binding, lifetime: .seconds(60), now: .now, secret)
        let headers: HTTPHeaders = ["Cookie": "\(ChallengePass.cookieName(of: scope))=\(pass)"]
        var statuses: [Int] = []
        for _ in 0..<7 { statuses.append(try await gateway.send(.get, "/", headers: headers).status) }
        #expect(statuses == [200, 200, 200, 200, 200, 429, 429])
    }

    @Test func `A decision counts the requests it changed, and goes on counting when it is said again`() async throws {
        let gateway = try await GatewayFixture()
        let decision = UUIDv7()
        enforce(gateway, .ban, .account(user.description), decision: decision)
        for _ in 0..<3 { _ = try await gateway.send(.get, "/", headers: try bearer(user)) }
        enforce(gateway, .ban, .account(user.description), decision: decision)
        _ = try await gateway.send(.get, "/", headers: try bearer(user))
        _ = try await gateway.send(.get, "/", headers: try bearer(UUIDv7()))
        let listed = try #require(gateway.state.enforcements.current.all.first)
        #expect(Contracts.Enforcement(listed).hits == 4)
    }

    @Test(arguments: [
        (SubjectKind.user, "0193a000-0000-7000-8000-000000000001", true),
        (.session, "0193a000-0000-7000-8000-000000000001", true), (.session, "nobody", false),
        (.apiKey, String(repeating: "0f", count: 32), true), (.apiKey, "sesame", false),
        (.clientAddress, "192.0.2.1", true), (.fingerprint, "x", false),
    ])
    func `Subjects come from decisions and go into storage and back`(kind: SubjectKind, value: String, isKnown: Bool) {
        let subject = EnforcementSubject(Subject(kind: kind, value: Array(value.utf8)))
        #expect((subject != nil) == isKnown)
        guard let subject else { return }
        let stored = subject.stored
        #expect(EnforcementSubject(storedKind: stored.kind, stored.subject) == subject)
        #expect(EnforcementSubject(Subject(subject)) == subject)
    }
}

/// `step_up`: nothing but a new sign-in is enough.
@Suite(.timeLimit(.minutes(2))) struct StepUpTests {
    private static let browser: HTTPHeaders = ["Accept": "text/html", "User-Agent": "Browser/1"]

    @Test func `A browser is sent to the sign-in page and told where to come back to`() async throws {
        let gateway = try await GatewayFixture(challenge: .easy)
        try gateway.enforce(.stepUp)
        let answer = try await gateway.send(.get, "/pay?sum=5&to=x", headers: Self.browser)
        #expect(answer.status == 303)
        #expect(answer.head.headers["location"] == "/_infinite/?return=%2Fpay%3Fsum%3D5%26to%3Dx")
        #expect(gateway.seen.value.observed.last?.outcome == .challenged)
        #expect(gateway.seen.value.upstream.isEmpty)
    }

    @Test func `A program is told what its token lacks, and a token of a newer session has it`() async throws {
        let gateway = try await GatewayFixture()
        let user = UUIDv7()
        // Made by hand: what this process makes always increases.
        func session(_ seconds: Int64) -> UUIDv7 {
            UUIDv7(high: UInt64((Timestamp.now + .seconds(seconds)).milliseconds) << 16 | 0x7000, low: 1 << 63)
        }
        let (before, after) = (session(-60), session(60))
        try gateway.enforce(.stepUp)
        func send(_ session: UUIDv7?) async throws -> GatewayFixture.Answer {
            let token = try GatewayFixture.token(roles: ["viewer"], user: user, session: session)
            return try await gateway.send(.get, "/", headers: ["Authorization": "Bearer \(token)"])
        }
        let refused = try await send(before)
        #expect(refused.status == 401)
        #expect(refused.head.headers["www-authenticate"]?.contains("insufficient_user_authentication") == true)
        #expect(refused.head.headers["content-type"] == "application/problem+json")
        #expect(try await send(nil).status == 401)
        #expect(try await send(after).status == 200)
    }

    @Test func `Signing in gives a browser a pass for the decision, and a solved puzzle never does`() async throws {
        let user = UUIDv7()
        let token = try GatewayFixture.token(roles: ["viewer"], user: user, session: UUIDv7())
        let gateway = try await GatewayFixture(
            challenge: .easy,
            answers: { _ in
                var answer = IssueTokenResponse()
                answer.accessToken = token
                answer.expiresIn = 60
                return answer.wireBytes()
            })
        try gateway.enforce(.stepUp)
        let login = Array(#"{"username":"ada","password":"x"}"#.utf8)
        let signedIn = try await gateway.send(
            .post, "/_infinite/session",
            headers: Self.browser.adding("Sec-Fetch-Site", "same-origin").adding("Content-Type", "application/json"),
            body: .bytes(login))
        #expect(signedIn.status == 204)
        let pass = try #require(signedIn.head.headers.values(of: "set-cookie").first { $0.hasPrefix("infinite_pass_") })
        let shown = Self.browser.adding("Cookie", String(pass.prefix { $0 != ";" }))
        #expect(try await gateway.send(.get, "/pay", headers: shown).status == 200)

        // A puzzle made for the decision's scope, solved as it should be.
        let decision = try #require(gateway.state.enforcements.current.all.first)
        let scope = StepUpGate.scope(of: decision)
        let client = try #require(IPAddress("127.0.0.1"))
        let secret = try #require(ChallengeGate.Settings.easy.secret)
        let binding = ChallengeBinding(client: client, userAgent: Array("Browser/1".utf8)[...], scope: scope)
        let puzzle = Puzzle.make(for: binding, difficulty: 4, now: .now, secret)
        let form = "puzzle=\(puzzle.text)&scope=\(scope)&number=\(Solver.number(puzzle.text, difficulty: 4))"
        let solved = try await gateway.send(
            .post, ChallengePage.path, headers: Self.browser, body: .bytes(Array(form.utf8)))
        let given = String(solved.head.headers["set-cookie"]?.prefix { $0 != ";" } ?? "")
        #expect(try await gateway.send(.get, "/pay", headers: Self.browser.adding("Cookie", given)).status == 303)
    }
}
