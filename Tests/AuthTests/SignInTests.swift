import Contracts
import Core
import Cryptography
import Database
import Telemetry
import TestSupport
import Testing

@testable import auth

@Suite struct SignInTests {
    @Test func `the first administrator signs in and gets a token that says who he is`() async throws {
        let auth = try await AuthFixture()
        let response = try await auth.signIn("Admin")
        let token = try #require(AccessToken(response.accessToken, ring: auth.parts.keys.ring, now: auth.clock.now))
        #expect(token.name == "admin" && token.roles == [.viewer, .editor, .admin])
        #expect(token.session == response.sessionID && response.expiresIn == 900 && response.tokenType == "Bearer")
        try await auth.relay()
        let issued = try #require(auth.publisher.published(TokenIssued.self).first)
        #expect(issued.sessionID == response.sessionID && issued.userName == "admin" && issued.grant == .password)
        #expect(issued.clientAddress == AuthFixture.address && issued.tokenID == token.identifier)
        #expect(auth.publisher.published(UserChanged.self).map(\.userName) == ["admin"])
    }

    @Test func `a wrong secret and an unknown name get the same answer and are reported`() async throws {
        let auth = try await AuthFixture()
        for (name, secret) in [("admin", "wrong wrong wrong"), ("nobody", AuthFixture.secret), ("n\0bödy", "x")] {
            await #expect(throws: AuthFailure.wrongCredentials) { try await auth.signIn(name, secret) }
        }
        try await auth.relay()
        let failed = auth.publisher.published(LoginFailed.self)
        #expect(failed.map(\.reason) == [.wrongSecret, .unknownName, .unknownName])
        #expect(failed.first?.claimedName == Array("admin".utf8) && failed.first?.clientAddress == AuthFixture.address)
        #expect(auth.publisher.published(TokenIssued.self).isEmpty)
    }

    @Test func `a hash of a cost below today's is renewed by the sign-in that proves the secret, and by no other`()
        async throws
    {
        let auth = try await AuthFixture()
        let weak = try Argon2id.hash(
            Array(AuthFixture.secret.utf8), Argon2id.Parameters(memoryKibibytes: 64, iterations: 1, lanes: 1))
        try await auth.database.execute("UPDATE accounts SET secret_hash = $1 WHERE name = 'admin'", [.text(weak)])
        await #expect(throws: AuthFailure.wrongCredentials) { try await auth.signIn("admin", "guess") }
        #expect(try await auth.storedHash == weak)
        _ = try await auth.signIn()
        let renewed = try await auth.storedHash
        #expect(!Argon2id.needsRenewal(renewed))
        _ = try await auth.signIn()
        #expect(try await auth.storedHash == renewed)
    }

    @Test func `guessing is slowed down here, and the owner signs in elsewhere all the same`() async throws {
        let auth = try await AuthFixture()
        for _ in 0..<4 {
            await #expect(throws: AuthFailure.wrongCredentials) { try await auth.signIn("admin", "guess") }
        }
        let failure = await #expect(throws: AuthFailure.self) { try await auth.signIn() }
        guard case .delayed(let wait) = failure else { throw failure ?? .noSigningKey }
        #expect(wait > .zero && wait <= .seconds(1))
        _ = try await auth.signIn(address: IPAddress(v4: 7))
    }

    @Test func `a machine signs in with its own grant only, has no session, and its second time is quick`() async throws
    {
        let auth = try await AuthFixture()
        let request = CreateUserRequest(
            name: "robot", password: "a machine's long secret", roles: [.service], isServiceAccount: true)
        _ = try await CreateAccount(parts: auth.parts).answer(request, try await auth.administrator())
        await #expect(throws: AuthFailure.wrongCredentials) { try await auth.signIn("robot", request.password) }
        let credentials = IssueTokenRequest(
            grantType: .clientCredentials, clientID: "robot", clientSecret: request.password)
        for _ in 0..<3 {
            let response = try await IssueToken(parts: auth.parts).answer(credentials, auth.caller())
            #expect(response.refreshToken.isEmpty && !response.sessionID.isSet && response.roles == [.service])
        }
        var wrong = credentials
        wrong.clientSecret = "a machine's wrong secret"
        await #expect(throws: AuthFailure.wrongCredentials) {
            try await IssueToken(parts: auth.parts).answer(wrong, auth.caller())
        }
    }

    @Test func `requests that cannot be right say what to give`() async throws {
        let auth = try await AuthFixture()
        for request in [
            IssueTokenRequest(), IssueTokenRequest(grantType: .unrecognized(9)),
            IssueTokenRequest(grantType: .password),
            IssueTokenRequest(grantType: .password, username: "admin", password: String(repeating: "x", count: 1_025)),
        ] {
            let failure = await #expect(throws: AuthFailure.self) {
                try await IssueToken(parts: auth.parts).answer(request, auth.caller())
            }
            #expect(failure?.failure.kind == .invalid)
        }
    }
}

