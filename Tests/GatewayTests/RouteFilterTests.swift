import Compression
import Contracts
import Core
import Foundation
import HTTP
import Inspection
import Reactor
import Testing

@testable import gateway

@Suite struct PathTemplateTests {
    /// pattern, template, path, what becomes of it
    @Test(arguments: [
        ("/api", "{rest}", "/api/users", "/users"), ("/api", "{rest}", "/api", "/"),
        ("/api", "/v2{rest}", "/api/users/", "/v2/users/"), ("/api", "/v2{rest}", "/api", "/v2"),
        ("/users/{id}", "/accounts/{id}", "/users/5", "/accounts/5"),
        ("/t/{tenant}/*", "/{tenant}{rest}", "/t/acme/x/y", "/acme/x/y"),
        ("/{a}/{b}", "/{b}/{a}", "/1/2", "/2/1"), ("/", "/x{path}", "/a", "/x/a"),
        ("/{a}", "/{a}", "/%2f%2Fevil", "/%2F%2Fevil"), ("/{a}", "{a}", "/x", "/x"),
    ]) func `A path is rewritten by what it says itself`(
        pattern: String, template: String, path: String, expected: String
    ) throws {
        let pattern = try RoutePattern(pattern)
        let template = try PathTemplate(template, for: pattern, pieces: PathTemplate.forPaths)
        let filled = template.fillPath(try #require(RequestPath(path)), of: pattern)
        #expect(String(decoding: filled, as: UTF8.self) == expected)
    }

    /// template for /{id}/*, whether it may be a redirect's target
    @Test(arguments: [
        ("/x", true), ("/{id}", true), ("{path}", true), ("{rest}{query}", true), ("/{rest}", true),
        ("https://a.example{path}", true), ("{scheme}://{host}/{id}{rest}", true), ("http://{host}{query}", true),
        ("//a.example/", false), ("{id}/x", false), ("https://{id}.example/", false), ("https://{id}", false),
        ("https://", false), ("javascript:alert(1)", false), ("x", false), ("{host}/x", false),
    ]) func `No part of a path becomes a host`(text: String, isSafe: Bool) throws {
        let pattern: RoutePattern = "/{id}/*"
        let template = try PathTemplate(text, for: pattern, pieces: PathTemplate.forTargets)
        #expect(template.isSafeTarget == isSafe)
        let path = try #require(RequestPath("/a/evil.example/b"))
        let source = PathTemplate.Source(path: path, host: "h")
        #expect(!isSafe || !template.fillTarget(source, of: pattern).starts(with: "//".utf8))
    }

    @Test func `What stands for nothing is refused`() throws {
        #expect(throws: PathTemplate.UnknownPiece(name: "id")) {
            try PathTemplate("/{id}", for: "/users", pieces: PathTemplate.forPaths)
        }
        #expect(throws: PathTemplate.UnknownPiece(name: "query")) {
            try PathTemplate("/{query}", for: "/", pieces: PathTemplate.forPaths)
        }
    }
}

@Suite struct AnswerCompressionTests {
    /// Accept-Encoding, what is chosen
    @Test(
        arguments: [
            ("gzip", .gzip), ("br", .brotli), ("gzip, br", .brotli), ("gzip;q=1.0, br;q=0.9", .gzip),
            ("GZIP ; Q=0.5", .gzip), ("gzip;q=0", nil), ("*", .brotli), ("*;q=0", nil), ("br;q=0, *", .gzip),
            ("identity", nil), ("identity;q=1, gzip;q=0.5", nil), ("identity;q=0.1, gzip;q=0.5", .gzip), ("", nil),
            ("deflate, zstd", nil), ("x-gzip", .gzip), ("gzip;q=2", nil), ("gzip;q=nan", nil), (",,;,", nil),
        ] as [(String, ContentCoding?)])
    func `The coding the client likes best is taken`(accepted: String, expected: ContentCoding?) {
        #expect(AcceptedCodings.choose(accepted, among: ContentCoding.allCases) == expected)
    }

