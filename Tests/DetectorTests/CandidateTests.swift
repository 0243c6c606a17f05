import Contracts
import Core
import Database
import Inspection
import Messaging
import Outbox
import Reactor
import Telemetry
import TestSupport
import Testing

@testable import detector

private let start = Timestamp(seconds: 1_800_000_000)

private func missing(_ number: Int, from client: IPAddress, at now: Timestamp) -> ObservedRequest {
    ObservedRequest(
        id: UUIDv7(), at: now, client: client, method: Array("GET".utf8), host: [], path: Array("/x\(number)y".utf8),
        query: [], userAgent: Array("Mozilla/5.0 (X11)".utf8), referer: [], status: 404, course: .served, route: "",
        inspection: .nothing, user: nil, trace: nil)
}

@Suite("Candidates")
struct CandidateTests {
    private let base = Detection.Settings()

    @Test("settings are those of the configuration, with its bounds, and nothing else")
    func settings() throws {
        let candidate = CandidateSettings(values: [
            ("behaviour.missing_pages", "10"), ("detection.threat_above", "0.7"), ("behaviour.half_life", "30s"),
            ("rules.silenced", "a.b, c.d"),
        ])
        let applied = try candidate.applied(to: base)
        #expect(applied.behaviour.missingPages == 10 && applied.threatAbove == 0.7)
        #expect(applied.behaviour.halfLife == .seconds(30) && applied.silencedRules == ["a.b", "c.d"])
        #expect(applied.behaviour.failedLogins == base.behaviour.failedLogins)
        for wrong in [
            ("behaviour.missing_pages", "many"), ("behaviour.missing_pages", "-1"), ("behaviour.nonsense", "1"),
            ("detection.clients", "5"), ("database.host", "evil"), ("", ""),
            ("behaviour.missing_pages", "10\"\n  nonsense: \"1"), ("a\": {}\n\"b", "1"),
        ] {
            #expect(throws: DetectorFailure.self, "\(wrong)") {
                _ = try CandidateSettings(values: [wrong]).applied(to: base)
            }
        }
    }

    @Test("in the shadow a candidate judges the same requests, and nobody is told")
    func shadow() throws {
        let judge = try Judge(base)
        let stricter = try CandidateSettings(values: [("behaviour.missing_pages", "6")]).applied(to: base)
        let id = UUIDv7()
        judge.shadow(id, stricter, seed: 1)
        let (noisy, quiet, loud) = (IPAddress(v4: 0x0a00_0001), IPAddress(v4: 0x0b00_0002), IPAddress(v4: 0x0c00_0003))
        var told: [DetectionEvent] = []
        for number in 0..<50 {
            var requests = [missing(number, from: loud, at: start + .milliseconds(200 * number))]
            if number < 12 { requests.append(missing(number, from: noisy, at: start + .milliseconds(200 * number))) }
            if number < 3 { requests.append(missing(number, from: quiet, at: start + .milliseconds(200 * number))) }
            told += try judge.observe(requests, of: 0).events
        }
        let accused = Set(
            told.compactMap { event in if case .threat(let threat) = event { threat.client } else { nil } })
        #expect(accused == [loud])
        let (candidate, figures) = try #require(judge.shadowFigures)
        #expect(candidate == id && figures.requests == 65)
        #expect(figures.clientsBoth == 1 && figures.clientsOnlyCandidate == 1 && figures.clientsOnlyInForce == 0)
        #expect(figures.threats > figures.threatsInForce)
        judge.shadow(nil, base, seed: 1)
        #expect(judge.shadowFigures == nil)
    }

    private func tried(
        _ candidate: UUIDv7, from client: IPAddress, _ rules: [String], inForce: [String], at now: Timestamp
    ) -> ObservedRequest {
        func evidence(_ rules: [String]) -> RuleEvidence {
            RuleEvidence(
                score: rules.isEmpty ? 0 : 0.9,
                findings: rules.map {
                    RuleMatch(rule: $0, category: .sqlInjection, variable: [], matched: [], offset: 0, weight: 0.9)
                })
        }
        var request = missing(1, from: client, at: now)
        request.status = 200
        request.inspection = evidence(inForce)
        request.trial = ObservedRequest.Trial(
            candidate: candidate, action: rules.isEmpty ? .allow : .block,
            actionInForce: inForce.isEmpty ? .allow : .block, evidence: evidence(rules))
        return request
    }

    private let lost = IPAddress(v4: 0x0a00_0001)
    private let found = IPAddress(v4: 0x0b00_0002)

    @Test("what a candidate's rules found is counted in both directions, by rule, with examples")
    func trial() throws {
        let judge = try Judge(base)
        let id = UUIDv7()
        judge.shadow(id, base, seed: 1)
        let requests = [
            tried(id, from: lost, [], inForce: ["a", "b"], at: start),
            tried(id, from: found, ["b", "c"], inForce: [], at: start + .seconds(1)),
            tried(id, from: .v4Loopback, ["b", "c"], inForce: ["b"], at: start + .seconds(2)),
            tried(id, from: .v4Loopback, [], inForce: [], at: start + .seconds(3)),
            // Of another candidate, which was in the shadow a moment ago.
            tried(UUIDv7(), from: .v4Loopback, ["z"], inForce: [], at: start + .seconds(4)),
        ]
        let said = try judge.observe(requests, of: 0).events
        let news = try #require(judge.takeNews(of: id))
        #expect(news.figures.requests == 4)
        #expect(news.figures.blocked == TrialTally.Sides(onlyCandidate: 1, onlyInForce: 1, both: 1))
        #expect(news.figures.found == news.figures.blocked)
        #expect(news.rules["a"] == TrialTally.Sides(onlyInForce: 1) && news.rules["z"] == nil)
        #expect(news.rules["b"] == TrialTally.Sides(onlyCandidate: 1, onlyInForce: 1))
        #expect(news.rules["c"] == TrialTally.Sides(onlyCandidate: 2))
        #expect(news.examples.map(\.request) == [requests[0].id, requests[1].id])
        // The threats that were told: about the client that only what is in force accuses it would be silent.
        let told = said.compactMap { event in if case .threat(let threat) = event { threat } else { nil } }
        #expect(Set(told.map(\.client)) == [lost, .v4Loopback])
        #expect(Set(news.threats.filter(\.isSilent).map(\.id)) == Set(told.filter { $0.client == lost }.map(\.id)))
        #expect(judge.takeNews(of: id)?.isEmpty == true && judge.takeNews(of: UUIDv7()) == nil)
        judge.giveBack(news, of: id)
        #expect(judge.takeNews(of: id) == news)
        // And the clients' figures are what the candidate's rules make of them.
        #expect(judge.shadowFigures?.figures.clientsOnlyCandidate == 1)
        #expect(judge.shadowFigures?.figures.clientsOnlyInForce == 1)
    }

    @Test("a candidate's rules reach the gateways, their figures and the feedback its author, and a refusal too")
    func inspection() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let judge = try Judge(base)
        let calls = CandidateCalls(
            judge, CandidateStore(database), TrialStore(database), .silent, clock: SystemClock(), shadowClients: 1_000)
        func propose(_ inspection: CandidateInspection) async throws -> UUIDv7 {
            try await calls.propose(ProposeCandidateRequest(name: "rules", inspection: inspection), nil).id
        }
        for wrong in [
            CandidateInspection(), CandidateInspection(rulesAfter: "SecRule ARGS \"@rx (\" \"id:7\""),
            CandidateInspection(rulesBefore: "Include /etc/passwd"), CandidateInspection(textModel: [1, 2, 3]),
        ] {
            await #expect(throws: DetectorFailure.self) { _ = try await propose(wrong) }
        }
        let wanted = CandidateInspection(paranoiaLevel: 2, rulesAfter: "SecRule ARGS \"@rx x\" \"id:7\"")
        let id = try await propose(wanted)
        let answer = try await calls.follow(FollowCandidatesRequest(replica: "gateway-1"))
        #expect(answer == FollowCandidatesResponse(shadow: id, shadowInspection: wanted))
        let again = try await calls.follow(FollowCandidatesRequest(replica: "gateway-1", knownShadow: id))
        #expect(again == FollowCandidatesResponse(shadow: id))

        let said = try judge.observe(
            [
                tried(id, from: lost, [], inForce: ["a"], at: start),
                tried(id, from: found, ["c"], inForce: [], at: start),
            ],
            of: 0
        ).events
        let marked = said.compactMap { event in if case .threat(let threat) = event { threat } else { nil } }
        try await FeedbackStore(database).save(
            marked.map { Feedback(feedbackID: UUIDv7(), verdict: .falsePositive, threat: ThreatDetected($0)) })
        let listed = try #require(try await calls.list().candidates.first)
        #expect(listed.trial?.requests == 2 && listed.trial?.blockedOnlyInForce == 1)
        #expect(listed.trial?.rules.map(\.ruleID) == ["a", "c"] && listed.trial?.examples.count == 2)
        #expect(listed.feedback == FeedbackFigures(falseSilent: UInt64(marked.count)) && !marked.isEmpty)
        #expect(listed.inspection == CandidateInspection(paranoiaLevel: 2))

        _ = try await calls.promote(id)
        #expect(
            try await calls.follow(FollowCandidatesRequest())
                == FollowCandidatesResponse(active: id, activeInspection: wanted))
        let next = try await propose(wanted)
        _ = try await calls.follow(
            FollowCandidatesRequest(replica: "gateway-1", refused: next, refusal: "rule 7 twice"))
        await #expect(throws: DetectorFailure.self) { _ = try await calls.promote(next) }
        #expect(try await calls.list().candidates.first?.refusal == "gateway-1: rule 7 twice")
        _ = try await calls.retire(id)
        #expect(try await calls.follow(FollowCandidatesRequest(knownShadow: next)).active == .unset)
    }

    @Test("a silenced rule's findings do not count")
    func silenced() {
        let evidence = RuleEvidence(
            score: 0.95,
            findings: [("noisy", 0.9), ("other", 0.4)].map {
                RuleMatch(rule: $0, category: .sqlInjection, variable: [], matched: [], offset: 0, weight: $1)
            })
        #expect(evidence.without([]) == evidence)
        #expect(abs(evidence.without(["noisy"]).score - 0.4) < 1e-9)
        #expect(evidence.without(["noisy", "other"]) == .nothing)
    }

    @Test("proposal, promotion and the way back, seen by a second replica too")
    func life() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        func replica() throws -> (Judge, CandidateCalls) {
            let judge = try Judge(base)
            return (
                judge,
                CandidateCalls(
                    judge, CandidateStore(database), TrialStore(database), .silent, clock: SystemClock(),
                    shadowClients: 1_000)
            )
        }
        let ((judge, calls), (other, otherCalls)) = (try replica(), try replica())
        func propose(_ name: String, _ value: String) async throws -> CandidateRecord {
            let setting = CandidateSetting(key: "behaviour.missing_pages", value: value)
            return try await calls.propose(ProposeCandidateRequest(name: name, settings: [setting]), nil)
        }
        let first = try await propose("first", "10")
        _ = try judge.observe([missing(1, from: .v4Loopback, at: start)], of: 0)
        try await otherCalls.follow()
        _ = try other.observe([missing(1, from: .v4Loopback, at: start)], of: 0)
        try await otherCalls.follow()
        let promoted = try await calls.promote(first.id)
        #expect(promoted.status == .active && promoted.figures.requests == 2)
        #expect(judge.inForce.behaviour.missingPages == 10 && judge.shadowFigures == nil)
        #expect(other.inForce.behaviour.missingPages == base.behaviour.missingPages)
        try await otherCalls.follow()
        #expect(other.inForce.behaviour.missingPages == 10)

        let second = try await propose("second", "15")
        _ = try await calls.promote(second.id)
        #expect(judge.inForce.behaviour.missingPages == 15)
        // Back to what was before, and before that.
        _ = try await calls.retire(second.id)
        #expect(judge.inForce.behaviour.missingPages == 10)
        _ = try await calls.retire(first.id)
        #expect(judge.inForce.behaviour.missingPages == base.behaviour.missingPages)
        await #expect(throws: DetectorFailure.self) { _ = try await calls.retire(first.id) }
        await #expect(throws: DetectorFailure.self) { _ = try await calls.promote(UUIDv7()) }
        await #expect(throws: DetectorFailure.self) { _ = try await propose("wrong", "none") }
        #expect(try await CandidateStore(database).all().map(\.name) == ["second", "first"])
    }
}

