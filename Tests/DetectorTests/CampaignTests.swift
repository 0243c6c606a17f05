import Core
import TestSupport
import Testing

@testable import detector

/// What several addresses do, and which incidents come of it.
private struct Stage {
    static let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

    var detection = Detection(seed: 11)
    var now = Timestamp(seconds: 1_000_000)
    private(set) var told: [String] = []

    mutating func attack(
        _ client: String, agent: String = Stage.firefox, manner: UInt64 = 0, category: ThreatCategory = .sqlInjection,
        status: Int = 403, after delay: Duration = .seconds(1)
    ) throws {
        let finding = RuleMatch(
            rule: "r.\(category)", category: category, variable: [], matched: [], offset: 0, weight: 0.9)
        try send(client, agent, manner, status, RuleEvidence(score: 0.9, findings: [finding]), after: delay)
    }

    mutating func visit(
        _ client: String, agent: String = Stage.firefox, manner: UInt64 = 0, _ path: String = "/", status: Int = 200
    ) throws {
        try send(client, agent, manner, status, .nothing, path, after: .milliseconds(10))
    }

    private mutating func send(
        _ client: String, _ agent: String, _ manner: UInt64, _ status: Int, _ evidence: RuleEvidence,
        _ path: String = "/", after delay: Duration
    ) throws {
        now = now + delay
        note(
            detection.observe(
                ObservedRequest(
                    id: UUIDv7(), at: now, client: try #require(IPAddress(client)), method: Array("GET".utf8),
                    host: [], path: Array(path.utf8), query: [], userAgent: Array(agent.utf8), referer: [],
                    status: status, course: status == 403 ? .stopped : .served, route: "", inspection: evidence,
                    user: nil, trace: nil, protocolVersion: 11, manner: manner)))
    }

