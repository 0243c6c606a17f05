import Core
import TestSupport
import Testing

@testable import detector

/// A client's requests, one after another, and what the detector says: the tests below read as transcripts.
private struct Scene {
    var detection: Detection
    var now = Timestamp(seconds: 1_000_000)
    let client: IPAddress

    init(_ settings: Detection.Settings = Detection.Settings(), client: String = "203.0.113.7") throws {
        detection = Detection(settings, seed: 42)
        self.client = try #require(IPAddress(client))
    }

    mutating func request(
        _ path: String = "/", method: String = "GET", query: String = "", status: Int = 200,
        course: ObservedRequest.Course = .served, score: Double = 0, rules: [(String, ThreatCategory)] = [],
        after delay: Duration = .milliseconds(100)
    ) -> [String] {
        now = now + delay
        let findings = rules.map { rule, category in
            RuleMatch(rule: rule, category: category, variable: [], matched: [], offset: 0, weight: score)
        }
        let request = ObservedRequest(
            id: UUIDv7(), at: now, client: client, method: Array(method.utf8), host: Array("shop.example".utf8),
            path: Array(path.utf8), query: Array(query.utf8), userAgent: [], referer: [], status: status,
            course: course,
            route: "shop", inspection: RuleEvidence(score: score, findings: findings), user: nil, trace: nil)
        return detection.observe(request).map(Self.line)
    }

    static func line(_ event: DetectionEvent) -> String {
        switch event {
        case .threat(let threat): "threat \(threat.category) \(threat.severity) \(threat.stage)"
        case .opened(let incident): "opened \(incident.category) \(incident.severity) \(incident.stage)"
        case .updated(let incident, let change, _):
            "\(change) \(incident.threatCount) \(incident.severity) \(incident.stage)"
        case .contained(let incident): "contained \(incident.threatCount)"
        }
    }

    var incident: Incident? { detection.incidents.incident(of: client) }
}

@Suite struct DetectionTests {
    @Test func ordinaryBrowsingIsNoThreat() throws {
        var scene = try Scene()
        for page in 0..<100 {
            #expect(scene.request("/page/\(page % 20)", status: page % 25 == 0 ? 404 : 200, after: .seconds(1)) == [])
        }
    }

