import Contracts
import Core
import HTTP
import JSON
import Reactor
import Synchronization
import Telemetry
import Testing

@testable import gateway

extension ChallengeGate.Settings {
    static let easy = ChallengeGate.Settings(
        secret: ChallengeSecret([UInt8](repeating: 7, count: 32)), difficulty: 6, passLifetime: .seconds(60))
}

/// Clients that are asked for a proof, over real sockets.
@Suite(.timeLimit(.minutes(2))) struct ChallengePipelineTests {
    private static let browser: HTTPHeaders = ["Accept": "text/html,*/*;q=0.8", "User-Agent": "Browser/1"]

    private func gateway(
        _ settings: ChallengeGate.Settings = .easy, route adjust: (inout Route) -> Void = { _ in }
    ) async throws -> GatewayFixture {
        try await GatewayFixture(route: adjust, challenge: settings)
    }

    /// The hidden fields of the page's form.
    private func fields(_ page: String) -> [String: String] {
        var fields: [String: String] = [:]
        for input in page.split(separator: "<input type=\"hidden\" ").dropFirst() {
            let parts = input.split(separator: "\"", omittingEmptySubsequences: false)
            fields[String(parts[1])] = String(parts[3])
        }
        return fields
    }

    private func solve(
        _ gateway: GatewayFixture, _ page: String, headers: HTTPHeaders = Self.browser, difficulty: Int = 6,
        changing changes: [String: String] = [:]
    ) async throws -> GatewayFixture.Answer {
        var fields = fields(page)
        fields["number"] = Solver.number(fields["puzzle"] ?? "", difficulty: difficulty)
        fields.merge(changes) { $1 }
        let form = fields.map { "\($0)=\(PercentEncoding.encode($1.utf8))" }.joined(separator: "&")
        return try await gateway.send(
            .post, ChallengePage.path, headers: headers.adding("Content-Type", "application/x-www-form-urlencoded"),
            body: .bytes(Array(form.utf8)))
    }

    private func cookie(_ answer: GatewayFixture.Answer) -> String {
        String(answer.head.headers["set-cookie"]?.prefix { $0 != ";" } ?? "")
    }

    @Test func `A challenged browser solves the puzzle, is led back, and passes from then on`() async throws {
        let gateway = try await gateway()
        try gateway.enforce(.challenge)
        let asked = try await gateway.send(.get, "/shop?q=a&b=%22", headers: Self.browser)
        #expect(asked.status == 403)
        #expect(gateway.seen.value.upstream.isEmpty)
        #expect(gateway.seen.value.observed.last?.outcome == .challenged)
        let solved = try await solve(gateway, asked.body.replacing("&amp;", with: "&"))
        #expect(solved.status == 303)
        #expect(solved.head.headers["location"] == "/shop?q=a&b=%22")
        let set = try #require(solved.head.headers["set-cookie"])
        #expect(set.hasPrefix("infinite_pass_") && set.contains("; HttpOnly; SameSite=Lax"))
        #expect(!set.contains("Secure"), "over plain HTTP a browser would drop it")
        let passed = try await gateway.send(
            .get, "/shop", headers: Self.browser.adding("Cookie", "a=b; \(cookie(solved)); c=d"))
        #expect(passed.status == 200)
        #expect(gateway.seen.value.upstream.last?.headers.values(of: "cookie") == ["a=b; c=d"], "no pass goes upstream")
        #expect(
            try await gateway.send(.post, "/any", headers: Self.browser.adding("Cookie", cookie(solved))).status == 200)
    }

    @Test func `A pass is worth nothing to another browser, and for another decision`() async throws {
        let gateway = try await gateway()
        try gateway.enforce(.challenge)
        let asked = try await gateway.send(.get, "/", headers: Self.browser)
        let pass = cookie(try await solve(gateway, asked.body))
        let other: HTTPHeaders = ["Accept": "text/html", "User-Agent": "Browser/2", "Cookie": pass]
        #expect(try await gateway.send(.get, "/", headers: other).status == 403)
        gateway.state.enforcements.update { table in for old in Array(table.all) { table.remove(old.decision) } }
        try gateway.enforce(.challenge)
        #expect(try await gateway.send(.get, "/", headers: Self.browser.adding("Cookie", pass)).status == 403)
    }

    @Test func `A proof counts once, and a wrong one gets a new puzzle and the reason`() async throws {
        let gateway = try await gateway()
        try gateway.enforce(.challenge)
        let asked = try await gateway.send(.get, "/shop", headers: Self.browser)
        #expect(try await solve(gateway, asked.body).status == 303)
        let again = try await solve(gateway, asked.body)
        #expect(again.status == 403 && again.head.headers["set-cookie"] == nil)
        #expect(again.body.contains("This proof was used before"))
        #expect(fields(again.body)["back"] == "/shop")
        for changes in [["scope": "route:other"], ["puzzle": "AAAA"], ["number": "x"]] {
            let asked = try await gateway.send(.get, "/shop", headers: Self.browser)
            let refused = try await solve(gateway, asked.body, changing: changes)
            #expect(refused.status == 403 && refused.head.headers["set-cookie"] == nil, "\(changes)")
            #expect(refused.body.contains("role=\"alert\""))
        }
    }

    @Test(arguments: ["//evil.example/", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x=y", "", "/ü"])
    func `Nobody is led out of the site`(back: String) async throws {
        let gateway = try await gateway()
        try gateway.enforce(.challenge)
        let asked = try await gateway.send(.get, "/", headers: Self.browser)
        let solved = try await solve(gateway, asked.body, changing: ["back": back])
        #expect(solved.head.headers["location"] == "/")
    }

    @Test func `Nothing a client wrote gets out of its place in the page`() async throws {
        let gateway = try await gateway()
        try gateway.enforce(.challenge)
        let asked = try await gateway.send(.get, "/?a='><script>x</script>", headers: Self.browser)
        #expect(!asked.body.contains("<script>x"))
        let refused = try await solve(
            gateway, asked.body, changing: ["scope": "\"\u{301}><img src=x>", "puzzle": "<b>"])
        #expect(!refused.body.contains("<img") && !refused.body.contains("\"\u{301}>"))
    }

    @Test func `The page loads nothing from elsewhere, runs nothing of its own text, and says what it does`()
        async throws
    {
        let gateway = try await gateway()
        try gateway.enforce(.challenge)
        let asked = try await gateway.send(.get, "/", headers: Self.browser)
        let policy = try #require(asked.head.headers["content-security-policy"])
        #expect(policy.contains("default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self';"))
        #expect(!policy.contains("unsafe") && !policy.contains("http"))
        #expect(asked.head.headers["cache-control"] == "no-store")
        for part in [
            "<html lang=\"en\">", "<noscript>", "role=\"status\"", "aria-live=\"polite\"", "<h1>", "name=\"viewport\"",
        ] {
            #expect(asked.body.contains(part), "\(part)")
        }
        for file in ["challenge.js", "challenge-worker.js", "challenge.css"] {
            // Also to who is challenged.
            #expect(try await gateway.send(.get, "/_infinite/\(file)", headers: Self.browser).status == 200)
        }
    }

    @Test func `A program is told how to prove it, and can`() async throws {
        let gateway = try await gateway()
        try gateway.enforce(.challenge)
        let api: HTTPHeaders = ["Accept": "application/json", "User-Agent": "robot/1"]
        let asked = try await gateway.send(.get, "/api", headers: api)
        #expect(asked.status == 403)
        #expect(asked.head.headers["content-type"] == "application/problem+json")
        let challenge = try #require(try JSONValue(parsing: Array(asked.body.utf8))["challenge"])
        let puzzle = try #require(challenge["puzzle"]?.stringValue)
        let difficulty = try #require(challenge["difficulty"]?.integerValue)
        let form = [
            "puzzle": puzzle, "scope": challenge["scope"]?.stringValue ?? "",
            "number": Solver.number(puzzle, difficulty: Int(difficulty)),
        ].map { "\($0)=\(PercentEncoding.encode($1.utf8))" }.joined(separator: "&")
        let solved = try await gateway.send(
            .post, challenge["answer_at"]?.stringValue ?? "", headers: api, body: .bytes(Array(form.utf8)))
        #expect(solved.status == 204)
        #expect(try await gateway.send(.get, "/api", headers: api.adding("Cookie", cookie(solved))).status == 200)
    }

    @Test func `Without a secret nobody can be asked, so everybody is refused`() async throws {
        let gateway = try await gateway(ChallengeGate.Settings())
        try gateway.enforce(.challenge)
        let refused = try await gateway.send(.get, "/", headers: Self.browser)
        #expect(refused.status == 403 && !refused.body.contains("<form"))
        let form = Array("puzzle=AAAA&scope=x&number=1".utf8)
        #expect(
            try await gateway.send(.post, ChallengePage.path, headers: Self.browser, body: .bytes(form)).status == 403)
        let forged = Self.browser.adding("Cookie", "\(ChallengePass.cookieName(of: "x"))=AAAA")
        #expect(try await gateway.send(.get, "/", headers: forged).status == 403)
        #expect(gateway.seen.value.upstream.isEmpty)
    }

    @Test func `A route can ask everybody, and its pass is not another route's`() async throws {
        let gateway = try await GatewayFixture(
            routes: { upstream in
                ["/a", "/b"].map { path in
                    var route = Route(name: path, path: (try? RoutePattern(path)) ?? .everything, upstream: upstream)
                    route.isChallenged = true
                    return route
                }
            }, challenge: .easy)
        let asked = try await gateway.send(.get, "/a", headers: Self.browser)
        #expect(asked.status == 403)
        let pass = Self.browser.adding("Cookie", cookie(try await solve(gateway, asked.body)))
        #expect(try await gateway.send(.get, "/a/x", headers: pass).status == 200)
        #expect(try await gateway.send(.get, "/b", headers: pass).status == 403)
    }

    @Test func `A rule of the firewall can ask`() async throws {
        let gateway = try await gateway()
        var rule = FirewallRule("posts", .challenge)
        rule.methods = ["POST"]
        var routing = gateway.state.routing.current
        routing.firewall.rules = [rule]
        try gateway.state.use(routing)
        #expect(try await gateway.send(.get, "/", headers: Self.browser).status == 200)
        let asked = try await gateway.send(.post, "/form", headers: Self.browser)
        #expect(asked.status == 403 && fields(asked.body)["back"] == "/")
        let pass = cookie(try await solve(gateway, asked.body))
        #expect(try await gateway.send(.post, "/form", headers: Self.browser.adding("Cookie", pass)).status == 200)
    }
}