    mutating func failLogin(_ name: String, from client: String) throws {
        now = now + .seconds(1)
        let login = FailedLogin(
            request: UUIDv7(), at: now, client: try #require(IPAddress(client)), claimedName: Array(name.utf8))
        note(detection.observe(login))
    }

    mutating func step(_ intruder: UUIDv7, _ client: String, _ intent: IntruderStep.Intent) throws {
        now = now + .seconds(1)
        note(
            detection.observe(
                IntruderStep(
                    intruder: intruder, request: UUIDv7(), at: now, client: try #require(IPAddress(client)), path: [],
                    userAgent: [], count: 7, intent: intent, trace: nil)))
    }

    mutating func note(_ events: [DetectionEvent]) {
        for event in events {
            switch event {
            case .threat(let threat): told.append("threat \(threat.client)")
            case .opened(let incident): told.append("opened by \(incident.client)")
            case .updated(let incident, let change, _): told.append("\(change) \(incident.memberCount)")
            case .contained: told.append("contained")
            }
        }
    }

    func incident(of client: String) throws -> Incident? {
        detection.incidents.incident(of: try #require(IPAddress(client)))
    }
    var count: Int { detection.incidents.count }
}

@Suite("One incident a campaign")
struct CampaignTests {
    @Test("neighbours in one network who do the same are one campaign, and the link says so")
    func network() throws {
        var stage = Stage()
        try stage.attack("198.51.100.7")
        try stage.attack("198.51.100.9")
        #expect(
            stage.told == [
                "opened by 198.51.100.7", "threat 198.51.100.7", "memberJoined 2", "threat 198.51.100.9",
            ])
        let incident = try #require(try stage.incident(of: "198.51.100.9"))
        #expect(stage.count == 1 && incident.title == "SQL injection and more from 2 addresses")
        #expect(incident.links.map(\.kind) == [nil, .network])
        #expect(incident.links[1].reason == "sql injection from the same network, 198.51.100.0/24")
    }

    @Test("neighbours who do different things are two")
    func differentThings() throws {
        var stage = Stage()
        try stage.attack("198.51.100.7")
        try stage.attack("198.51.100.9", category: .scanner)
        #expect(stage.count == 2)
    }

    @Test("a scanner's user agent joins addresses all over the world")
    func fingerprint() throws {
        var stage = Stage()
        for number in 1...20 { try stage.attack("203.0.\(number).5", agent: "evil-scan/1.0") }
        // The first is alone before the second shows what they have in common.
        #expect(stage.count <= 2)
        let incident = try #require(try stage.incident(of: "203.0.20.5"))
        #expect(incident.memberCount >= 19)
        #expect(incident.links.contains { $0.kind == .fingerprint })
        // Ten addresses acting as one are worse than each.
        #expect(incident.severity == .critical)
    }

    @Test("who changes the user agent with every address is known by how he connects and asks")
    func manner() throws {
        var stage = Stage()
        for number in 0..<200 { try stage.visit("10.\(number).1.1", manner: 5) }
        for number in 1...20 { try stage.attack("203.0.\(number).5", agent: "agent \(number)", manner: 7) }
        #expect(stage.count <= 2)
        #expect(try #require(try stage.incident(of: "203.0.20.5")).links.contains { $0.kind == .fingerprint })
        // Attackers who connect as the visitors' browser does have nothing in common.
        var other = Stage()
        for number in 0..<200 { try other.visit("10.\(number).1.1", manner: 5) }
        for number in 1...10 { try other.attack("203.0.\(number).5", agent: "agent \(number)", manner: 5) }
        #expect(other.count == 10)
    }

    @Test("an intruder in the labyrinth brings along who connects and asks as he does")
    func mannerInTheLabyrinth() throws {
        var stage = Stage()
        for number in 1...6 { try stage.attack("203.0.\(number).5", agent: "agent \(number)", manner: 7) }
        try stage.visit("198.51.100.9", agent: "another", manner: 7)
        try stage.step(UUIDv7(), "198.51.100.9", .stealingData)
        let incident = try #require(try stage.incident(of: "198.51.100.9"))
        #expect(try incident.id == stage.incident(of: "203.0.3.5")?.id)
    }

    @Test("a scanner that calls itself a browser is known again, once it asks for what scanners ask for")
    func renamedScanner() throws {
        var stage = Stage()
        for number in 0..<50 { try stage.visit("10.\(number).1.1", manner: 5) }
        try stage.visit("203.0.113.1", agent: "sqlmap/1.7", manner: 7)
        try stage.visit("203.0.113.2", agent: "nothing wrong", manner: 7)
        try stage.visit("203.0.114.3", manner: 7)
        try stage.visit("203.0.114.3", manner: 7, "/.git/config", status: 404)
        try stage.visit("10.1.1.1", manner: 5, "/.git/config", status: 404)
        #expect(stage.told.filter { $0.hasPrefix("threat") } == ["threat 203.0.113.1", "threat 203.0.114.3"])
    }

    @Test("a browser that everybody has joins nobody")
    func commonBrowser() throws {
        var stage = Stage()
        for number in 0..<200 { try stage.visit("10.\(number).1.1") }
        for number in 0..<10 { try stage.attack("203.0.\(number).5") }
        #expect(stage.count == 10)
    }

    @Test("a program that honest clients use as well joins nobody")
    func commonProgram() throws {
        var stage = Stage()
        for number in 0..<50 { try stage.visit("10.\(number).1.1", agent: "curl/8.0") }
        for number in 0..<10 { try stage.attack("203.0.\(number).5", agent: "curl/8.0") }
        #expect(stage.count == 10)
    }

    @Test("who guesses one account's password from many addresses is one campaign")
    func account() throws {
        var stage = Stage()
        for number in 0..<60 { try stage.failLogin("maria", from: "203.0.\(number).5") }
        #expect(stage.count == 1)
        #expect(try stage.incident(of: "203.0.59.5")?.links.last?.kind == .account)
    }

    @Test("two incidents that turn out to be one become one, the younger a part of the older")
    func merger() throws {
        var stage = Stage()
        let intruder = UUIDv7()
        try stage.attack("203.0.1.5")
        try stage.attack("198.51.100.9")
        #expect(stage.count == 2)
        try stage.step(intruder, "203.0.1.5", .stealingData)
        try stage.step(intruder, "198.51.100.9", .stealingData)
        #expect(stage.count == 1)
        #expect(stage.told.contains("merged 1"))
        let incident = try #require(try stage.incident(of: "198.51.100.9"))
        #expect(try incident.id == stage.incident(of: "203.0.1.5")?.id)
        #expect(incident.client == IPAddress("203.0.1.5"))
        #expect(incident.links.contains { $0.kind == .lineage })
        #expect(incident.threatCount == 4 && incident.stage == .exploitation)
    }

    @Test("who uses a decoy's secret has shown what he is after")
    func canary() throws {
        var stage = Stage()
        try stage.attack("203.0.1.5")
        let intruder = UUIDv7()
        for _ in 0..<5 { try stage.step(intruder, "203.0.1.5", .exploring) }
        #expect(try stage.incident(of: "203.0.1.5")?.threatCount == 1)
        try stage.step(intruder, "203.0.1.5", .takingOver)
        let incident = try #require(try stage.incident(of: "203.0.1.5"))
        #expect(incident.severity == .critical && incident.stage == .objectives && incident.category == .canaryUsed)
        #expect(incident.techniques == ["T1190", "T1078"])
    }

    @Test("the first threats of every member are told, so that something can be decided about each")
    func everyMemberIsTold() throws {
        var stage = Stage()
        for _ in 0..<500 { try stage.attack("198.51.100.7") }
        for number in 10..<60 { try stage.attack("198.51.100.\(number)") }
        for number in 10..<60 { #expect(stage.told.contains("threat 198.51.100.\(number)")) }
        #expect(stage.count == 1)
        #expect(stage.told.count { $0 == "threat 198.51.100.7" } < 80)
    }

    @Test("what an incident holds is bounded, however large the campaign")
    func bounds() throws {
        var stage = Stage()
        for number in 0..<5_000 {
            try stage.attack("203.\(number / 200).\(number % 200).5", agent: "evil-scan/1.0", after: .milliseconds(10))
        }
        let incident = try #require(try stage.incident(of: "203.20.100.5"))
        #expect(incident.memberCount > 4_900)
        #expect(incident.links.count == Incident.maximumLinks && incident.keys.count <= Incident.maximumKeys)
        #expect(incident.evidence.count == Incident.maximumEvidence)
        // Once it is over, nothing of it stays.
        #expect(
            stage.detection.expire(at: stage.now + .seconds(3_600)).count == stage.told.count { $0.hasPrefix("opened") }
                - stage.told.count { $0.hasPrefix("merged") })
        #expect(stage.count == 0)
        #expect(try stage.incident(of: "203.20.100.5") == nil)
    }

    @Test("what is over joins nobody any more")
    func later() throws {
        var stage = Stage()
        try stage.attack("198.51.100.7")
        _ = stage.detection.expire(at: stage.now + .seconds(2_000))
        try stage.attack("198.51.100.9", after: .seconds(2_000))
        #expect(try stage.incident(of: "198.51.100.9")?.memberCount == 1)
    }

    @Test("an incident of many is contained when something was decided about each of them")
    func containment() throws {
        var stage = Stage()
        try stage.attack("198.51.100.7")
        try stage.attack("198.51.100.9")
        #expect(stage.detection.contain(try #require(IPAddress("198.51.100.7"))) == nil)
        #expect(stage.detection.contain(try #require(IPAddress("198.51.100.9"))) != nil)
        #expect(try stage.incident(of: "198.51.100.7")?.status == .contained)
    }

    @Test("what another replica knows is taken in: its members, its keys, its end")
    func adoption() throws {
        var (here, there) = (Stage(), Stage())
        try there.attack("198.51.100.7")
        here.detection.adopt(try #require(try there.incident(of: "198.51.100.7")))
        try here.attack("198.51.100.9")
        #expect(here.told == ["memberJoined 2", "threat 198.51.100.9"])
        there.detection.adopt(try #require(try here.incident(of: "198.51.100.9")))
        #expect(try there.incident(of: "198.51.100.9") == here.incident(of: "198.51.100.9"))
        var resolved = try #require(try there.incident(of: "198.51.100.9"))
        resolved = resolved.closed(as: .benign, at: there.now)
        here.detection.adopt(resolved)
        #expect(here.count == 0)
    }
}