    @Test func aBlockedAttackOpensAnIncidentAtDelivery() throws {
        var scene = try Scene()
        let attack = [("sqli.union-select", ThreatCategory.sqlInjection)]
        #expect(
            scene.request("/items", status: 403, course: .stopped, score: 0.95, rules: attack)
                == ["opened sqlInjection high delivery", "threat sqlInjection high delivery"])
    }

    @Test func anAttackThatWasAnsweredIsExploitation() throws {
        var scene = try Scene()
        let attack = [("sqli.union-select", ThreatCategory.sqlInjection)]
        _ = scene.request("/items", status: 403, course: .stopped, score: 0.95, rules: attack)
        #expect(
            scene.request("/items", status: 200, score: 0.95, rules: attack)
                == ["stageAdvanced 2 high exploitation", "threat sqlInjection high exploitation"])
    }

    @Test func anAlertIsLessSevereThanABlock() throws {
        var scene = try Scene()
        #expect(
            scene.request("/items", status: 404, score: 0.6, rules: [("x", .crossSiteScripting)])
                == ["opened crossSiteScripting low delivery", "threat crossSiteScripting low delivery"])
    }

    @Test func aScannerIsOneIncidentHoweverManyRequestsItMakes() throws {
        var scene = try Scene()
        let attacks: [(String, ThreatCategory)] = [
            ("sqli.union-select", .sqlInjection), ("xss.script-element", .crossSiteScripting),
            ("path.climb", .pathTraversal), ("command.chained", .commandInjection),
        ]
        var told: [String] = []
        for index in 0..<2_000 {
            told += scene.request(
                "/a/\(index)", status: 403, course: .stopped, score: 0.9, rules: [attacks[index % attacks.count]])
        }
        #expect(told.filter { $0.hasPrefix("opened") }.count == 1)
        #expect(told.contains { $0.hasPrefix("threat scanner") })
        #expect(told.count < 200)
        let incident = try #require(scene.incident)
        #expect(incident.threatCount >= 2_000)
        #expect(incident.severity == .critical)
        #expect(incident.techniques.contains("T1190") && incident.techniques.contains("T1595.002"))
        #expect(incident.evidence.count == Incident.maximumEvidence)
    }

    @Test func aScannerIsRecognisedWithinTwentyRequests() throws {
        var scene = try Scene()
        var told: [String] = []
        for index in 0..<20 {
            let rule = ["sqli.a", "xss.b", "path.c", "command.d"][index % 4]
            told += scene.request("/\(index)", status: 404, score: 0.9, rules: [(rule, .sqlInjection)])
        }
        #expect(told.contains { $0.hasPrefix("threat scanner") })
    }

    @Test func guessingPathsIsEnumerationAndIsNotRepeatedWithEveryRequest() throws {
        var scene = try Scene()
        var told: [String] = []
        for index in 0..<100 { told += scene.request("/secret-\(index * 37 % 101)", status: 404) }
        #expect(told.filter { $0.hasPrefix("threat enumeration") }.count == 1)
        #expect(told.first == "opened enumeration low reconnaissance")
    }

    @Test func oneBrokenLinkAskedForManyTimesIsNotEnumeration() throws {
        var scene = try Scene()
        for _ in 0..<200 { #expect(scene.request("/favicon.ico", status: 404) == []) }
    }

    @Test func guessingAPasswordIsBruteForce() throws {
        var scene = try Scene()
        var told: [String] = []
        for _ in 0..<12 { told += scene.request("/login", method: "POST", status: 401) }
        #expect(told == ["opened bruteForce medium delivery", "threat bruteForce medium delivery"])
    }

    @Test func guessingForManyAccountsIsCredentialStuffing() throws {
        var scene = try Scene()
        var told: [String] = []
        for index in 0..<15 { told += scene.request("/login", method: "POST", query: "user=\(index)", status: 401) }
        #expect(told.contains("threat credentialStuffing high delivery"))
    }

    @Test func failuresThatAuthTellsCountWithoutAnyRequest() throws {
        var scene = try Scene()
        var told: [String] = []
        for index in 0..<15 {
            scene.now = scene.now + .milliseconds(200)
            let login = FailedLogin(
                request: UUIDv7(), at: scene.now, client: scene.client, claimedName: Array("user\(index)".utf8))
            told += scene.detection.observe(login).map(Scene.line)
        }
        #expect(told.contains("threat credentialStuffing high delivery"))
    }

    @Test func aDecisionContainsItsIncidentOnce() throws {
        var scene = try Scene()
        #expect(scene.detection.contain(scene.client) == nil)
        _ = scene.request(score: 0.9, rules: [("sqli.a", .sqlInjection)])
        #expect(scene.detection.contain(scene.client).map(Scene.line) == "contained 1")
        #expect(scene.detection.contain(scene.client) == nil)
        #expect(scene.incident?.status == .contained)
    }

    @Test func aFewTyposAreForgiven() throws {
        var scene = try Scene()
        for _ in 0..<30 { #expect(scene.request("/login", method: "POST", status: 401, after: .seconds(60)) == []) }
    }

    @Test func aFloodIsNoticed() throws {
        var settings = Detection.Settings()
        settings.behaviour.requestsPerHalfLife = 500
        var scene = try Scene(settings)
        var told: [String] = []
        for _ in 0..<600 { told += scene.request("/", after: .milliseconds(1)) }
        #expect(told == ["opened denialOfService medium delivery", "threat denialOfService medium delivery"])
    }

    @Test func fetchingEveryPageOnceIsScraping() throws {
        var scene = try Scene()
        var told: [String] = []
        for index in 0..<600 { told += scene.request("/product/\(index * 7_919 % 1_000)") }
        #expect(told.first == "opened scraping low reconnaissance")
    }

    @Test func whatTheLabyrinthAnswersIsNotToldAgain() throws {
        var scene = try Scene()
        #expect(scene.request(course: .diverted, score: 0.99, rules: [("sqli.a", .sqlInjection)]) == [])
    }

    @Test func aQuietIncidentSubsides() throws {
        var scene = try Scene()
        _ = scene.request(score: 0.9, rules: [("sqli.a", .sqlInjection)])
        #expect(scene.detection.expire(at: scene.now + .seconds(1_700)) == [])
        let closed = scene.detection.expire(at: scene.now + .seconds(1_900))
        #expect(closed.map(Scene.line) == ["resolved 1 high exploitation"])
        #expect(scene.incident == nil)
        #expect(
            scene.request(score: 0.9, rules: [("sqli.a", .sqlInjection)]).first
                == "opened sqlInjection high exploitation")
    }

    @Test func clientsAreJudgedApart() throws {
        var scene = try Scene()
        _ = scene.request(score: 0.9, rules: [("sqli.a", .sqlInjection)])
        let other = try #require(IPAddress("203.0.113.8"))
        #expect(scene.detection.incidents.incident(of: other) == nil)
        #expect(scene.detection.incidents.count == 1)
    }

    @Test func everyRevisionOfAnIncidentIsHigherThanTheOneBefore() throws {
        var scene = try Scene()
        var revisions: [Int] = []
        for index in 0..<50 {
            _ = scene.request(status: 403, course: .stopped, score: 0.9, rules: [("sqli.\(index)", .sqlInjection)])
            revisions.append(scene.incident?.revision ?? 0)
        }
        #expect(zip(revisions, revisions.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(revisions.first == 1 && (revisions.last ?? 0) > 3)
    }
}

