import Core
import Database
import Foundation
import JSON
import Reactor
import Telemetry
import TestSupport
import Testing

@testable import detector

private let now = Timestamp(seconds: 1_800_000_000)

private func read(_ text: String, _ format: IndicatorReader.Format) -> IndicatorReader.Result {
    IndicatorReader.read(Array(text.utf8), format, source: "test", at: now, lifetime: .seconds(3_600))
}

private func lines(_ result: IndicatorReader.Result) -> [String] {
    result.indicators.map {
        "\($0.network) \($0.confidence) \(($0.expiresAt - now).wholeMilliseconds / 1_000) \($0.description)"
    }
}

@Suite("Lists of indicators")
struct IndicatorReaderTests {
    @Test("plain lists: comments, blanks, networks; what is none is named")
    func plain() {
        let result = read(
            "# bad ones\n203.0.113.7\n\n 198.51.100.0/24 ; a network\r\n2001:db8::/32\nnot-an-address\n10.0.0.1/8\n0.0.0.0/0\n",
            .plain)
        #expect(
            lines(result) == ["203.0.113.7 50 3600 ", "198.51.100.0/24 50 3600 ", "2001:db8::/32 50 3600 "])
        #expect(result.skipped == 3)
        #expect(result.problems.first == "line 6 is neither an address nor a network whose host bits are zero")
        #expect(result.problems.last?.contains("wider than we take") == true)
    }

    @Test("comma-separated values: columns by name, quotes, expiry")
    func csv() {
        let result = read(
            """
            description,ip,confidence,valid_until
            "a ""quoted"", name",203.0.113.7,90,2027-01-15T08:10:00Z
            long gone,203.0.113.8,90,2001-01-01T00:00:00Z
            wrong,203.0.113.9,90,tomorrow
            short
            plain,2001:db8::1,,
            """, .csv)
        #expect(lines(result) == ["203.0.113.7 90 600 a \"quoted\", name", "2001:db8::1 50 3600 plain"])
        #expect(result.skipped == 2)
        #expect(
            read("a,b\n1,2\n", .csv).problems == [
                "the first line names no column indicator, ip, address, network or cidr"
            ])
    }

    @Test("STIX 2.1: indicators of addresses; what says more than addresses is not half understood")
    func stix() {
        func indicator(_ pattern: String, _ more: String = "") -> String {
            #"{"type": "indicator", "id": "indicator--1", "pattern_type": "stix", "pattern": "\#(pattern)"\#(more)}"#
        }
        let objects = [
            #"{"type": "malware", "name": "x"}"#,
            indicator("[ipv4-addr:value = '203.0.113.7']", #", "confidence": 80, "name": "scanner""#),
            indicator(
                "[ipv4-addr:value = '203.0.113.8' OR ipv4-addr:value = '203.0.113.9'] OR [ipv6-addr:value='2001:db8::5']"
            ),
            indicator("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", #", "valid_until": "2027-01-15T08:10:00Z""#),
            indicator("[ipv4-addr:value = '203.0.113.10' AND domain-name:value = 'x']"),
            indicator("[domain-name:value = 'evil.example']"),
            indicator("[ipv4-addr:value = '203.0.113.11']", #", "revoked": true"#),
        ]
        let result = read(
            #"{"type": "bundle", "id": "bundle--1", "objects": [\#(objects.joined(separator: ","))]}"#, .stix)
        #expect(
            lines(result) == [
                "203.0.113.7 80 3600 scanner", "203.0.113.8 50 3600 ", "203.0.113.9 50 3600 ", "2001:db8::5 50 3600 ",
                "198.51.100.0/24 50 600 ",
            ])
        #expect(result.skipped == 2)
        #expect(read("{}", .stix).problems.first?.hasPrefix("it is no STIX bundle") == true)
        #expect(read("{", .stix).skipped == 1)
    }

    @Test("no list, however broken, does more than be skipped", arguments: [UInt64(1), 2, 3, 4])
    func broken(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "203.0.113.7", ",", "\"", "\n", "[ipv4-addr:value", "'", "]", "{\"type\":\"bundle\",\"objects\":[", "}",
            "OR",
            "\u{0}", "/24", "ip,confidence\n", "é", "[", "=",
        ]
        for _ in 0..<500 {
            let text = (0..<Int.random(in: 0..<30, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            for format in [IndicatorReader.Format.plain, .csv, .stix] { _ = read(text.joined(), format) }
            _ = STIXPattern.addresses(text.joined())
        }
    }

    @Test("the most telling indicator is found, and an expired one is not")
    func table() throws {
        let text = "198.51.100.0/24\n198.51.100.7\n2001:db8::/32\n"
        let table = IndicatorTable(read(text, .plain).indicators)
        #expect(table.count == 3)
        let inside = try #require(IPAddress("198.51.100.9"))
        #expect(table.hit(inside, at: now) != nil)
        #expect(table.hit(inside, at: now + .seconds(3_601)) == nil)
        #expect(table.hit(try #require(IPAddress("2001:db8:1::1")), at: now) != nil)
        #expect(table.hit(try #require(IPAddress("203.0.113.1")), at: now) == nil)
    }

    @Test("a listed client is told about once a minute, and nobody else is")
    func matching() throws {
        var detection = Detection(seed: 1)
        detection.indicators = IndicatorTable(read("ip,confidence\n203.0.113.7,80\n", .csv).indicators)
        var told: [Threat] = []
        for second in 0..<90 {
            for client in ["203.0.113.7", "203.0.113.8"] {
                let request = ObservedRequest(
                    id: UUIDv7(), at: now + .seconds(second), client: try #require(IPAddress(client)), method: [],
                    host: [], path: Array("/".utf8), query: [], userAgent: Array("x".utf8), referer: [], status: 200,
                    course: .served, route: "", inspection: .nothing, user: nil, trace: nil)
                for case .threat(let threat) in detection.observe(request) { told.append(threat) }
            }
        }
        #expect(told.count == 2)
        #expect(told.allSatisfy { $0.client == IPAddress("203.0.113.7") && $0.detector == "behaviour.intelligence" })
        #expect(told.first?.explanation == "listed by test, confidence 80")
    }
}

@Suite("What we know, for others")
struct SignalBundleTests {
    private func incident(_ client: String) throws -> Incident {
        var incident = Incident(
            opening: Threat(
                id: UUIDv7(), at: now, client: try #require(IPAddress(client)), request: UUIDv7(), incident: nil,
                category: .sqlInjection, severity: .high, stage: .delivery, score: 0.95, detector: "rules",
                findings: [], explanation: "", host: [], path: [], route: "", trace: nil))
        incident.links.append(
            CampaignLink(member: try #require(IPAddress("2001:db8::7")), kind: .network, at: now, reason: ""))
        return incident
    }

    @Test("a bundle is STIX that we read back ourselves, with the same identifiers every time")
    func roundTrip() throws {
        var wrong = try incident("203.0.113.9")
        wrong.resolution = .falsePositive
        let bundle = SignalBundle([try incident("203.0.113.7"), wrong], at: now)
        #expect(bundle.count == 2)
        let result = IndicatorReader.read(bundle.json, .stix, source: "us", at: now, lifetime: .seconds(1))
        #expect(result.skipped == 0)
        #expect(result.indicators.map { "\($0.network)" } == ["203.0.113.7", "2001:db8::7"])
        #expect(result.indicators.allSatisfy { $0.confidence == 95 && $0.description == "SQL injection" })
        let objects = try #require(JSONValue(parsing: bundle.json)["objects"]?.arrayValue)
        for object in objects {
            let id = try #require(object["id"]?.stringValue)
            #expect(id.hasPrefix((object["type"]?.stringValue ?? "") + "--"))
            #expect(UUID(uuidString: String(id.suffix(36))) != nil && Array(id.suffix(36))[14] == "4")
        }
        #expect(objects.last?["kill_chain_phases"]?[0]?["phase_name"]?.stringValue == "delivery")
    }
}

@Suite("The stores of intelligence")
struct IndicatorStoreTests {
    @Test("a source's list takes the place of its earlier one; a folder's files come, change and go")
    func folder() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let (store, path) = (IndicatorStore(database), TestServers.freshFolder("indicators"))
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let folder = IndicatorFolder(path, lifetime: .seconds(3_600), store, .silent, clock: SystemClock())
        func put(_ text: String, _ name: String) throws {
            try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        }
        func known() async throws -> [String] {
            try await store.all(at: .now).map { "\($0.source) \($0.network)" }.sorted()
        }
        try await store.replace("by-call", read("203.0.113.1\n203.0.113.2\n", .plain).indicators, digest: 1)
        try put("203.0.113.7\n203.0.113.7\n", "bad.txt")
        try put("not read", "README.md")
        try await folder.look()
        #expect(try await known() == ["by-call 203.0.113.1", "by-call 203.0.113.2", "folder:bad.txt 203.0.113.7"])
        let version = try await store.version()
        try await folder.look()
        #expect(try await store.version() == version)
        try put("203.0.113.8\n", "bad.txt")
        try await folder.look()
        #expect(try await known().last == "folder:bad.txt 203.0.113.8")
        #expect(try await store.version() != version)
        // A file that became unreadable does not take the good list with it.
        try put("rubbish\n", "bad.txt")
        try await folder.look()
        #expect(try await known().last == "folder:bad.txt 203.0.113.8")
        try FileManager.default.removeItem(atPath: "\(path)/bad.txt")
        try await folder.look()
        #expect(try await known() == ["by-call 203.0.113.1", "by-call 203.0.113.2"])
        let page = try await store.page(after: "", source: "by-call", limit: 1, deadline: .after(.seconds(30)))
        #expect(page.map { "\($0.network)" } == ["203.0.113.1"])
    }
}
