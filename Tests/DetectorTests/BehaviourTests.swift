import Core
import Inspection
import TestSupport
import Testing

@testable import detector

/// Sessions as they come over the wire, inspected by the real engine: each test is what somebody did, and what was said
/// about it.
private struct Session {
    static let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

    let inspector: Inspector
    var detection: Detection
    var now = Timestamp(seconds: 1_000_000)
    var client = IPAddress(v4: 0xcb00_7107)
    var agent = Session.browser
    /// What was said, and after how many requests.
    private(set) var told: [(request: Int, line: String)] = []
    private(set) var requests = 0

    init() throws {
        inspector = try Inspector()
        detection = Detection(seed: 42)
    }

    mutating func send(
        _ target: String, _ status: Int = 200, method: String = "GET", referer: String = "",
        after delay: Duration = .milliseconds(200)
    ) throws {
        now = now + delay
        requests += 1
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var scratch = try InspectionScratch()
        var request = ObservedRequest(
            id: UUIDv7(), at: now, client: client, method: Array(method.utf8), host: Array("shop.example".utf8),
            path: Array(parts[0].utf8), query: parts.count > 1 ? Array(parts[1].utf8) : [],
            userAgent: Array(agent.utf8), referer: Array(referer.utf8), status: status, course: .served, route: "shop",
            inspection: nil, user: nil, trace: nil)
        let evidence = inspector.evidence(for: request, &scratch)
        request.inspection = evidence
        if evidence.score > 0.8 { (request.status, request.course) = (403, .stopped) }
        note(detection.observe(request))
    }

    mutating func failLogin(_ name: String, from address: IPAddress, after delay: Duration = .seconds(1)) {
        now = now + delay
        requests += 1
        note(
            detection.observe(
                FailedLogin(request: UUIDv7(), at: now, client: address, claimedName: Array(name.utf8))))
    }

    private mutating func note(_ events: [DetectionEvent]) {
        for case .threat(let threat) in events {
            told.append((requests, "\(threat.category) \(threat.detector) \(threat.client)"))
        }
    }

    func first(_ category: ThreatCategory) -> Int? { told.first { $0.line.hasPrefix("\(category) ") }?.request }
    var lines: [String] { told.map(\.line) }
}

@Suite("Scanners are recognised within twenty requests")
struct ScannerTests {
    @Test("sqlmap, which says who it is: at once")
    func sqlmap() throws {
        var session = try Session()
        session.agent = "sqlmap/1.7.2#stable (https://sqlmap.org)"
        try session.send("/item?id=1")
        #expect(session.first(.scanner) == 1)
    }

    @Test("sqlmap with a browser's user agent: by what it tries")
    func sqlmapInDisguise() throws {
        var session = try Session()
        let values = [
            "1", "8812", "1.%29%27%22%2C%29.%28%27", "1%27HfYxRz%3C%27%22%3EmQwErT",
            "1%29%20AND%204411%3D7043%20AND%20%286532%3D6532",
            "1%20AND%207081%3D7081", "1%27%20AND%205512%3D1049%20AND%20%27xOdK%27%3D%27xOdK", "1%20AND%20SLEEP%285%29",
            "1%27%29%20ORDER%20BY%201--%20-", "1%20UNION%20ALL%20SELECT%20NULL%2CNULL--%20-",
            "%28SELECT%20CONCAT%280x71%2C%28SELECT%20%28ELT%282371%3D2371%2C1%29%29%29%29%29",
            "1%27%3BSELECT%20PG_SLEEP%285%29--",
            "1%20RLIKE%20%28SELECT%20%28CASE%20WHEN%20%282%3D2%29%20THEN%201%20ELSE%200x28%20END%29%29",
        ]
        for value in values { try session.send("/item?id=\(value)") }
        let first = try #require(session.first(.scanner))
        #expect(first <= 20)
    }

    @Test("nikto without its user agent: by what it asks for")
    func nikto() throws {
        var session = try Session()
        let paths = [
            "/", "/favicon.ico", "/kzQm1Xb2.xml", "/cgi-bin/test.cgi", "/.git/HEAD", "/.env", "/phpmyadmin/index.php",
            "/server-status", "/wp-login.php", "/config.php.bak", "/manager/html", "/.htpasswd", "/backup.tar.gz",
            "/phpinfo.php", "/web.config", "/.svn/entries",
        ]
        for path in paths { try session.send(path, path == "/" ? 200 : 404) }
        #expect(try #require(session.first(.scanner)) <= 20)
    }

    @Test("a scanner like wapiti, which looks around first: by its payloads")
    func wapiti() throws {
        var session = try Session()
        for path in ["/", "/shop", "/about", "/contact", "/search?q=a"] { try session.send(path) }
        let payloads = [
            "%3Cscript%3Ealert%28%27w1x2%27%29%3C%2Fscript%3E", "..%2F..%2F..%2Fetc%2Fpasswd", "%3Benv%3B", "%7C%7Cid",
            "%C2%BF%27%22%28", "http%3A%2F%2Fevil.example%2Fx.php%3F", "1%20OR%201%3D1", "%24%7B7%2A7%7D",
            "%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E", "%2Fetc%2Fservices%00",
        ]
        for payload in payloads { try session.send("/search?q=\(payload)") }
        #expect(try #require(session.first(.scanner)) <= 20)
    }

    @Test("one strange request is no scanner", arguments: ["/.env", "/wp-login.php", "/phpinfo.php"])
    func once(path: String) throws {
        var session = try Session()
        try session.send(path, 404)
        for page in 0..<30 { try session.send("/page/\(page * 37 % 11)", referer: "https://shop.example/") }
        // The rules may mention the request itself; the client is not called a scanner for it.
        #expect(session.lines.allSatisfy { $0.contains(" rules ") } && session.lines.count <= 1)
    }