@Suite struct RefreshTests {
    @Test func `each refresh token is good once, and its second use ends the session`() async throws {
        let auth = try await AuthFixture()
        let first = try await auth.signIn()
        let second = try await auth.refresh(first.refreshToken)
        let third = try await auth.refresh(second.refreshToken)
        #expect(third.sessionID == first.sessionID)
        await #expect(throws: AuthFailure.invalidRefreshToken) { try await auth.refresh(first.refreshToken) }
        await #expect(throws: AuthFailure.invalidRefreshToken, "the thief's and the owner's") {
            try await auth.refresh(third.refreshToken)
        }
        try await auth.relay()
        let revoked = auth.publisher.published(RevocationIssued.self)
        #expect(revoked.map(\.targetID) == [first.sessionID] && revoked.first?.scope == .session)
        #expect(revoked.first.map { $0.relevantUntil > auth.clock.now + .seconds(900) } == true)
        #expect(auth.publisher.published(LoginFailed.self).map(\.reason) == [.reusedRefreshToken])
        let listed = try await Listings(parts: auth.parts).answer(ListRevocationsRequest(), auth.caller())
        #expect(listed.revocations.map(\.targetID) == [first.sessionID])
    }

    @Test func `of many simultaneous uses one wins, and the session ends`() async throws {
        let auth = try await AuthFixture()
        let token = try await auth.signIn().refreshToken
        let won = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { (try? await auth.refresh(token)) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(won == 1)
        try await auth.relay()
        #expect(auth.publisher.published(RevocationIssued.self).count == 1)
    }

    @Test func `a session ends when its time is over, and a forged token ends nothing`() async throws {
        let auth = try await AuthFixture()
        let response = try await auth.signIn()
        let forged = RefreshToken(session: response.sessionID, generation: 0).text([UInt8](repeating: 9, count: 32))
        await #expect(throws: AuthFailure.invalidRefreshToken) { try await auth.refresh(forged) }
        let next = try await auth.refresh(response.refreshToken)
        auth.clock.advance(by: .seconds(43_201))
        await #expect(throws: AuthFailure.invalidRefreshToken) { try await auth.refresh(next.refreshToken) }
    }

    @Test func `whoever holds a token may end it; an unknown one gets the same answer`() async throws {
        let auth = try await AuthFixture()
        let end = EndSession(parts: auth.parts)
        let (first, second) = (try await auth.signIn(), try await auth.signIn())
        for token in [first.refreshToken, second.accessToken, "unknown", first.refreshToken] {
            _ = try await end.answer(RevokeTokenRequest(token: token), auth.caller())
        }
        await #expect(throws: AuthFailure.invalidRefreshToken) { try await auth.refresh(first.refreshToken) }
        await #expect(throws: AuthFailure.invalidRefreshToken) { try await auth.refresh(second.refreshToken) }
        try await auth.relay()
        // Two sessions are two keys: nothing promises the order of their events.
        let ended = Set(auth.publisher.published(RevocationIssued.self).map(\.targetID))
        #expect(ended == [first.sessionID, second.sessionID])
    }

    @Test func `beyond the limit the oldest session ends`() async throws {
        let auth = try await AuthFixture { $0.maximumSessions = 2 }
        var responses: [IssueTokenResponse] = []
        for _ in 0..<3 {
            auth.clock.advance(by: .seconds(1))
            responses.append(try await auth.signIn())
        }
        await #expect(throws: AuthFailure.invalidRefreshToken) { try await auth.refresh(responses[0].refreshToken) }
        _ = try await auth.refresh(responses[1].refreshToken)
        try await auth.relay()
        #expect(auth.publisher.published(RevocationIssued.self).map(\.targetID) == [responses[0].sessionID])
    }
}

@Suite struct AdministrationTests {
    @Test func `only an administrator makes accounts, and no name twice`() async throws {
        let auth = try await AuthFixture()
        let create = CreateAccount(parts: auth.parts)
        let request = CreateUserRequest(name: "Ann", password: "long enough secret", roles: [.viewer])
        let viewer = auth.caller(Principal(userID: UUIDv7(), name: "v", roles: [.viewer]))
        await #expect(throws: AuthFailure.self) { try await create.answer(request, viewer) }
        await #expect(throws: AuthFailure.signInFirst) { try await create.answer(request, auth.caller()) }
        let administrator = try await auth.administrator()
        #expect(try await create.answer(request, administrator).user?.name == "ann")
        await #expect(throws: AuthFailure.nameTaken) { try await create.answer(request, administrator) }
        for broken in [
            CreateUserRequest(name: "a b", password: "long enough secret", roles: [.viewer]),
            CreateUserRequest(name: "b", password: "short", roles: [.viewer]),
            CreateUserRequest(name: "b", password: "long enough secret"),
            CreateUserRequest(name: "b", password: "long enough secret", roles: [.unrecognized(9)]),
            CreateUserRequest(name: "b", password: "long enough secret", roles: [.service]),
        ] {
            let failure = await #expect(throws: AuthFailure.self) { try await create.answer(broken, administrator) }
            #expect(failure?.failure.kind == .invalid)
        }
        _ = try await auth.signIn("ann", "long enough secret")
        let page = try await Listings(parts: auth.parts).answer(ListUsersRequest(limit: 1), administrator)
        #expect(page.users.map(\.name) == ["admin"] && page.nextCursor == "admin")
        let rest = try await Listings(parts: auth.parts).answer(ListUsersRequest(cursor: "admin"), administrator)
        #expect(rest.users.map(\.name) == ["ann"] && rest.nextCursor.isEmpty)
    }