@Suite("Replaying recorded traffic")
struct ReplayTests {
    private func line(_ client: String, _ second: Int, _ path: String, _ status: Int, query: String = "") -> [UInt8] {
        Array(
            """
            {"time": "\((start + .seconds(second)).rfc3339)", "client": "\(client)", "method": "GET", "host": "shop", \
            "path": "\(path)", "query": "\(query)", "protocol": "HTTP/1.1", "status": \(status), "outcome": "proxied", \
            "route": "shop", "user_agent": "Mozilla/5.0 (X11)", "referer": "https://shop/"}
            """.utf8)
    }

    @Test("the access log is judged again, and a candidate beside it")
    func replay() throws {
        let stricter = try CandidateSettings(values: [("behaviour.missing_pages", "6")]).applied(to: .init())
        var replay = try Replay(candidate: stricter)
        for second in 0..<12 {
            replay.add(line("203.0.113.7", second, "/guess-\(second)x", 404)[...])
            replay.add(line("203.0.113.8", second, "/", 200)[...])
        }
        replay.add(
            line("203.0.113.9", 13, "/search", 200, query: "q=1%27%20UNION%20SELECT%20password%20FROM%20users--")[...])
        replay.add(Array("not a line".utf8)[...])
        replay.add([][...])
        let report = replay.report(clients: 10)
        #expect(report.contains("requests   25 (1 lines are none)"))
        #expect(report.contains("only the candidate accuses 1 clients\n  203.0.113.7  enumeration: "))
        #expect(report.contains("the candidate lets 0 clients go"))
        #expect(report.contains("in force   1 threats, 1 incidents, 1 clients (sqlInjection 1)"))
    }

