import Core
import HTTP
import Reactor
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import gateway

/// An upstream that counts, and says what it is told to say.
private final class Origin: Sendable {
    struct Answer: Sendable {
        var status = HTTPStatus.ok
        var headers: HTTPHeaders
        var body: String?
    }
    private struct State {
        var count = 0
        var answer: Answer
        var isHeld = false
        var breaksOff = false
    }
    private let state: Mutex<State>

    init(_ headers: HTTPHeaders, status: HTTPStatus = .ok, body: String? = nil) {
        state = Mutex(State(answer: Answer(status: status, headers: headers, body: body)))
    }

    var count: Int { state.withLock { $0.count } }

    func say(_ headers: HTTPHeaders, status: HTTPStatus = .ok, body: String? = nil) {
        state.withLock { $0.answer = Answer(status: status, headers: headers, body: body) }
    }
    func breakOff() { state.withLock { $0.breaksOff = true } }
    func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }

    /// The body is the number of the request, unless another is given.
    @Sendable func serve(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
        let (answer, number, breaksOff) = state.withLock { state in
            state.count += 1
            return (state.answer, state.count, state.breaksOff)
        }
        if breaksOff { throw HTTPFailure.truncated }
        while state.withLock({ $0.isHeld }) { try await Reactor.sleep(for: .milliseconds(5)) }
        if let tag = answer.headers["etag"], request.head.headers["if-none-match"] == tag {
            return try await response.respond(.notModified, headers: answer.headers)
        }
        try await response.respond(
            answer.status, headers: answer.headers, body: Array((answer.body ?? "\(number)").utf8))
    }
}

extension GatewayFixture {
    fileprivate convenience init(
        _ origin: Origin, reactors: Int = 1, _ adjust: @escaping (inout Route) -> Void = { _ in }
    ) async throws {
        try await self.init(
            route: { route in
                route.cache = CachePolicy()
                adjust(&route)
            }, reactors: reactors, upstream: origin.serve)
    }
}