@Suite struct BoundTests {
    @Test func theTableOfClientsKeepsTheMostRecentOnes() {
        var table = ClientTable(capacity: 3)
        let now = Timestamp(seconds: 1)
        let clients = (1...5).map { IPAddress(v4: UInt32($0)) }
        for client in [0, 1, 2, 0, 3, 4] { table.update(clients[client], at: now) { $0.lastSeen = now } }
        #expect(table.count == 3)
        #expect(table.evictions == 2)
        #expect(table.recent(10).map(\.client) == [clients[4], clients[3], clients[0]])
        #expect(table.profile(of: clients[1]) == nil)
    }

    /// Against the obvious implementation, on random accesses.
    @Test(arguments: [UInt64(1), 2, 3]) func theTableAgreesWithAPlainList(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = ClientTable(capacity: 8)
        var list: [IPAddress] = []
        for _ in 0..<2_000 {
            let client = IPAddress(v4: UInt32.random(in: 0..<20, using: &random))
            table.update(client, at: Timestamp(seconds: 1)) { _ in }
            list.removeAll { $0 == client }
            list.insert(client, at: 0)
            if list.count > 8 { list.removeLast() }
            #expect(table.recent(100).map(\.client) == list)
        }
    }

    @Test func aPartitionThatIsGivenUpTakesItsClientsAlong() {
        var table = ClientTable(capacity: 8)
        let now = Timestamp(seconds: 1)
        for client in 1...6 { table.update(IPAddress(v4: UInt32(client)), of: client % 2, at: now) { _ in } }
        #expect(Set(table.entries(of: 1).map(\.client)) == Set([1, 3, 5].map { IPAddress(v4: $0) }))
        table.remove(1)
        #expect(table.recent(10).map(\.client) == [6, 4, 2].map { IPAddress(v4: $0) })
        #expect(table.recent(10).allSatisfy { $0.partition == 0 })
        #expect(table.profile(of: IPAddress(v4: 3)) == nil)
    }

