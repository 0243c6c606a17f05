import TestSupport
import Testing

@testable import gateway

extension RoutePattern: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        do { self = try RoutePattern(text) } catch { preconditionFailure("\(text): \(error)") }
    }
}

@Suite struct RoutePatternTests {
    /// pattern, path, whether it takes it
    @Test(arguments: [
        ("/", "/", true), ("/", "/a/b", true),
        ("/shop", "/shop", true), ("/shop", "/shop/", true), ("/shop", "/shop/cart", true),
        ("/shop", "/shopping", false), ("/shop", "/", false), ("/shop", "/Shop", false),
        ("/shop/", "/shop", false), ("/shop/", "/shop/", true), ("/shop/", "/shop/cart", true),
        ("=/shop", "/shop", true), ("=/shop", "/shop/", false), ("=/shop", "/shop/cart", false),
        ("=/", "/", true), ("=/", "/a", false), ("=/shop/", "/shop/", true), ("=/shop/", "/shop", false),
        ("/users/{id}", "/users/5", true), ("/users/{id}", "/users/", false), ("/users/{id}", "/users", false),
        ("/users/{id}", "/users/5/", false), ("/users/{id}", "/users/5/posts", false),
        ("/users/{id}/*", "/users/5", true), ("/users/{id}/*", "/users/5/posts", true),
        ("/users/{id}/posts/{post}", "/users/5/posts/7", true), ("/users/{id}/posts/{post}", "/users/5/likes/7", false),
        ("=/{id}", "/{id}", true), ("=/{id}", "/x", false), ("/*", "/", true), ("/*", "/x/y", true),
    ]) func `A pattern takes what its documentation says`(pattern: String, path: String, expected: Bool) throws {
        let table = RouteTable([Route(name: "it", path: try RoutePattern(pattern), upstream: "a")])
        #expect((table.match(host: "h", method: "GET", path: try #require(RequestPath(path))) != nil) == expected)
    }

    @Test(arguments: [
        "", "shop", "=shop", "/a?b", "/a//b", "/a/../b", "/%41", "/a;b", "/{}", "/{a", "/x{a}", "/{a}/{a}", "/a*",
        "/*/a",
        "/{a-b}", "/a\\b",
    ]) func `A pattern that could never be matched, or in two ways, is refused`(text: String) {
        #expect(throws: RoutePatternFailure.self) { try RoutePattern(text) }
    }
}

@Suite struct RequestPathTests {
    /// as received, as matched; nil: refused
    @Test(
        arguments: [
            ("/", "/"), ("/a/b", "/a/b"), ("/a.b/..c/d...", "/a.b/..c/d..."), ("/%61dmin", "/admin"), ("/%7Ea", "/~a"),
            ("/a%2fb", "/a%2Fb"), ("/a%20b", "/a%20b"), ("/%zz", nil), ("/100%", nil), ("/%%41", nil),
            ("//a///b", "/a/b"), ("/a/", "/a/"),
            ("/a//", "/a/"), ("/a/./b", "/a/b"), ("/a/.", "/a/"), ("/a/..", "/"), ("/a/b/..", "/a/"),
            ("/a/../b", "/b"), ("/../../b", "/b"), ("/%2e%2E/b", "/b"), ("/a/%2e/b", "/a/b"), ("/a;x=1/b;y", "/a/b"),
            ("/a;x", "/a"), ("/;x/a", "/a"), ("/a\\b", "/a%5Cb"), ("/%2561", "/%2561"),
            ("/a/..;/b", nil), ("/a/.;x/b", nil), ("/a%2f..%2fb", nil), ("/..%2fb", nil), ("/a/..%5cb", nil),
            ("/a\\..\\b", nil), ("/a%00", nil), ("/%2e%2e%2fb", nil), ("/a%2f%2e%2e;%2fb", nil),
        ] as [(String, String?)])
    func `Every way of writing a path is one path, or none`(received: String, expected: String?) {
        let path = RequestPath(received)
        #expect(path?.text == expected)
        #expect(path.map { $0.isAsReceived == (received == expected) } ?? true)
    }

