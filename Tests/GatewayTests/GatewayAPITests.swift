import Contracts
import Core
import HTTP
import Reactor
import Testing

@testable import gateway

@Suite(.timeLimit(.minutes(2))) struct GatewayAPITests {
    private func bearer(_ roles: [String]) throws -> HTTPHeaders {
        ["Authorization": "Bearer \(try GatewayFixture.token(roles: roles))"]
    }

    @Test func `A call is transcoded to the bus and back, with the caller it is made for`() async throws {
        let decision = UUIDv7()
        let gateway = try await GatewayFixture(answers: { _ in
            ListDecisionsResponse(decisions: [Decision(decisionID: decision, reason: "probing")]).wireBytes()
        })
        let answer = try await gateway.send(
            .get, "/v1/decisions?limit=5&active_only=true", headers: try bearer(["viewer"]))
        #expect(answer.status == 200)
        #expect(answer.head.headers["content-type"] == "application/json")
        #expect(answer.body.contains(decision.description))
        let call = try #require(gateway.seen.value.calls.first)
        #expect(call.name == AgentCoordinatorRPC.listDecisions.name)
        #expect(try ListDecisionsRequest(wireBytes: call.payload) == ListDecisionsRequest(limit: 5, activeOnly: true))
        #expect(call.principal.name == "ada")
        #expect(call.principal.roles == [.viewer])
    }

    @Test(arguments: [
        ("GET /v1/nothing", 404), ("DELETE /v1/decisions", 405), ("GET /v1/decisions?limit=many", 400),
        ("GET /v1/decisions?unknown=1", 400), ("GET /v1/decisions?limit=%zz", 400),
        ("GET /v1/decisions/not-a-uuid", 400),
        ("GET /v1/auth/users", 403),
    ]) func `What a call may not be is refused with a problem document`(line: String, status: Int) async throws {
        let gateway = try await GatewayFixture()
        let words = line.split(separator: " ").map(String.init)
        let answer = try await gateway.send(HTTPMethod(words[0]), words[1], headers: try bearer(["viewer"]))
        #expect(answer.status == status)
        #expect(answer.head.headers["content-type"] == "application/problem+json")
        #expect(answer.body.contains("request_id"))
        #expect(gateway.seen.value.calls.isEmpty)
    }

    @Test func `Without a token a call is refused unless it is open to everyone`() async throws {
        let gateway = try await GatewayFixture(answers: { _ in IssueTokenResponse(accessToken: "t").wireBytes() })
        let refused = try await gateway.send(.get, "/v1/decisions")
        #expect(refused.status == 401)
        #expect(refused.head.headers["www-authenticate"] == "Bearer")
        let open = try await gateway.send(
            .post, "/v1/auth/token", headers: ["Content-Type": "application/json"],
            body: .bytes(Array(#"{"grant_type":"password","username":"a","password":"b"}"#.utf8)))
        #expect(open.status == 200)
    }

    @Test func `A service's failure arrives as its status, an internal one without its words`() async throws {
        let missing = try await GatewayFixture(answers: { _ in throw Failure(.notFound, "no such decision") })
        let headers = try bearer(["viewer"])
        let answer = try await missing.send(.get, "/v1/decisions", headers: headers)
        #expect(answer.status == 404)
        #expect(answer.body.contains("no such decision"))
        let broken = try await GatewayFixture(answers: { _ in throw Failure(.internalError, "table x is gone") })
        let silent = try await broken.send(.get, "/v1/decisions", headers: headers)
        #expect(silent.status == 500)
        #expect(!silent.body.contains("table x"))
    }
}

@Suite(.timeLimit(.minutes(2))) struct EntityTagTests {
    @Test func `RFC 9110 §13.1.2: who names the tag of an unchanged answer gets 304 and no body`() async throws {
        let gateway = try await GatewayFixture(answers: { _ in ListDecisionsResponse().wireBytes() })
        var headers: HTTPHeaders = ["Authorization": "Bearer \(try GatewayFixture.token(roles: ["viewer"]))"]
        let first = try await gateway.send(.get, "/v1/decisions", headers: headers)
        let tag = try #require(first.head.headers["etag"])
        headers.set("If-None-Match", "\"other\", W/\(tag)")
        let second = try await gateway.send(.get, "/v1/decisions", headers: headers)
        #expect(second.status == 304 && second.body.isEmpty && second.head.headers["etag"] == tag)
        headers.set("If-None-Match", "\"other\"")
        #expect(try await gateway.send(.get, "/v1/decisions", headers: headers).body == first.body)
    }

    @Test func `different answers have different tags, and the condition is a list`() {
        let tag = EntityTag(of: Array("a".utf8))
        #expect(tag != EntityTag(of: Array("b".utf8)))
        #expect(tag.isNamed(by: "*") && tag.isNamed(by: "\"x\",\(tag.text) ,W/\"y\""))
        #expect(!tag.isNamed(by: "") && !tag.isNamed(by: "\(tag.text.dropLast())x\""))
    }
}

@Suite(.timeLimit(.minutes(2))) struct LivePageTests {
    private static let origin: HTTPHeaders = ["Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"]

    @Test(arguments: [
        "", "app.js", "app.css", "icon.svg", "reference", "reference.js", "reference.css", "openapi.json",
    ])
    func `The page's files are served under a strict policy`(
        file: String
    ) async throws {
        let gateway = try await GatewayFixture()
        let answer = try await gateway.send(.get, "/_infinite/\(file)")
        #expect(answer.status == 200)
        #expect(answer.head.headers["content-security-policy"]?.contains("default-src 'self'") == true)
        #expect(!answer.body.isEmpty)
    }

    @Test(arguments: ["/_infinite/README.md", "/_infinite/../main.swift", "/_infinite/%2e%2e/x"])
    func `Nothing else is served there`(path: String) async throws {
        let gateway = try await GatewayFixture()
        #expect(try await gateway.send(.get, path).status == 404)
    }

    @Test func `Signing in turns a password into cookies that scripts and upstreams never see`() async throws {
        let gateway = try await GatewayFixture(answers: { _ in
            IssueTokenResponse(accessToken: "header.claims.signature", expiresIn: 900).wireBytes()
        })
        let answer = try await gateway.send(
            .post, "/_infinite/session", headers: Self.origin,
            body: .bytes(Array(#"{"username":"ada","password":"secret"}"#.utf8)))
        #expect(answer.status == 204)
        let cookies = answer.head.headers.values(of: "set-cookie")
        #expect(cookies.count == 2)
        for cookie in cookies {
            #expect(cookie.hasPrefix("infinite_session=header.claims.signature; Path=/"))
            #expect(!cookie.contains("Path=/;"))
            #expect(cookie.contains("HttpOnly; SameSite=Strict"))
        }
        let request = try IssueTokenRequest(wireBytes: try #require(gateway.seen.value.calls.first).payload)
        #expect(request == IssueTokenRequest(grantType: .password, username: "ada", password: "secret"))
    }

    @Test func `A sign-in or a change that another site's page sent is refused`() async throws {
        let gateway = try await GatewayFixture()
        let crossSite: HTTPHeaders = ["Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"]
        let login = try await gateway.send(
            .post, "/_infinite/session", headers: crossSite, body: .bytes(Array("{}".utf8)))
        #expect(login.status == 403)
        var forged = crossSite
        forged.add("Cookie", "infinite_session=\(try GatewayFixture.token(roles: ["admin"]))")
        let change = try await gateway.send(
            .post, "/v1/decisions/\(UUIDv7())/revert", headers: forged, body: .bytes(Array("{}".utf8)))
        #expect(change.status == 403)
        #expect(gateway.seen.value.calls.isEmpty)
    }

    @Test func `The feed tells a viewer of an attack as it happens`() async throws {
        let gateway = try await GatewayFixture()
        #expect(try await gateway.send(.get, "/_infinite/live").status == 401)
        let token = try GatewayFixture.token(roles: ["viewer"])
        let response = try await gateway.client.send(
            HTTPClientRequest(.get, "/_infinite/live", headers: ["Cookie": "a=b; infinite_session=\(token)"]),
            to: gateway.endpoint, deadline: .after(.seconds(10)))
        #expect(response.head.headers["content-type"] == "text/event-stream")
        var text = ""
        while !text.contains("event: hello") { text += try await Self.next(response) }
        _ = try await gateway.send(.get, "/?id=1%27%20UNION%20SELECT%20password%20FROM%20users--")
        while !text.contains("event: request") { text += try await Self.next(response) }
        #expect(text.contains(#""outcome":"blocked""#))
        gateway.feed.tick(LivePulse())
        while !text.contains("event: tick") { text += try await Self.next(response) }
        gateway.feed.stop()
        while try await response.body.next(deadline: .after(.seconds(10))) != nil {}
        #expect(gateway.feed.viewerCount == 0)
    }

    private static func next(_ response: HTTPClientResponse) async throws -> String {
        let piece = try #require(try await response.body.next(deadline: .after(.seconds(10))))
        return String(decoding: piece, as: UTF8.self)
    }
}