    @Test("a candidate's rules judge what the log has, and are asked for on the command line")
    func rules() throws {
        let program = try SecLangProgram(
            files: ["own.conf"],
            from: .texts([
                "own.conf": """
                SecRuleEngine On
                SecRule ARGS:q "@contains marzipan" "id:7,phase:2,deny,tag:attack-generic"
                SecRule &REQUEST_HEADERS:Host "@eq 0" "id:8,phase:1,deny,tag:attack-generic"
                """
            ]))
        var replay = try Replay(candidate: .init(), rules: try RuleSetInForce(program))
        replay.add(line("203.0.113.7", 1, "/", 200, query: "q=marzipan")[...])
        replay.add(line("203.0.113.8", 2, "/", 200, query: "q=nougat")[...])
        let report = replay.report(clients: 10)
        #expect(report.contains("in force   0 threats"))
        #expect(report.contains("only the candidate accuses 1 clients\n  203.0.113.7  "))

        let arguments = try #require(
            ReplayVerb.Arguments([
                "--core-rule-set", "/crs", "--paranoia-level", "2", "a.jsonl", "--text-model", "b.model", "c.jsonl",
            ]))
        #expect(arguments.rules == CoreRuleSet(folder: "/crs", paranoiaLevel: 2))
        #expect(arguments.modelFile == "b.model" && arguments.files == ["a.jsonl", "c.jsonl"])
        #expect(ReplayVerb.Arguments(["a.jsonl"])?.hasCandidate == false)
        for wrong in [[], ["--settings"], ["--paranoia-level", "2", "a.jsonl"], ["--nonsense", "x", "a.jsonl"]] {
            #expect(ReplayVerb.Arguments(wrong) == nil)
        }
    }
}