/// An external captcha, played by a server of the test.
@Suite(.timeLimit(.minutes(2))) struct CaptchaTests {
    private func settings(_ server: SocketAddress, timeout: Duration = .seconds(5)) -> ChallengeGate.Settings {
        var settings = ChallengeGate.Settings.easy
        settings.captcha = CaptchaSettings(
            endpoint: HTTPEndpoint(server), path: "/siteverify", siteKey: "site&1", secret: "s=1",
            script: "https://captcha.example/api.js", origins: ["https://captcha.example"], widgetClass: "h-captcha",
            responseField: "h-captcha-response", timeout: timeout)
        return settings
    }

    /// Answers `body` and remembers what it was asked.
    private func server(
        _ group: ReactorGroup, _ answer: @escaping @Sendable (HTTPResponseWriter) async throws -> Void,
        asked: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> (HTTPServer, SocketAddress) {
        let server = HTTPServer(
            HTTPServerConfiguration(address: .loopback(port: 0)), group: group,
            handler: HTTPHandlerFunction { request, response in
                asked(String(decoding: try await request.body.collect(upTo: 1 << 16), as: UTF8.self))
                try await answer(response)
            })
        return (server, try await server.start())
    }

    private func answer(_ gateway: GatewayFixture, _ response: String) async throws -> GatewayFixture.Answer {
        let browser: HTTPHeaders = ["Accept": "text/html", "User-Agent": "Browser/1"]
        let asked = try await gateway.send(.get, "/", headers: browser)
        #expect(asked.status == 403 && asked.body.contains("data-sitekey=\"site&amp;1\""))
        #expect(
            asked.head.headers["content-security-policy"]?.contains("script-src 'self' https://captcha.example") == true
        )
        let hidden = asked.body.split(separator: "<input type=\"hidden\" ").dropFirst().map { input in
            let parts = input.split(separator: "\"", omittingEmptySubsequences: false)
            return "\(parts[1])=\(PercentEncoding.encode(parts[3].utf8))"
        }
        let form = (hidden + ["h-captcha-response=\(response)"]).joined(separator: "&")
        return try await gateway.send(.post, ChallengePage.path, headers: browser, body: .bytes(Array(form.utf8)))
    }

    @Test func `An answer that the captcha's server accepts is a proof`() async throws {
        let group = try ReactorGroup(count: 1)
        let asked = Mutex<[String]>([])
        let (server, address) = try await server(group) { response in
            try await response.respond(.ok, body: Array(#"{"success": true}"#.utf8))
        } asked: { body in
            asked.withLock { $0.append(body) }
        }
        let gateway = try await GatewayFixture(challenge: settings(address))
        try gateway.enforce(.challenge)
        let solved = try await answer(gateway, "token")
        #expect(solved.status == 303 && solved.head.headers["set-cookie"] != nil)
        #expect(asked.withLock { $0 } == ["secret=s%3D1&response=token&remoteip=127.0.0.1&sitekey=site%261"])
        #expect(try await answer(gateway, "").status == 403, "no answer is not even asked about")
        await server.stop(deadline: .after(.seconds(1)))
    }

    @Test(arguments: [
        (200, #"{"success": false}"#), (200, #"{"success": "true"}"#), (200, "yes"), (200, ""),
        (500, #"{"success": true}"#), (302, #"{"success": true}"#),
    ])
    func `Whatever else it says means no`(status: Int, body: String) async throws {
        let group = try ReactorGroup(count: 1)
        let (server, address) = try await server(group) { response in
            try await response.respond(HTTPStatus(status), body: Array(body.utf8))
        }
        let gateway = try await GatewayFixture(challenge: settings(address))
        try gateway.enforce(.challenge)
        let refused = try await answer(gateway, "token")
        #expect(refused.status == 403 && refused.head.headers["set-cookie"] == nil)
        #expect(refused.body.contains("could not be verified"))
        await server.stop(deadline: .after(.seconds(1)))
    }

    @Test func `A server that is away or too slow means no`() async throws {
        let away = try await GatewayFixture(challenge: settings(.loopback(port: 1)))
        try away.enforce(.challenge)
        #expect(try await answer(away, "token").status == 403)
        let group = try ReactorGroup(count: 1)
        let (server, address) = try await server(group) { response in
            try await Reactor.sleep(for: .seconds(30))
            try await response.respond(.ok, body: Array(#"{"success": true}"#.utf8))
        }
        let slow = try await GatewayFixture(challenge: settings(address, timeout: .milliseconds(50)))
        try slow.enforce(.challenge)
        #expect(try await answer(slow, "token").status == 403)
        await server.stop(deadline: .after(.milliseconds(1)))
    }
}

extension HTTPHeaders {
    func adding(_ name: String, _ value: String) -> HTTPHeaders {
        var headers = self
        headers.add(name, value)
        return headers
    }
}