@Suite(.timeLimit(.minutes(2))) struct CachedRouteTests {
    private static let fresh: HTTPHeaders = ["Cache-Control": "max-age=600"]
    /// Stale by ninety seconds when it comes, so that no test has to wait for it.
    private static func stale(_ more: String, tag: String? = nil) -> HTTPHeaders {
        var headers: HTTPHeaders = ["Cache-Control": "max-age=10, \(more)", "Age": "100"]
        if let tag { headers.add("ETag", tag) }
        return headers
    }

    private func metric(_ gateway: GatewayFixture, _ name: String) -> Int {
        let lines = String(decoding: gateway.registry.exposition(), as: UTF8.self).split(separator: "\n")
        let line = lines.first { $0.hasPrefix("\(name) ") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0
    }

    @Test func `RFC 9111 §4: a stored answer is used, with its age, and the upstream is left alone`() async throws {
        let origin = Origin(["Cache-Control": "max-age=600", "Age": "20", "X-Kind": "page"])
        let gateway = try await GatewayFixture(origin)
        let first = try await gateway.send(.get, "/a?b=1")
        #expect(first.head.headers["cache-status"] == "infinite; fwd=uri-miss; stored")
        let second = try await gateway.send(.get, "/a?b=1")
        #expect((second.status, second.body, second.head.headers["x-kind"]) == (200, "1", "page"))
        #expect(second.head.headers["cache-status"]?.hasPrefix("infinite; hit; ttl=") == true)
        #expect((second.head.headers["age"].flatMap { Int($0) } ?? 0) >= 20)
        #expect(second.head.headers["x-request-id"] != first.head.headers["x-request-id"])
        let head = try await gateway.send(.head, "/a?b=1")
        #expect((head.status, head.body, head.head.headers["content-length"]) == (200, "", "1"))
        #expect(origin.count == 1)
        #expect(try await gateway.send(.get, "/a?b=2").body == "2")
        #expect(metric(gateway, "gateway_cache_requests_total{result=\"hit\"}") == 2)
        #expect(metric(gateway, "gateway_cache_entries") == 2)
        #expect(metric(gateway, "gateway_cache_bytes") > 0)
    }

    @Test func `A route without a cache has none, and says nothing of one`() async throws {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(upstream: origin.serve)
        for _ in 0..<2 { #expect(try await gateway.send(.get, "/").head.headers["cache-status"] == nil) }
        #expect(origin.count == 2)
    }

    /// Fields of the answer that keep it out of the store
    @Test(arguments: [
        ("Set-Cookie", "id=1"), ("Cache-Control", "private"), ("Cache-Control", "no-store"), ("Vary", "*"),
        ("Content-Type", "text/event-stream"), ("Content-Range", "bytes 0-0/1"),
    ]) func `RFC 9111 §3: what is for one is not kept for others`(name: String, value: String) async throws {
        var headers = Self.fresh
        headers.add(name, value)
        let origin = Origin(headers)
        let gateway = try await GatewayFixture(origin)
        #expect(try await gateway.send(.get, "/").body == "1")
        #expect(try await gateway.send(.get, "/").body == "2")
    }

    /// A request that the cache has to keep out of: what it would plant, others would get. The first that follows without
    /// it asks the upstream, and so does the second with it.
    @Test(arguments: [
        ("X-Host", "evil.example"), ("X-Forwarded-Scheme", "http"), ("X-Original-URL", "/evil"),
        ("X-HTTP-Method-Override", "POST"), ("Cookie", "session=1"),
        ("Range", "bytes=0-0"), ("If-Match", "\"x\""), ("X-Requested-With", "XMLHttpRequest"),
        ("Authorization", "Basic YTpi"), ("Content-Type", "text/plain"),
    ]) func `What no key holds and may change an answer keeps out of the cache`(
        name: String, value: String
    ) async throws {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(origin)
        let planted = try await gateway.send(.get, "/", headers: HTTPHeaders([(name, value)]))
        #expect(planted.body == "1")
        #expect(try await gateway.send(.get, "/").body == "2")
        #expect(try await gateway.send(.get, "/").body == "2")
        #expect(try await gateway.send(.get, "/", headers: HTTPHeaders([(name, value)])).body == "3")
    }

    @Test func `A host, a port, an origin or a query of its own is a key of its own`() async throws {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(origin)
        var bodies: [String] = []
        for host in ["shop.example", "shop.example:1337", "SHOP.example", "other.example"] {
            bodies.append(try await gateway.send(.get, "/", host: host).body)
        }
        bodies.append(
            try await gateway.send(.get, "/", host: "shop.example", headers: ["Origin": "https://evil.example"]).body)
        for target in ["/?", "/?a", "/%61", "/a", "//a"] {
            bodies.append(try await gateway.send(.get, target, host: "shop.example").body)
        }
        #expect(Set(bodies).count == 10)
        #expect(try await gateway.send(.get, "/", host: "shop.example").body == "1")
    }

    @Test func `A body of GET keeps out of the cache, and so does what inspection found something in`() async throws {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(origin) { $0.inspection = .observe }
        #expect(try await gateway.send(.get, "/", body: .bytes([1])).body == "1")
        #expect(try await gateway.send(.get, "/").body == "2")
        let attack = "/?id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
        let observed = try await gateway.send(.get, attack)
        #expect(observed.head.headers["cache-status"] == "infinite; fwd=bypass; detail=suspicious")
        #expect(try await gateway.send(.get, attack).body == "4")
    }

    @Test func `What is stored is for those who may ask: a ban comes first`() async throws {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(origin)
        #expect(try await gateway.send(.get, "/").status == 200)
        try gateway.enforce(.ban)
        #expect(try await gateway.send(.get, "/").status == 403)
    }

    @Test func `Cookies that the route removes neither reach the upstream nor keep the answer out`() async throws {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(origin) { route in
            route.cache?.cookies = .remove
            route.cache?.keyFields = ["x-tenant"]
            route.requestFields.set = [FieldEdits.Field("X-Edge", "1")]
        }
        let headers: HTTPHeaders = ["Cookie": "a=b", "X-Edge": "forged", "X-Tenant": "a"]
        #expect(try await gateway.send(.get, "/", headers: headers).body == "1")
        #expect(try await gateway.send(.get, "/", headers: ["X-Tenant": "a"]).body == "1")
        #expect(try await gateway.send(.get, "/", headers: ["X-Tenant": "b"]).body == "2")
        #expect(gateway.seen.value.upstream.first?.headers["cookie"] == nil)
    }

    @Test func `RFC 9111 §3.5: with Authorization only what says it is for all`() async throws {
        let origin = Origin(["Cache-Control": "public, max-age=600"])
        let gateway = try await GatewayFixture(origin)
        let token: HTTPHeaders = ["Authorization": "Basic YTpi"]
        #expect(try await gateway.send(.get, "/", headers: token).body == "1")
        #expect(try await gateway.send(.get, "/").body == "1")
        #expect(try await gateway.send(.get, "/", headers: ["Authorization": "Basic Yzpk"]).body == "1")
    }

    @Test func `RFC 9111 §4.1: Vary keeps answers apart, and all of them`() async throws {
        let origin = Origin(["Cache-Control": "max-age=600", "Vary": "Accept-Language"])
        let gateway = try await GatewayFixture(origin)
        for (language, body) in [("de", "1"), ("fr", "2"), ("de", "1"), ("fr", "2")] {
            #expect(try await gateway.send(.get, "/", headers: ["Accept-Language": language]).body == body)
        }
        let none = try await gateway.send(.get, "/")
        #expect((none.body, none.head.headers["cache-status"]) == ("3", "infinite; fwd=vary-miss; stored"))
    }

    @Test func `Compressed content is for those who accept it, even if the upstream forgets to say so`() async throws {
        let origin = Origin(["Cache-Control": "max-age=600", "Content-Encoding": "gzip"])
        let gateway = try await GatewayFixture(origin)
        #expect(try await gateway.send(.get, "/", headers: ["Accept-Encoding": "gzip"]).body == "1")
        #expect(try await gateway.send(.get, "/").body == "2")
        #expect(try await gateway.send(.get, "/", headers: ["Accept-Encoding": "gzip"]).body == "1")
    }

    @Test func `RFC 9111 §4.3: what is stale is asked about, and a 304 makes it fresh`() async throws {
        let origin = Origin(Self.stale("x", tag: "\"a\""), body: "content")
        let gateway = try await GatewayFixture(origin)
        _ = try await gateway.send(.get, "/")
        origin.say(["Cache-Control": "max-age=600", "ETag": "\"a\"", "X-New": "yes"])
        let validated = try await gateway.send(.get, "/")
        #expect((validated.status, validated.body, validated.head.headers["x-new"]) == (200, "content", "yes"))
        #expect(validated.head.headers["cache-status"] == "infinite; fwd=stale; fwd-status=304; stored")
        #expect(gateway.seen.value.upstream.last?.headers["if-none-match"] == "\"a\"")
        #expect(try await gateway.send(.get, "/").body == "content")
        #expect(origin.count == 2)
        #expect(metric(gateway, "gateway_cache_validated_total") == 1)
    }

    @Test func `RFC 9111 §4.3.3: a whole new answer takes the old one's place`() async throws {
        let origin = Origin(Self.stale("x", tag: "\"a\""), body: "old")
        let gateway = try await GatewayFixture(origin)
        _ = try await gateway.send(.get, "/")
        origin.say(["Cache-Control": "max-age=600", "ETag": "\"b\""], body: "new")
        #expect(try await gateway.send(.get, "/").body == "new")
        #expect(try await gateway.send(.get, "/").body == "new")
        #expect((origin.count, metric(gateway, "gateway_cache_entries")) == (2, 1))
    }

    @Test func `RFC 9111 §4.3.2: who has it already hears so from the store`() async throws {
        let origin = Origin([
            "Cache-Control": "max-age=600", "ETag": "\"a\"", "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
            "Content-Type": "text/plain",
        ])
        let gateway = try await GatewayFixture(origin)
        // The first asks for all of it, whatever its client has.
        let first = try await gateway.send(.get, "/", headers: ["If-None-Match": "\"a\""])
        #expect((first.status, gateway.seen.value.upstream[0].headers["if-none-match"]) == (304, nil))
        let second = try await gateway.send(.get, "/", headers: ["If-None-Match": "W/\"a\""])
        #expect((second.status, second.head.headers["etag"]) == (304, "\"a\""))
        #expect(second.head.headers["content-type"] == nil)
        let since = try await gateway.send(
            .get, "/", headers: ["If-Modified-Since": "Mon, 07 Nov 1994 08:49:37 GMT"])
        #expect(since.status == 304)
        #expect(try await gateway.send(.get, "/", headers: ["If-None-Match": "\"b\""]).body == "1")
        #expect(origin.count == 1)
    }

    @Test func `RFC 5861 §3: stale is served at once, and the next one is fresh`() async throws {
        let origin = Origin(Self.stale("stale-while-revalidate=600"))
        let gateway = try await GatewayFixture(origin)
        #expect(try await gateway.send(.get, "/").body == "1")
        origin.say(Self.fresh)
        let stale = try await gateway.send(.get, "/")
        #expect(stale.body == "1")
        #expect(stale.head.headers["cache-status"]?.hasSuffix("detail=stale-while-revalidate") == true)
        try await eventually("the new answer is there") { try await gateway.send(.get, "/").body == "2" }
        #expect(origin.count == 2)
    }

    @Test func `RFC 5861 §4: an upstream that fails is stood in for`() async throws {
        let origin = Origin(Self.stale("stale-if-error=600"))
        let gateway = try await GatewayFixture(origin)
        #expect(try await gateway.send(.get, "/").body == "1")
        origin.say([:], status: .serviceUnavailable)
        let standIn = try await gateway.send(.get, "/")
        #expect((standIn.status, standIn.body) == (200, "1"))
        #expect(standIn.head.headers["cache-status"]?.contains("fwd-status=503") == true)
        origin.breakOff()
        #expect(try await gateway.send(.get, "/").body == "1")
        #expect(try await gateway.send(.get, "/never-stored").status == 502)
    }

    @Test func `RFC 9111 §5.2.2.2: what must be asked about does not stand in`() async throws {
        let origin = Origin(Self.stale("must-revalidate, stale-if-error=600", tag: "\"a\""))
        let gateway = try await GatewayFixture(origin)
        #expect(try await gateway.send(.get, "/").body == "1")
        origin.say([:], status: .serviceUnavailable)
        #expect(try await gateway.send(.get, "/").status == 503)
    }

    @Test func `RFC 9111 §5.2.1.7: who wants only what is stored hears when nothing is`() async throws {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(origin)
        let asking: HTTPHeaders = ["Cache-Control": "only-if-cached"]
        #expect(try await gateway.send(.get, "/", headers: asking).status == 504)
        _ = try await gateway.send(.get, "/")
        #expect(try await gateway.send(.get, "/", headers: asking).status == 200)
        #expect(origin.count == 1)
    }

    @Test func `RFC 9111 §4.4: a change is seen by whoever asks after it, on every reactor`() async throws {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(origin, reactors: 2)
        func readAll() async throws -> Set<Int> {
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<16 { group.addTask { Int(try await gateway.send(.get, "/a").body) } }
                return try await group.reduce(into: []) { numbers, number in
                    if let number { numbers.insert(number) }
                }
            }
        }
        let before = try await readAll()
        // Another resource, and an attempt that failed, change nothing.
        _ = try await gateway.send(.post, "/b")
        let unchanged = try await readAll()
        #expect(!unchanged.isDisjoint(with: before))
        let changed = try #require(Int(try await gateway.send(.delete, "/a").body))
        for number in try await readAll() { #expect(number > changed) }
    }

    @Test func `RFC 9111 §4.4: what the answer to a change names is forgotten too, of the same origin only`()
        async throws
    {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(origin)
        for path in ["/list", "/item"] { _ = try await gateway.send(.get, path, host: "shop.example") }
        origin.say(
            ["Location": "http://shop.example/item", "Content-Location": "//evil.example/list"], status: .created)
        _ = try await gateway.send(.post, "/items", host: "shop.example")
        origin.say(Self.fresh)
        #expect(try await gateway.send(.get, "/item", host: "shop.example").body == "4")
        #expect(try await gateway.send(.get, "/list", host: "shop.example").body == "1")
    }

    @Test func `A cold resource that many ask for is fetched once`() async throws {
        let origin = Origin(Self.fresh)
        let gateway = try await GatewayFixture(origin)
        origin.hold(true)
        let bodies = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { try await gateway.send(.get, "/").body } }
            try await eventually("the first has come through") { origin.count == 1 }
            origin.hold(false)
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect((bodies, origin.count) == (["1"], 1))
    }

    @Test func `What is not to be stored keeps nobody waiting for it`() async throws {
        let origin = Origin(["Cache-Control": "no-store"])
        let gateway = try await GatewayFixture(origin)
        origin.hold(true)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<5 { group.addTask { try await gateway.send(.get, "/").status } }
            try await eventually("the first has come through") { origin.count >= 1 }
            origin.hold(false)
            for try await status in group { #expect(status == 200) }
        }
        #expect(origin.count == 5)
    }

    @Test func `What turns out too large goes on to its client whole, and is not stored`() async throws {
        let page = String(repeating: "x", count: 300_000)
        let gateway = try await GatewayFixture(
            route: { route in
                route.cache = CachePolicy()
                route.cache?.largestAnswer = .kibibytes(64)
            },
            upstream: { request, response in
                let isKnown = request.head.target == "/known"
                try response.start(.ok, headers: Self.fresh, length: isKnown ? page.utf8.count : nil)
                let bytes = Array(page.utf8)
                for start in stride(from: 0, to: bytes.count, by: 10_000) {
                    try await response.write(Array(bytes[start..<start + 10_000]))
                }
                try await response.finish()
            })
        for target in ["/known", "/unknown", "/known", "/unknown"] {
            let answer = try await gateway.send(.get, target)
            #expect(answer.body == page)
            #expect(answer.head.headers["cache-status"] == "infinite; fwd=uri-miss")
        }
        #expect(metric(gateway, "gateway_cache_entries") == 0)
    }

    @Test func `What a route does to answers it does to stored ones, for each client anew`() async throws {
        let page = "<!DOCTYPE html>" + String(repeating: "<p>All the same.</p>", count: 200)
        let origin = Origin(["Cache-Control": "max-age=600", "Content-Type": "text/html", "ETag": "\"a\""], body: page)
        let gateway = try await GatewayFixture(origin) { route in
            route.compression = CompressionPolicy()
            route.responseFields.set = [FieldEdits.Field("X-Edge", "1")]
        }
        for _ in 0..<2 {
            let packed = try await gateway.sendRaw(.get, "/", headers: ["Accept-Encoding": "gzip"])
            #expect(packed.head.headers["content-encoding"] == "gzip")
            #expect(packed.head.headers["x-edge"] == "1")
            #expect(packed.body.count < 1_000)
            #expect(try await gateway.send(.get, "/").body == page)
        }
        #expect(origin.count == 1)
        let weak = try await gateway.send(.get, "/", headers: ["Accept-Encoding": "gzip", "If-None-Match": "W/\"a\""])
        #expect(weak.status == 304)
    }

    @Test func `A route that was changed finds nothing of what was stored before`() throws {
        var route = Route(name: "shop", upstream: "a:1")
        route.cache = CachePolicy()
        let before = ActiveRoute(route)
        #expect(ActiveRoute(route).identity == before.identity)
        route.requestFields.set = [FieldEdits.Field("X-Edge", "1")]
        #expect(ActiveRoute(route).identity != before.identity)
        let table = RouteTable([route, Route(name: "other", upstream: "b:1")])
        #expect(table.routes.allSatisfy { $0.isBesideCache }, "a POST there may change what is stored here")
        #expect(!RouteTable([Route(name: "other", upstream: "b:1")]).routes.contains { $0.isBesideCache })
    }
}