    @Test func aCheckpointHandsOutEveryChangeOnceAndNothingElse() {
        var table = ClientTable(capacity: 100)
        var checkpoint = Checkpoint()
        func walk(at second: Int64) -> [UInt64] {
            var seen: [UInt64] = []
            while true {
                let step = table.changed(&checkpoint, limit: 4, at: Timestamp(seconds: second))
                if step.isEmpty { return seen.sorted() }
                seen += step.map { $0.client.low & 0xff }
            }
        }
        func touch(_ client: UInt32, at second: Int64) {
            let now = Timestamp(seconds: second)
            table.update(IPAddress(v4: client), of: 0, at: now) { $0.lastSeen = now }
        }
        for client in 1...10 { touch(UInt32(client), at: 100) }
        #expect(walk(at: 110) == Array(1...10))
        #expect(walk(at: 120) == [])
        touch(4, at: 121)
        touch(11, at: 122)
        #expect(walk(at: 130) == [4, 11])
        #expect(walk(at: 140) == [])
        // Slots move when a partition goes: the walk begins again and misses nothing.
        touch(5, at: 141)
        _ = table.changed(&checkpoint, limit: 4, at: Timestamp(seconds: 150))
        table.remove(1)
        #expect(walk(at: 151) == [5])
    }

    @Test(arguments: [1, 2, 3, 4, 6]) func everyPartitionIsReadByExactlyOneReplica(count: Int) {
        let living = (0..<count).map { "replica-\($0)" }
        let shares = living.map { PartitionPlan.share(of: $0, among: living.shuffled(), partitions: 4) }
        #expect(shares.flatMap(Array.init).sorted() == [0, 1, 2, 3])
        #expect(shares.map(\.count).max().map { $0 <= (4 + count - 1) / count } == true)
        #expect(PartitionPlan.share(of: "a stranger", among: living, partitions: 4).isEmpty)
    }

    @Test func incidentsBeyondTheCapacityAreRefusedAndCounted() throws {
        var settings = Detection.Settings()
        settings.incidents.capacity = 2
        var detection = Detection(settings, seed: 1)
        for client in 1...5 {
            let request = ObservedRequest(
                id: UUIDv7(), at: Timestamp(seconds: 9), client: IPAddress(v4: UInt32(client) << 16), method: [],
                host: [],
                path: [], query: [], userAgent: [], referer: [], status: 403, course: .stopped, route: "",
                inspection: RuleEvidence(score: 0.9, findings: []), user: nil, trace: nil)
            #expect(!detection.observe(request).isEmpty)
        }
        #expect(detection.incidents.count == 2)
        #expect(detection.incidents.refused == 3)
    }

    @Test func decayingCountsHalveAndIgnoreAClockSetBack() {
        var counts = DecayingCounts()
        let start = Timestamp(seconds: 1_000)
        counts.decay(to: start, halfLife: .seconds(10))
        counts.add(.requests, 8)
        counts.add(.notFound, 2)
        counts.decay(to: start + .seconds(-500), halfLife: .seconds(10))
        #expect(counts[.requests] == 8)
        counts.decay(to: start + .seconds(10), halfLife: .seconds(10))
        #expect(abs(counts[.requests] - 4) < 1e-4 && abs(counts[.notFound] - 1) < 1e-4)
        #expect(abs(counts.share(of: .notFound) - 0.25) < 1e-4)
    }

    @Test(arguments: [1, 5, 20, 100, 300]) func distinctThingsAreCountedToAboutATenth(wanted: Int) {
        let hash = SeededHash(seed: 7)
        var count = DistinctCount()
        for _ in 0..<3 {
            for index in 0..<wanted { count.insert(hash.hash("thing-\(index)".utf8)) }
        }
        #expect(abs(count.estimate - Double(wanted)) <= max(1, Double(wanted) * 0.2))
    }
}