    @Test(arguments: [
        ("text/html; charset=utf-8", true), ("Application/JSON", true), ("application/problem+json", true),
        ("image/svg+xml", true), ("image/png", false), ("application/zip", false), ("text/event-stream", false),
        ("", false), ("video/mp4", false), ("application/octet-stream", false),
    ]) func `Only what shrinks is compressed`(type: String, expected: Bool) {
        #expect(CompressionPolicy().takes(contentType: type) == expected)
    }

    private typealias Facts = AnswerCompression.Facts

    @Test func `What must stay as it is stays as it is`() {
        let policy = CompressionPolicy()
        let untouched = [
            Facts(status: 204), Facts(status: 304), Facts(status: 206), Facts(length: 100),
            Facts(contentType: "image/png"), Facts(contentType: nil), Facts(contentEncoding: "gzip"),
            Facts(cacheControl: "public, No-Transform"), Facts(hasRange: true),
        ]
        for facts in untouched { #expect(AnswerCompression(policy, facts) == .no, "\(facts)") }
        #expect(AnswerCompression(policy, Facts(isHead: true)) == .varies)
        #expect(AnswerCompression(policy, Facts(accepted: nil)) == .varies)
        #expect(AnswerCompression(policy, Facts(length: 1_024)) == .with(.gzip))
        #expect(AnswerCompression(policy, Facts(status: 404, contentEncoding: "identity")) == .with(.gzip))
    }
}

@Suite(.timeLimit(.minutes(2))) struct RouteFilterTests {
    private static let page = "<!DOCTYPE html><title>t</title>" + String(repeating: "<p>All the same.</p>", count: 500)

    private func unpack(_ program: String, _ body: [UInt8]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program, "-dc"]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        input.fileHandleForWriting.write(Data(body))
        try input.fileHandleForWriting.close()
        return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    private func serving(
        _ headers: HTTPHeaders = ["Content-Type": "text/html", "ETag": "\"1\""], body: String = page,
        inChunks: Bool = false, route: (inout Route) -> Void
    ) async throws -> GatewayFixture {
        try await GatewayFixture(
            route: route,
            upstream: { _, response in
                guard inChunks else { return try await response.respond(.ok, headers: headers, body: Array(body.utf8)) }
                try response.start(.ok, headers: headers)
                for piece in body.split(separator: "All") { try await response.write(Array("\(piece)All".utf8)) }
                try await response.finish()
            })
    }

    @Test(arguments: [("gzip", "gzip"), ("br", "brotli")], [false, true])
    func `A page is compressed the way its reader likes`(coding: (String, String), inChunks: Bool) async throws {
        let gateway = try await serving(inChunks: inChunks) { $0.compression = CompressionPolicy() }
        let answer = try await gateway.sendRaw(.get, "/", headers: ["Accept-Encoding": coding.0])
        #expect(answer.head.headers["content-encoding"] == coding.0)
        #expect(answer.head.headers["vary"] == "Accept-Encoding")
        #expect(answer.head.headers["etag"] == "W/\"1\"")
        #expect(answer.head.headers["content-length"] == nil)
        if !inChunks { #expect(answer.body.count < 1_000) }
        #expect(try unpack(coding.1, answer.body).hasPrefix(Self.page))
        let plain = try await gateway.send(.get, "/")
        #expect(plain.head.headers["content-encoding"] == nil)
        #expect(plain.head.headers["vary"] == "Accept-Encoding")
        #expect(plain.head.headers["etag"] == "\"1\"")
    }

    @Test func `What streams slowly arrives piece by piece, compressed or not`() async throws {
        let gateway = try await GatewayFixture(
            route: { route in
                var policy = CompressionPolicy()
                policy.types.append(CompressionPolicy.eventStream)
                route.compression = policy
            },
            upstream: { _, response in
                try response.start(.ok, headers: ["Content-Type": "text/event-stream"])
                try await response.write(Array("data: one\n\n".utf8))
                // Until the client hangs up: what it needs is here already.
                try await Reactor.sleep(for: .seconds(60))
            })
        for coding in ["gzip", "identity"] {
            let response = try await gateway.client.send(
                HTTPClientRequest(.get, "/", headers: ["Accept-Encoding": coding]), to: gateway.endpoint,
                deadline: .after(.seconds(20)))
            let first = try await response.body.next(deadline: .after(.seconds(20)))
            #expect((first?.count ?? 0) > 10)
        }
    }

    @Test func `A page gets a link nobody sees, and who follows it is led into the labyrinth`() async throws {
        let gateway = try await serving { $0.hiddenLinks = HiddenLinks(below: "/archive/") }
        let answer = try await gateway.send(.get, "/", headers: ["Accept-Encoding": "gzip"])
        #expect(answer.body.hasPrefix(Self.page))
        #expect(answer.head.headers["content-length"] == "\(answer.body.utf8.count)")
        #expect(answer.head.headers["etag"] == "W/\"1\"")
        #expect(gateway.seen.value.upstream.first?.headers["accept-encoding"] == nil)
        let link = try #require(answer.body.split(separator: "href=\"").last?.split(separator: "\"").first)
        #expect(link.hasPrefix("/archive/"))
        let followed = try await gateway.send(.get, String(link))
        #expect(followed.body == "deeper")
        #expect(gateway.seen.value.observed.last?.outcome == .diverted)
    }

    @Test func `A link goes into a compressed page too, and never into what is no page`() async throws {
        let both: (inout Route) -> Void = { route in
            route.hiddenLinks = HiddenLinks(below: "/archive/")
            route.compression = CompressionPolicy()
        }
        let gateway = try await serving(route: both)
        let answer = try await gateway.sendRaw(.get, "/", headers: ["Accept-Encoding": "gzip"])
        #expect(try unpack("gzip", answer.body).contains("href=\"/archive/"))
        let fragment = try await serving(body: "<p>part of a page</p>", route: both)
        #expect(try await fragment.send(.get, "/").body == "<p>part of a page</p>")
        let json = try await serving(["Content-Type": "application/json"], body: "<!doctype html>", route: both)
        #expect(try await json.send(.get, "/").body == "<!doctype html>")
    }

    @Test func `Fields are removed, set and added, and protection fills what the upstream left open`() async throws {
        let gateway = try await serving([
            "Content-Type": "text/html", "Server": "old", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
        ]) { route in
            route.requestFields.removed = ["cookie"]
            route.requestFields.set = [FieldEdits.Field("X-Tenant", "acme")]
            route.requestFields.added = [FieldEdits.Field("X-Tag", "b")]
            route.responseFields.removed = ["server"]
            route.protection = ProtectiveField.defaults.map(\.field)
            route.protection[2] = ProtectiveField("X-Frame-Options", "SAMEORIGIN", replaces: true)
            route.tellsTiming = true
        }
        let answer = try await gateway.send(
            .get, "/", headers: ["Cookie": "a=b", "X-Tenant": "forged", "X-Tag": "a"])
        let seen = try #require(gateway.seen.value.upstream.first)
        #expect(seen.headers["cookie"] == nil)
        #expect(seen.headers.values(of: "x-tenant") == ["acme"])
        #expect(seen.headers.values(of: "x-tag") == ["a", "b"])
        #expect(answer.head.headers["server"] == nil)
        #expect(answer.head.headers["referrer-policy"] == "no-referrer")
        #expect(answer.head.headers["x-frame-options"] == "SAMEORIGIN")
        #expect(answer.head.headers["content-security-policy"]?.contains("frame-ancestors") == true)
        #expect(answer.head.headers["strict-transport-security"] == nil)
        #expect(answer.head.headers["server-timing"]?.contains("upstream;dur=") == true)
    }

    @Test func `The upstream gets the path and host its route wants, and the query as it was`() async throws {
        let gateway = try await GatewayFixture(route: { route in
            route.path = "/shop/{id}/*"
            // A step up in a path is an attack to the inspection; here it is the routes' business alone.
            route.inspection = .off
            route.upstreamHost = "inner.example"
            route.rewrite = try? PathTemplate("/items/{id}{rest}", for: "/shop/{id}/*", pieces: PathTemplate.forPaths)
        })
        _ = try await gateway.send(.get, "//shop/x/../5/parts?a=/../b")
        let seen = try #require(gateway.seen.value.upstream.first)
        #expect(seen.target == "/items/5/parts?a=/../b")
        #expect(seen.host == "inner.example")
    }

    @Test func `A path that servers read differently is refused before any route`() async throws {
        let gateway = try await GatewayFixture()
        #expect(try await gateway.send(.get, "/static/..%2fadmin").status == 400)
        #expect(gateway.seen.value.upstream.isEmpty)
        #expect(gateway.seen.value.observed.first?.outcome == .refused)
    }

    @Test func `A role asked for below a path is asked for however the path is written`() async throws {
        let gateway = try await GatewayFixture(routes: { address in
            var admin = Route(name: "admin", path: "/admin", upstream: address)
            admin.requiredRole = "admin"
            return [admin, Route(name: "all", upstream: address)]
        })
        for path in ["/admin", "/admin/", "//admin", "/x/../admin", "/%61dmin", "/admin;x=1", "/./admin/x"] {
            #expect(try await gateway.send(.get, path).status == 401, "\(path)")
        }
        #expect(try await gateway.send(.get, "/administrators").status == 200)
    }

    @Test func `A redirect goes where its template says, and nowhere else`() async throws {
        let gateway = try await GatewayFixture(route: { route in
            let target = try? PathTemplate("https://{host}{path}{query}", for: "/", pieces: PathTemplate.forTargets)
            route.answer = target.map { .redirect(status: 308, to: $0) }
        })
        let answer = try await gateway.send(.get, "/a/b?c=d", host: "shop.example")
        #expect(answer.status == 308)
        #expect(answer.head.headers["location"] == "https://shop.example/a/b?c=d")
        #expect(gateway.seen.value.observed.first?.outcome == .answered)
        let bare = try await GatewayFixture(route: { $0.answer = .redirect(status: 302, to: .path) })
        let evil = try await bare.send(.get, "//evil.example/x", host: "shop.example")
        #expect(evil.head.headers["location"] == "/evil.example/x")
        #expect(try await bare.send(.get, "/\\evil.example").head.headers["location"] == "/%5Cevil.example")
    }

    @Test func `A fixed answer needs no upstream`() async throws {
        let gateway = try await GatewayFixture(route: { route in
            route.answer = .fixed(status: 410, contentType: "text/plain", body: Array("Gone.".utf8))
            route.responseFields.set = [FieldEdits.Field("X-Why", "sold")]
        })
        let answer = try await gateway.send(.get, "/")
        #expect((answer.status, answer.body) == (410, "Gone."))
        #expect(answer.head.headers["x-why"] == "sold")
        #expect(gateway.seen.value.upstream.isEmpty)
    }

    @Test func `What is known to be harmless here passes here`() async throws {
        let attack = "/shop?id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
        let strict = try await GatewayFixture()
        #expect(try await strict.send(.get, attack).status == 403)
        let lenient = try await GatewayFixture(route: { $0.exclusions = [.init(parameter: "id")] })
        #expect(try await lenient.send(.get, attack).status == 200)
    }

    @Test func `A route that needs a scope wants it in the token`() async throws {
        let gateway = try await GatewayFixture(route: { $0.requiredScope = "orders:read" })
        #expect(try await gateway.send(.get, "/").status == 401)
        for (scope, status) in [("orders:write", 403), ("profile orders:read", 200)] {
            let token = try GatewayFixture.token(roles: [], scope: scope)
            #expect(try await gateway.send(.get, "/", headers: ["Authorization": "Bearer \(token)"]).status == status)
        }
    }
}