@Suite("What people say")
struct FeedbackTests {
    @Test("a mark is stored with the threat it is about; a later one replaces it; pages follow each other")
    func marks() async throws {
        let database = try await migratedDatabase()
        defer { database.shutDown() }
        let journal = Journal(Outbox(database, publisher: Nobody()), DetectorMetrics(MetricsRegistry()))
        let (threats, store) = (ThreatStore(database), FeedbackStore(database))
        let calls = FeedbackCalls(threats, store, clock: SystemClock())
        var detection = Detection(seed: 1)
        var events: [DetectionEvent] = []
        for number in 0..<3 {
            var request = missing(number, from: IPAddress(v4: UInt32(number + 1) << 16), at: start)
            request.inspection = RuleEvidence(score: 0.9, findings: [])
            events += detection.observe(request)
        }
        try await journal.save(events)
        let told = events.compactMap { event in if case .threat(let threat) = event { threat.id } else { nil } }
        #expect(told.count == 3)
        let deadline = Deadline.after(.seconds(30))
        func mark(_ id: UUIDv7, _ verdict: FeedbackVerdict) async throws {
            let principal = Principal(userID: UUIDv7(), name: "ana")
            _ = try await calls.mark(
                MarkThreatRequest(threatID: id, verdict: verdict, comment: "checked"), by: principal, deadline: deadline
            )
        }
        for id in told { try await mark(id, .truePositive) }
        try await mark(told[0], .falsePositive)
        let all = try await calls.list(ListFeedbackRequest(limit: 2), deadline: deadline)
        #expect(all.feedback.map { $0.threat?.threatID } == [told[0], told[2]])
        #expect(all.feedback.first?.markedBy == "ana" && all.feedback.first?.comment == "checked")
        let rest = try await calls.list(ListFeedbackRequest(limit: 2, cursor: all.nextCursor), deadline: deadline)
        #expect(rest.feedback.map { $0.threat?.threatID } == [told[1]] && rest.nextCursor.isEmpty)
        let wrong = try await calls.list(ListFeedbackRequest(verdict: .falsePositive), deadline: deadline)
        #expect(wrong.feedback.count == 1)
        await #expect(throws: DetectorFailure.self) { try await mark(UUIDv7(), .benign) }
        await #expect(throws: DetectorFailure.self) { try await mark(told[0], .unspecified) }
    }
}

