import Contracts
import Core
import HTTP
import JSON
import Reactor
import ServiceKit

/// The live page under `/_infinite/`: its files, its session, its feed. The contract is `Assets/README.md`.
struct LivePage: Sendable {
    static let root = "/_infinite/"
    private static let files = [
        ("", "index.html", "text/html; charset=utf-8"), ("app.css", "app.css", "text/css; charset=utf-8"),
        ("app.js", "app.js", "text/javascript; charset=utf-8"), ("icon.svg", "icon.svg", "image/svg+xml"),
        ("challenge.css", "challenge.css", "text/css; charset=utf-8"),
        ("challenge.js", "challenge.js", "text/javascript; charset=utf-8"),
        ("challenge-worker.js", "challenge-worker.js", "text/javascript; charset=utf-8"),
        ("reference", "reference.html", "text/html; charset=utf-8"),
        ("reference.css", "reference.css", "text/css; charset=utf-8"),
        ("reference.js", "reference.js", "text/javascript; charset=utf-8"),
        ("openapi.json", "openapi.json", "application/json"),
    ]
    private static let keepAlive = Duration.seconds(15)
    private static let largestLogin = 4_096

    private static let security: HTTPHeaders = [
        "Content-Security-Policy":
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
        "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()", "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    ]

    private let assets: [String: HTTPStaticResponse]
    private let feed: LiveFeed
    private let calls: APIDispatcher.Call
    private let node: String
    private let timeout: Duration

    private let challenges: ChallengeGate

    init(
        assetsDirectory: String, feed: LiveFeed, node: String, timeout: Duration, challenges: ChallengeGate,
        calls: @escaping APIDispatcher.Call
    ) throws(GatewayFailure) {
        self.feed = feed
        self.challenges = challenges
        self.calls = calls
        self.node = node
        self.timeout = timeout
        var assets: [String: HTTPStaticResponse] = [:]
        for (path, file, type) in Self.files {
            var headers = Self.security
            headers.add("Content-Type", type)
            headers.add("Cache-Control", "no-cache")
            assets[path] = HTTPStaticResponse(
                .ok, headers: headers, body: try Self.read("\(assetsDirectory)/\(file)"))
        }
        self.assets = assets
    }

    private static func read(_ path: String) throws(GatewayFailure) -> [UInt8] {
        do {
            return try SmallFile.read(path, upTo: 1 << 20)
        } catch {
            throw .asset("\(path): \(error); set assets_directory to the folder Services/Gateway/Assets")
        }
    }

    func answer(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange, _ lane: RequestLane
    ) async throws {
        let name = String(request.head.path.dropFirst(Self.root.count))
        switch (request.head.method, name) {
        case (.get, "live"), (.head, "live"): try await live(request, response, exchange, lane)
        case (.post, "session"): try await signIn(request, response, exchange, lane)
        case (.delete, "session"):
            try await response.respond(.noContent, headers: Self.cookies("", 0, request.isSecure))
        case (.get, _), (.head, _):
            guard let asset = assets[name] else { throw Failure(.notFound, "The live page has no such file.") }
            try await response.respond(asset)
        default:
            try await response.respond(Problem(.methodNotAllowed), headers: ["Allow": "GET, HEAD"])
        }
    }

    // MARK: Session

    private func signIn(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange, _ lane: RequestLane
    ) async throws {
        guard !CallerCredential.isForged(request.head) else {
            throw Failure(.forbidden, "The sign-in has to come from the page itself.")
        }
        let body = try await request.body.collect(upTo: Self.largestLogin)
        guard let json = try? JSONValue(parsing: body), let name = json["username"]?.stringValue,
            let password = json["password"]?.stringValue
        else { throw Failure(.invalid, "A sign-in is a JSON object with username and password.") }
        var grant = IssueTokenRequest()
        grant.grantType = .password
        grant.username = name
        grant.password = password
        let answer = try await calls(
            RPCName(AuthRPC.issueToken), grant.wireBytes(), exchange.principal, exchange.trace, .after(timeout))
        let token = try IssueTokenResponse(wireBytes: answer)
        var headers = Self.cookies(token.accessToken, Int(token.expiresIn), request.isSecure)
        headers.add("Cache-Control", "no-store")
        if let pass = stepUpPass(request, exchange, token, lane) { headers.add("Set-Cookie", pass) }
        try await response.respond(.noContent, headers: headers)
    }

    /// Upstreams never see the session's cookie, so a browser that a decision told to sign in gets a pass for it.
    private func stepUpPass(
        _ request: HTTPServerRequest, _ exchange: Exchange, _ token: IssueTokenResponse, _ lane: RequestLane
    ) -> String? {
        let account = (try? lane.verify(token.accessToken, now: .now))?.user.description
        guard let decision = lane.enforcement(of: exchange.client, account: account, now: .now),
            decision.action == .stepUp
        else { return nil }
        return challenges.pass(request, exchange, scope: StepUpGate.scope(of: decision), purpose: .signIn)
    }

    /// One cookie for each path that is ours, so that no upstream ever sees the token.
    private static func cookies(_ token: String, _ seconds: Int, _ isSecure: Bool) -> HTTPHeaders {
        var headers = security
        for path in [root, APIDispatcher.root] {
            let attributes = "Path=\(path); Max-Age=\(seconds); HttpOnly; SameSite=Strict\(isSecure ? "; Secure" : "")"
            headers.add("Set-Cookie", "\(CallerCredential.cookie)=\(token); \(attributes)")
        }
        return headers
    }

    // MARK: The feed

    private func live(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange, _ lane: RequestLane
    ) async throws {
        let caller = try lane.caller(of: request, exchange)
        guard caller.has(.viewer) else { throw Failure(.forbidden, "The live page needs the role viewer.") }
        exchange.isLongLived = true
        guard request.head.method == .get else { return try await response.respond(.ok, headers: Self.security) }
        guard let (id, events) = feed.join() else {
            throw Failure(.exhausted, "Too many live pages are open; close one.", retryAfter: .seconds(10))
        }
        defer { feed.leave(id) }
        let stream = try await ServerSentEvents.start(response, headers: Self.security)
        var hello = JSONWriter()
        hello.object { json in
            json.text("node", node)
            json.text("version", Version.current)
        }
        try await stream.send(event: "hello", data: hello.bytes)
        let end = Deadline.after(caller.expires - .now)
        while !end.hasPassed {
            do throws(StreamFailure) {
                guard let event = try await events.receive(deadline: min(end, .after(Self.keepAlive))) else { return }
                try await Self.forward(event, to: stream)
            } catch .deadlineExceeded {
                try await stream.keepAlive()
            }
        }
    }

    private static func forward(_ event: [UInt8], to stream: ServerSentEvents) async throws(StreamFailure) {
        do {
            try await stream.forward(event)
        } catch {
            throw .closed
        }
    }
}

extension Exchange {
    /// For whom a call is made: whoever the token names, and where they are.
    var principal: Principal {
        var principal = Principal()
        principal.clientAddress = client
        principal.requestID = id
        guard let caller else { return principal }
        principal.userID = caller.user
        principal.sessionID = caller.session ?? .unset
        principal.name = caller.name
        principal.roles = caller.roles.map { role in
            switch role {
            case .viewer: .viewer
            case .editor: .editor
            case .admin: .admin
            case .service: .service
            }
        }
        return principal
    }
}
