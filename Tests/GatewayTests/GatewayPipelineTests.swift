import Contracts
import Core
import HTTP
import Reactor
import Synchronization
import Testing

@testable import gateway

@Suite(.timeLimit(.minutes(2))) struct GatewayPipelineTests {
    @Test func `A harmless request reaches the upstream with the gateway's own word on who sent it`() async throws {
        let gateway = try await GatewayFixture()
        let answer = try await gateway.send(
            .get, "/shop?q=tea", host: "Shop.example:80",
            headers: [
                "X-Forwarded-For": "6.6.6.6", "Infinite-Intruder": "x", "Connection": "x-secret", "X-Secret": "1",
                "Cookie": "a=b", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "TE": "trailers",
            ])
        #expect(answer.status == 200)
        #expect(answer.head.headers["x-powered-by"] == "shop")
        #expect(answer.head.headers["keep-alive"] == nil)
        let seen = try #require(gateway.seen.value.upstream.first)
        #expect(seen.target == "/shop?q=tea")
        #expect(seen.host == "Shop.example:80")
        #expect(seen.headers.values(of: "x-forwarded-for") == ["127.0.0.1"])
        #expect(seen.headers["infinite-intruder"] == nil)
        #expect(seen.headers["te"] == nil)
        #expect(seen.headers["cookie"] == "a=b")
        #expect(seen.headers["traceparent"]?.contains("0af7651916cd43dd8448eb211c80319c") == true)
        #expect(seen.headers["x-request-id"] == answer.head.headers["x-request-id"])
        let event = try #require(gateway.seen.value.observed.first)
        #expect(event.outcome == .proxied)
        #expect(event.requestID.description == answer.head.headers["x-request-id"])
        #expect(String(decoding: event.host, as: UTF8.self) == "shop.example")
        #expect(event.status == 200)
        #expect(gateway.seen.value.blocked.isEmpty)
    }

    @Test func `An attack is stopped before the upstream sees it, and the refusal is a protected event`() async throws {
        let gateway = try await GatewayFixture()
        let answer = try await gateway.send(.get, "/shop?id=1%27%20UNION%20SELECT%20password%20FROM%20users--")
        #expect(answer.status == 403)
        #expect(answer.head.headers["content-type"] == "application/problem+json")
        #expect(gateway.seen.value.upstream.isEmpty)
        let blocked = try #require(gateway.seen.value.blocked.first)
        #expect(blocked.reason == .inspection)
        #expect(blocked.inspectionScore > 0.8)
        #expect(!blocked.findings.isEmpty)
        #expect(answer.body.contains(blocked.requestID.description))
    }

    @Test func `A person who is stopped sees a page that loads nothing and repeats nothing`() async throws {
        let gateway = try await GatewayFixture()
        let answer = try await gateway.send(
            .get, "/?q=%3Cscript%3Ealert(1)%3C/script%3E", headers: ["Accept": "text/html"])
        #expect(answer.status == 403)
        #expect(answer.head.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
        #expect(!answer.body.contains("alert"))
    }

    @Test func `An attack in a body is stopped too, whatever its framing`() async throws {
        let gateway = try await GatewayFixture()
        let body = Array("name=x&comment=1'+UNION+SELECT+password+FROM+users--+".utf8)
        let answer = try await gateway.send(
            .post, "/comments", headers: ["Content-Type": "application/x-www-form-urlencoded"], body: .bytes(body))
        #expect(answer.status == 403)
        #expect(gateway.seen.value.upstream.isEmpty)
    }

    @Test func `Observing judges and lets pass, off does not judge`() async throws {
        let attack = "/shop?id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
        let observing = try await GatewayFixture(route: { $0.inspection = .observe })
        #expect(try await observing.send(.get, attack).status == 200)
        #expect(observing.seen.value.observed.first.map { $0.inspectionScore > 0.8 } == true)
        let off = try await GatewayFixture(route: { $0.inspection = .off })
        #expect(try await off.send(.get, attack).status == 200)
        #expect(off.seen.value.observed.first?.inspectionScore == 0)
    }

    @Test func `An attack behind the inspected beginning is stopped while the body is on its way`() async throws {
        let whole = Atomic<Int>(0)
        let gateway = try await GatewayFixture(upstream: { request, response in
            _ = try await request.body.collect(upTo: 1 << 24)
            whole.add(1, ordering: .relaxed)
            try await response.respond(.ok, text: "thanks")
        })
        let type: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
        let filler = "a=" + String(repeating: "harmless+text+", count: 20_000)
        for (end, status) in [("&b=kind+regards", 200), ("&b=1'+UNION+SELECT+password+FROM+users--+", 403)] {
            let body = HTTPClientRequest.Body.bytes(Array((filler + end).utf8))
            #expect(try await gateway.send(.post, "/comments", headers: type, body: body).status == status)
        }
        #expect(whole.load(ordering: .relaxed) == 1)
        let blocked = try #require(gateway.seen.value.blocked.first)
        #expect(blocked.reason == .inspection && !blocked.findings.isEmpty)
    }

    /// A body of unknown length, in pieces. Confined to the task that sends it, which is what makes it Sendable.
    private final class Pieces: HTTPBodySource, @unchecked Sendable {
        private var pieces: ArraySlice<[UInt8]>
        init(_ pieces: [[UInt8]]) { self.pieces = pieces[...] }
        func nextPiece(of exchange: UInt64, deadline: Deadline) async throws(HTTPFailure) -> [UInt8]? {
            pieces.popFirst()
        }
    }

    @Test func `An attack at the end of a body in chunks leaves the upstream without the end`() async throws {
        let whole = Atomic<Int>(0)
        let gateway = try await GatewayFixture(upstream: { request, response in
            _ = try await request.body.collect(upTo: 1 << 24)
            whole.add(1, ordering: .relaxed)
            try await response.respond(.ok, text: "thanks")
        })
        let type: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
        let filler = [[UInt8]](repeating: Array("a=harmless&".utf8), count: 10_000)
        for (end, status) in [("b=regards", 200), ("b=1'+UNION+SELECT+password+FROM+users--+", 403)] {
            let body = HTTPBody(length: nil, source: Pieces(filler + [Array(end.utf8)]), exchange: 0)
            #expect(try await gateway.send(.post, "/comments", headers: type, body: .stream(body)).status == status)
        }
        #expect(whole.load(ordering: .relaxed) == 1)
    }

    @Test func `A body larger than the inspected beginning arrives whole`() async throws {
        let gateway = try await GatewayFixture()
        let body = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let answer = try await gateway.send(
            .post, "/upload", headers: ["Content-Type": "application/octet-stream"], body: .bytes(body))
        #expect(answer.status == 200)
        #expect(answer.body.utf8.count == body.count)
    }

    @Test func `A body over the route's limit is refused, announced or in chunks`() async throws {
        let gateway = try await GatewayFixture(route: { $0.bodyLimit = .kibibytes(100) })
        let body = [UInt8](repeating: UInt8(ascii: "a"), count: 200_000)
        let announced = try await gateway.send(.post, "/", body: .bytes(body))
        #expect(announced.status == 413)
        #expect(gateway.seen.value.upstream.isEmpty)
    }

    @Test func `A route that needs a role asks for a token, then for the role`() async throws {
        let gateway = try await GatewayFixture(route: { $0.requiredRole = "editor" })
        #expect(try await gateway.send(.get, "/").status == 401)
        let viewer = try GatewayFixture.token(roles: ["viewer"])
        #expect(try await gateway.send(.get, "/", headers: ["Authorization": "Bearer \(viewer)"]).status == 403)
        let admin = try GatewayFixture.token(roles: ["admin"])
        #expect(try await gateway.send(.get, "/", headers: ["Authorization": "bearer \(admin)"]).status == 200)
        #expect(gateway.seen.value.blocked.map(\.reason) == [.unauthenticated, .forbidden])
    }

    @Test func `What no route takes is not found`() async throws {
        let gateway = try await GatewayFixture(route: { $0.hosts = ["shop.example"] })
        #expect(try await gateway.send(.get, "/", host: "other.example").status == 404)
        #expect(gateway.seen.value.observed.first?.outcome == .unrouted)
    }

    @Test func `An upstream that is not there is a 502, one that is too slow a 504`() async throws {
        let absent = try await GatewayFixture(route: { $0.upstream = "127.0.0.1:1" })
        #expect(try await absent.send(.get, "/").status == 502)
        #expect(absent.seen.value.observed.first?.outcome == .upstreamFailed)
        let slow = try await GatewayFixture(route: { $0.timeout = .milliseconds(50) }) { _, response in
            try await Reactor.sleep(for: .seconds(30))
            try await response.respond(.ok)
        }
        #expect(try await slow.send(.get, "/").status == 504)
    }

    @Test func `HEAD keeps the upstream's length without a body`() async throws {
        let gateway = try await GatewayFixture(upstream: { _, response in
            try await response.respond(.ok, body: [UInt8](repeating: 1, count: 1_234))
        })
        let answer = try await gateway.send(.head, "/")
        #expect(answer.head.headers["content-length"] == "1234")
    }
}