    @Test func `What is normal stays so`() throws {
        var random = SeededGenerator(seed: 7)
        let pieces = ["/", "a", "%2e", "..", ".", ";", "%2F", "%41", "\\", "%5c", "é", "%", "//", "%00"]
        for _ in 0..<20_000 {
            let text =
                "/"
                + (0..<Int.random(in: 0..<8, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
            guard let once = RequestPath(text) else { continue }
            let twice = try #require(RequestPath(once.bytes), "\(text) → \(once.text)")
            #expect(twice.text == once.text && twice.isAsReceived, "\(text)")
            #expect(!once.text.contains("//") && !once.text.split(separator: "/").contains(".."), "\(text)")
        }
    }
}

/// Route by route, comparing all of them: slow, and plainly what the documentation says.
private struct NaiveTable {
    let routes: [Route]

    func match(host: String, method: String, path: String, fields: Set<String>) -> String? {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        let candidates = routes.enumerated().compactMap { position, route -> (rank: [Int], name: String)? in
            guard let hostRank = rank(route.hosts, host), let pathRank = rank(route.path.text, segments),
                route.methods.isEmpty || route.methods.contains(method),
                route.fields.allSatisfy({ fields.contains($0.name) == ($0.test == .present) })
            else { return nil }
            let demands = [route.fields.count, route.methods.isEmpty ? 0 : 1, -position]
            return ([hostRank] + pathRank + demands, route.name)
        }
        return candidates.max { $0.rank.lexicographicallyPrecedes($1.rank) }?.name
    }

    private func rank(_ hosts: [String], _ host: String) -> Int? {
        if hosts.isEmpty { return 0 }
        if hosts.contains(host) { return 2 }
        let wild = "*" + host.drop { $0 != "." }
        return hosts.contains(wild) ? 1 : nil
    }

    /// Per segment 4 for a literal, 3 for a parameter; then 2 for a whole path, 1 for below, 0 for a tail. Padded, so
    /// that ranks of patterns of different length compare at the right place.
    private func rank(_ pattern: String, _ segments: [String]) -> [Int]? {
        var text = pattern
        let isExact = text.hasPrefix("=")
        if isExact { text.removeFirst() }
        let isTail = text.hasSuffix("/*")
        if isTail { text.removeLast(2) }
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        let isWhole = isExact || (text.contains("{") && !isTail)
        let isBelow = !isWhole && !isTail && parts.last == ""
        if isBelow { parts.removeLast() }
        guard parts.count <= segments.count, !isWhole || parts.count == segments.count,
            !isBelow || segments.count > parts.count
        else { return nil }
        var rank: [Int] = []
        for (part, segment) in zip(parts, segments) {
            let isParameter = part.hasPrefix("{") && !isExact
            guard isParameter ? !segment.isEmpty : part == segment else { return nil }
            rank.append(isParameter ? 4 : 5)
        }
        rank.append(isWhole ? 2 : isBelow ? 1 : 0)
        return rank + Array(repeating: 0, count: 12 - rank.count)
    }
}

@Suite struct RouteTableProperties {
    private static let words = ["a", "b", "shop", "users", "x"]

    private func randomPattern(_ random: inout SeededGenerator) -> String {
        let count = Int.random(in: 0...4, using: &random)
        var names = ["{p}", "{q}", "{r}", "{s}", "{t}"][...]
        let allowsParameters = Bool.random(using: &random)
        let path = (0..<count).map { _ -> String in
            if allowsParameters, Int.random(in: 0..<3, using: &random) == 0 { return names.popFirst() ?? "a" }
            return Self.words.randomElement(using: &random) ?? "a"
        }.map { "/\($0)" }.joined()
        if path.isEmpty { return ["/", "=/", "/*"].randomElement(using: &random) ?? "/" }
        if path.contains("{") { return path + (["", "/*"].randomElement(using: &random) ?? "") }
        return ["=", ""].randomElement(using: &random).map { $0 + path + (Bool.random(using: &random) ? "/" : "") }
            ?? path
    }

    private func randomRoute(_ number: Int, _ random: inout SeededGenerator) throws -> Route {
        let hosts = [[], [], ["one.example"], ["*.example"], ["one.example", "*.test"], ["two.test"]]
        var route = Route(
            name: "r\(number)", hosts: hosts.randomElement(using: &random) ?? [],
            path: try RoutePattern(randomPattern(&random)),
            methods: [[], [], ["GET"], ["POST", "PUT"]].randomElement(using: &random) ?? [], upstream: "a")
        let fields = [FieldCondition("x-one", .present), FieldCondition("x-two", .absent)]
        if Int.random(in: 0..<4, using: &random) == 0 { route.fields = [fields[number % 2]] }
        if Int.random(in: 0..<9, using: &random) == 0 { route.fields = fields }
        return route
    }

    @Test(arguments: 0..<40) func `The table says what comparing every route says`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let routes = try (0..<Int.random(in: 1...60, using: &random)).map { try randomRoute($0, &random) }
        let (table, naive) = (RouteTable(routes), NaiveTable(routes: routes))
        for _ in 0..<300 {
            let host =
                ["one.example", "three.example", "two.test", "x.test", "a.b.test", "alone"]
                .randomElement(using: &random) ?? ""
            let count = Int.random(in: 0...5, using: &random)
            let path =
                "/" + (0..<count).map { _ in Self.words.randomElement(using: &random) ?? "" }.joined(separator: "/")
                + (count > 0 && Bool.random(using: &random) ? "/" : "")
            let method = ["GET", "POST", "DELETE"].randomElement(using: &random) ?? "GET"
            let fields = Set(["x-one", "x-two"].filter { _ in Bool.random(using: &random) })
            let found = table.match(host: host, method: method, path: try #require(RequestPath(path))) { condition in
                fields.contains(condition.name) == (condition.test == .present)
            }
            let expected = naive.match(host: host, method: method, path: path, fields: fields)
            #expect(found?.route.name == expected, "\(method) \(host)\(path) \(fields)")
        }
    }

    @Test func `A thousand routes cost a look-up what ten cost`() throws {
        func steps(_ count: Int) throws -> Duration {
            let routes = try (0..<count).map {
                Route(name: "r\($0)", path: try RoutePattern("/api/v1/service-\($0)"), upstream: "a")
            }
            let table = RouteTable(routes)
            let path = try #require(RequestPath("/api/v1/service-\(count - 1)/items/5"))
            #expect(table.match(host: "h", method: "GET", path: path)?.route.name == "r\(count - 1)")
            return (0..<5).map { _ in
                ContinuousClock().measure {
                    for _ in 0..<1_000 { _ = table.match(host: "h", method: "GET", path: path) }
                }
            }.min() ?? .zero
        }
        let (few, many) = (try steps(10), try steps(1_000))
        #expect(many < few * 5, "\(few) → \(many)")
    }
}