    @Test("an application that has what scanners look for is not a reason to accuse its users")
    func wordpress() throws {
        var session = try Session()
        for _ in 0..<20 {
            // None that the gateway refuses by itself: what is refused is not what the application has.
            for path in ["/wp-login.php", "/wp-admin/", "/wp-json/posts", "/export.zip", "/swagger/", "/console"] {
                try session.send(path, referer: "https://shop.example/")
            }
        }
        #expect(session.lines == [])
    }
}

@Suite("People are left alone")
struct OrdinaryTests {
    @Test("a normal user's session: pages and what belongs to them, a typo, a broken link, a name with an apostrophe")
    func session() throws {
        var session = try Session()
        let site = "https://shop.example/"
        for page in 0..<60 {
            let path = ["/", "/shoes", "/shoes/42", "/basket", "/search?q=O%27Brien+%26+Sons", "/account"][page % 6]
            try session.send(path, referer: site, after: .milliseconds(900 + page * 777 % 9_000))
            for asset in ["/app.css", "/app.js", "/img/\(page).webp", "/font.woff2"] {
                try session.send(asset, referer: site + "shoes", after: .milliseconds(20))
            }
            if page % 20 == 3 { try session.send("/old-page-\(page)", 404, referer: site) }
            if page == 10 {
                for _ in 0..<3 { try session.send("/login", 401, method: "POST", referer: site, after: .seconds(4)) }
                session.detection.observeLogin(of: session.client, at: session.now)
            }
        }
        #expect(session.lines == [])
    }

    @Test("paging through forty result pages is no walk through numbers when it goes back and forth")
    func paging() throws {
        var session = try Session()
        for page in 1...120 {
            try session.send("/results/\(page)", referer: "https://shop.example/", after: .milliseconds(1_500))
            if page % 10 == 0 { try session.send("/item/\(page * 31)", referer: "https://shop.example/") }
        }
        #expect(session.first(.enumeration) == nil || session.first(.enumeration).map { $0 > 40 } == true)
        #expect(session.first(.scanner) == nil)
    }

    @Test("an owner who mistypes while others attack his account is not accused")
    func owner() throws {
        var session = try Session()
        let owner = IPAddress(v4: 0x0a01_0101)
        session.detection.observeLogin(of: owner, at: session.now)
        for index in 0..<60 {
            session.failLogin("maria", from: IPAddress(v4: 0xc633_6400 + UInt32(index) * 257))
        }
        session.failLogin("maria", from: owner)
        #expect(session.first(.bruteForce) != nil)
        #expect(!session.lines.contains { $0.hasSuffix(" \(owner)") })
    }
}

@Suite("Attacks by many")
struct CrowdTests {
    @Test("one account, many addresses with one try each")
    func account() throws {
        var session = try Session()
        for index in 0..<40 { session.failLogin("maria", from: IPAddress(v4: 0xc633_6400 + UInt32(index) * 65_537)) }
        #expect(session.lines.contains { $0.hasPrefix("bruteForce behaviour.accountUnderAttack") })
        #expect(try #require(session.first(.bruteForce)) <= 26)
    }

    @Test("one network, many addresses, another account with every try")
    func network() throws {
        var session = try Session()
        for index in 0..<60 {
            session.failLogin("user\(index)", from: IPAddress(v4: 0xc633_6400 + UInt32(index % 30)))
        }
        #expect(session.lines.contains { $0.hasPrefix("credentialStuffing behaviour.networkLogins") })
        // None of them alone did enough to be noticed.
        #expect(session.lines.allSatisfy { !$0.contains("behaviour.logins") })
    }

    @Test("failures of unrelated people in unrelated networks are nothing")
    func unrelated() throws {
        var session = try Session()
        for index in 0..<500 {
            session.failLogin("user\(index)", from: IPAddress(v4: 0x0b00_0000 + UInt32(index) * 65_537))
        }
        #expect(session.lines == [])
    }

    @Test("pages that do not exist, asked for by a whole network a few at a time")
    func enumeration() throws {
        var session = try Session()
        for index in 0..<400 {
            session.client = IPAddress(v4: 0xc633_6400 + UInt32(index % 50))
            try session.send("/secret-\(index)", 404)
        }
        #expect(session.lines.contains { $0.hasPrefix("enumeration behaviour.networkMissing") })
    }
}

@Suite("Other behaviour")
struct OtherBehaviourTests {
    @Test("walking through the numbers of a path")
    func numbers() throws {
        var session = try Session()
        for number in 1_000..<1_060 { try session.send("/api/orders/\(number)/lines", number % 3 == 0 ? 200 : 403) }
        let first = try #require(session.first(.enumeration))
        #expect((40...45).contains(first))
    }

    @Test("a machine that fetches pages and nothing else, like a clock")
    func machine() throws {
        var session = try Session()
        for index in 0..<100 {
            try session.send("/catalogue/\(index * 7_919 % 1_009)", after: .milliseconds(1_000 + index % 3))
        }
        #expect(try #require(session.first(.scraping)) <= 80)
    }

    @Test("hardly anything is answered")
    func refusals() throws {
        var session = try Session()
        for index in 0..<80 { try session.send("/api/\(["a", "b", "c"][index % 3])", 403) }
        #expect(session.lines.contains { $0.hasPrefix("anomaly behaviour.refusals") })
    }

    @Test("each behaviour is told once a minute, not with every request")
    func repetition() throws {
        var session = try Session()
        session.agent = "nikto"
        for _ in 0..<300 { try session.send("/", 404, after: .seconds(1)) }
        let told = session.lines.count { $0.contains("behaviour.telltale") }
        #expect((2...6).contains(told))
    }
}