private struct Nobody: OutboxPublisher {
    func publish(_ message: OutboxMessage, deadline: Deadline) async throws(Failure) {}
}

@Suite("Analysis on demand")
struct AnalysisTests {
    @Test("each finding says what it adds and what would silence it")
    func contributions() throws {
        let call = AnalyzeCall(Examiner(try InspectionEngine.builtIn()))
        let answer = try call.analyze(
            AnalyzeRequest(target: Array("/search?q=1%27+UNION+SELECT+password+FROM+users--+-".utf8)))
        #expect(answer.score > 0.8 && answer.action == .block && !answer.findings.isEmpty)
        for finding in answer.findings {
            #expect(finding.contribution >= 0 && finding.contribution <= answer.score)
            #expect(finding.exclusion.hasPrefix("{rule: ") && finding.exclusion.contains("parameter: q"))
            #expect(finding.finding.map { !$0.matched.isEmpty } == true)
        }
        #expect(answer.findings.contains { $0.contribution > 0 })
        #expect(answer.explanation.contains("block at the standard thresholds"))
        let text = try call.analyze(AnalyzeRequest(text: Array("<script>alert(1)</script>".utf8)))
        #expect(text.score > 0.8)
        #expect(throws: Failure.self) { try call.analyze(AnalyzeRequest()) }
    }
}