@Suite(.timeLimit(.minutes(2))) struct GatewayEnforcementTests {
    @Test func `A banned client is refused, and its event names the decision`() async throws {
        let gateway = try await GatewayFixture()
        try gateway.enforce(.ban)
        #expect(try await gateway.send(.get, "/").status == 403)
        let blocked = try #require(gateway.seen.value.blocked.first)
        #expect(blocked.reason == .ban)
        #expect(blocked.decisionID.isSet)
        #expect(gateway.seen.value.upstream.isEmpty)
    }

    @Test func `A diverted client is answered by the labyrinth and cannot tell`() async throws {
        let gateway = try await GatewayFixture()
        try gateway.enforce(.divert)
        let answer = try await gateway.send(.get, "/admin?x=1", host: "shop.example")
        #expect(answer.body == "deeper")
        #expect(answer.head.headers["x-request-id"] == nil)
        let seen = try #require(gateway.seen.value.labyrinth.first)
        #expect(seen.target == "/admin?x=1")
        #expect(seen.host == "shop.example")
        let client = try #require(IPAddress("127.0.0.1"))
        #expect(seen.headers["infinite-intruder"] == IntruderIdentity.of(client).description)
        #expect(gateway.seen.value.upstream.isEmpty)
        #expect(gateway.seen.value.observed.first?.outcome == .diverted)
    }

    @Test func `A throttled client passes until its burst is used up, then is told how long to wait`() async throws {
        let gateway = try await GatewayFixture()
        try gateway.enforce(.throttle, perSecond: 0.001)
        var statuses: [Int] = []
        for _ in 0..<7 { statuses.append(try await gateway.send(.get, "/").status) }
        #expect(statuses == [200, 200, 200, 200, 200, 429, 429])
        #expect(try await gateway.send(.get, "/").head.headers["retry-after"] != nil)
    }

    @Test func `What cannot be asked for is refused, not waved through`() async throws {
        let gateway = try await GatewayFixture()
        try gateway.enforce(.challenge)
        #expect(try await gateway.send(.get, "/").status == 403)
    }

    @Test func `Behind a trusted proxy the client it names is meant, and only that one`() async throws {
        let gateway = try await GatewayFixture(trustedHops: 1)
        try gateway.enforce(.ban, "9.9.9.9")
        #expect(try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "8.8.8.8, 9.9.9.9"]).status == 403)
        #expect(try await gateway.send(.get, "/", headers: ["X-Forwarded-For": "9.9.9.9, 8.8.8.8"]).status == 200)
    }

    @Test func `The operator's surface is open to a banned address: a ban must be undone by whom it hit`() async throws
    {
        let gateway = try await GatewayFixture()
        try gateway.enforce(.ban)
        #expect(try await gateway.send(.get, "/_infinite/").status == 200)
        #expect(try await gateway.send(.get, "/v1/decisions").status == 401)
    }
}