    @Test func `sessions are seen and ended by their owner and by administrators only`() async throws {
        let auth = try await AuthFixture()
        let administrator = try await auth.administrator()
        let session = try #require(administrator.principal?.sessionID)
        let stranger = auth.caller(Principal(userID: UUIDv7(), name: "s", roles: [.viewer]))
        let (end, list) = (EndSession(parts: auth.parts), Listings(parts: auth.parts))
        await #expect(throws: AuthFailure.notFound("session")) {
            try await end.answer(RevokeSessionRequest(sessionID: session), stranger)
        }
        await #expect(throws: AuthFailure.self) {
            try await list.answer(ListSessionsRequest(userID: try administrator.account()), stranger)
        }
        #expect(try await list.answer(ListSessionsRequest(), stranger).sessions.isEmpty)
        #expect(try await list.answer(ListSessionsRequest(), administrator).sessions.map(\.sessionID) == [session])
        let ended = try await end.answer(RevokeSessionRequest(sessionID: session), administrator)
        #expect(ended.session?.revokedAt == auth.clock.now)
    }

    @Test func `the first administrator is made once`() async throws {
        let auth = try await AuthFixture()
        #expect(try await CreateAccount(parts: auth.parts).createFirst(deadline: .after(.seconds(10))))
        #expect(try await auth.parts.accounts.list(after: "", limit: 10, deadline: .after(.seconds(5))).count == 1)
        let empty = try await AuthFixture()
        try await empty.database.execute("DELETE FROM accounts")
        var configuration = empty.parts.configuration
        configuration.firstSecret = nil
        let parts = try AuthParts(
            configuration, database: empty.database, outbox: empty.parts.outbox, metrics: .init(), clock: empty.clock)
        #expect(try await !CreateAccount(parts: parts).createFirst(deadline: .after(.seconds(10))))
    }
}

@Suite struct KeyKeeperTests {
    @Test func `replicas share keys, which are sealed, and tokens outlive a rotation`() async throws {
        let auth = try await AuthFixture()
        let other = try AuthParts(
            auth.parts.configuration, database: auth.database, outbox: auth.parts.outbox, metrics: .init(),
            clock: auth.clock)
        try await other.keys.refresh()
        #expect(try other.keys.active().id == auth.parts.keys.active().id)
        let sealed = try #require(try await auth.database.queryRow("SELECT sealed_key FROM signing_keys"))
        let bytes: [UInt8] = try sealed.get(0)
        #expect(throws: CryptographyFailure.self) { try SigningKey(der: bytes) }

        let old = try auth.parts.keys.active().id
        auth.clock.advance(by: .seconds(30 * 86_400 - 300))
        try await auth.parts.keys.refresh()
        try await other.keys.refresh()
        #expect(try other.keys.active().id == old, "the next key is published before it signs")
        let published = Listings(parts: other).answer(GetSigningKeysRequest(), auth.caller()).keys
        #expect(published.count == 2 && published.allSatisfy { $0.kty == "OKP" && $0.use == "sig" && $0.x.count == 43 })
        let token = try await auth.signIn().accessToken
        auth.clock.advance(by: .seconds(800))
        #expect(try other.keys.active().id != old)
        #expect(AccessToken(token, ring: other.keys.ring, now: auth.clock.now) != nil)
        try await auth.relay()
        let rotated = auth.publisher.published(SigningKeysRotated.self)
        #expect(rotated.map(\.keys.count) == [1, 2] && rotated.map(\.activeKeyID) == [old, old])
    }

    @Test func `replicas that look at the same moment make one key`() async throws {
        let auth = try await AuthFixture()
        try await auth.database.execute("DELETE FROM signing_keys")
        let replicas = try (0..<6).map { _ in
            try AuthParts(
                auth.parts.configuration, database: auth.database, outbox: auth.parts.outbox, metrics: .init(),
                clock: auth.clock)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for replica in replicas { group.addTask { try await replica.keys.refresh() } }
            try await group.waitForAll()
        }
        #expect(Set(try replicas.map { try $0.keys.active().id }).count == 1)
    }

    @Test func `keys sealed under another master secret are refused with advice`() async throws {
        let auth = try await AuthFixture()
        var configuration = auth.parts.configuration
        configuration.masterSecret = try #require(MasterSecret(hex: String(repeating: "cd", count: 32)))
        let other = try AuthParts(
            configuration, database: auth.database, outbox: auth.parts.outbox, metrics: .init(), clock: auth.clock)
        let failure = await #expect(throws: AuthFailure.self) { try await other.keys.refresh() }
        #expect(failure?.description.contains("master_secret") == true)
    }
}
