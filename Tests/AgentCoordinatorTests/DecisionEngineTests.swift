import Core
import TestSupport
import Testing

@testable import agent_coordinator

private let noon = Timestamp(seconds: 1_795_258_800)

private func client(_ address: String = "203.0.113.7") throws -> Subject {
    try #require(Subject(.clientAddress, Array(address.utf8)))
}

private func assessment(
    _ severity: Severity = .high, _ score: Double = 0.9, _ category: AttackCategory = .sqlInjection,
    of subject: Subject? = nil, at moment: Timestamp = noon
) throws -> Assessment {
    Assessment(
        subject: try subject ?? client(), severity: severity, score: score, category: category, detectedAt: moment,
        threatID: UUIDv7(), trace: .root())
}

/// One word for an outcome, so that tables read as a transcript.
private func word(_ outcome: DecisionEngine.Outcome) -> String {
    switch outcome {
    case .nothing(let reason): "nothing: \(reason.rawValue)"
    case .decision(let decision):
        "\(decision.action.name) \(Int(decision.duration.inSeconds))s by \(decision.decidedBy)"
    case .question(let decision, let approval):
        "ask \(decision.action.name), \(approval.onTimeout) after \(Int((approval.answerUntil - noon).inSeconds))s"
    }
}

@Suite struct DecisionEngineTests {
    private func decide(
        _ assessment: Assessment, _ history: SubjectHistory = SubjectHistory(), active: Int = 0, now: Timestamp = noon,
        change: (inout ResponsePolicy) -> Void = { _ in }
    ) -> DecisionEngine.Outcome {
        var policy = ResponsePolicy()
        change(&policy)
        return DecisionEngine(policy: policy).decide(assessment, history, activeDecisions: active, now: now)
    }

    static let table: [(Severity, Double, AttackCategory, String)] = [
        (.critical, 0.99, .sqlInjection, "divert 86400s by rules/divert-critical"),
        (.high, 0.9, .sqlInjection, "divert 3600s by rules/divert-high"),
        (.high, 0.1, .unknown, "divert 3600s by rules/divert-high"),
        (.medium, 0.8, .pathTraversal, "divert 1800s by rules/divert-certain"),
        (.medium, 0.79, .pathTraversal, "throttle 600s by rules/throttle-suspect"),
        (.medium, 0.5, .anomaly, "throttle 600s by rules/throttle-suspect"),
        (.medium, 0.49, .anomaly, "nothing: no_rule"),
        (.low, 1, .crossSiteScripting, "nothing: no_rule"),
        (.high, 0.2, .denialOfService, "ban 1800s by rules/ban-flood"),
        (.medium, 0.2, .denialOfService, "throttle 600s by rules/throttle-flood"),
        (.medium, 0.3, .credentialStuffing, "throttle 900s by rules/throttle-credential-attack"),
        (.high, 0.6, .dataLeak, "ban 86400s by rules/ban-data-leak"),
        (.info, 0, .canaryUsed, "divert 86400s by rules/divert-canary-user"),
        (.info, .nan, .scanner, "nothing: no_rule"),
        (.medium, .infinity, .scanner, "divert 1800s by rules/divert-certain"),
    ]

    @Test(arguments: table)
    func `the standard rules answer each kind of attack`(
        severity: Severity, score: Double, category: AttackCategory, expected: String
    ) throws {
        #expect(word(decide(try assessment(severity, score, category))) == expected)
    }

    @Test func `a decision says whom, until when, why and who decided`() throws {
        let threat = try assessment()
        guard case .decision(let decision) = decide(threat) else {
            Issue.record("expected a decision")
            return
        }
        #expect(decision.subject == threat.subject)
        #expect(decision.status == .active)
        #expect(decision.expiresAt == noon + .seconds(3_600))
        #expect(decision.reason == "high sql-injection, score 90 % (rule divert-high)")
        #expect(decision.threatID == threat.threatID)
        #expect(decision.trace == threat.trace)
        #expect(decision.throttlePerMinute == nil)
    }

    @Test(arguments: [(0, 3_600), (1, 7_200), (2, 14_400), (5, 115_200), (20, 2_592_000), (100_000, 2_592_000)])
    func `each earlier decision doubles the next, up to the maximum`(earlier: Int, seconds: Int) throws {
        let outcome = decide(try assessment(), SubjectHistory(earlier: earlier))
        #expect(word(outcome) == "divert \(seconds)s by rules/divert-high")
    }

    @Test func `a rule escalates to its harder action for those who come back`() throws {
        let suspect = try assessment(.medium, 0.6, .anomaly)
        #expect(word(decide(suspect, SubjectHistory(earlier: 2))).hasPrefix("throttle"))
        #expect(word(decide(suspect, SubjectHistory(earlier: 3))).hasPrefix("divert"))
    }

    static let coverage: [(Action, Int64, Bool, String)] = [
        (.divert, 3_600, false, "nothing: covered"),
        (.ban, 3_600, false, "nothing: covered"),
        (.ban, 60, false, "divert 3600s by rules/divert-high"),
        (.divert, 1_800, false, "nothing: covered"),
        (.divert, 1_799, false, "divert 3600s by rules/divert-high"),
        (.throttle, 86_400, false, "divert 3600s by rules/divert-high"),
        (.divert, 1, true, "nothing: covered"),
        (.throttle, 1, true, "divert 3600s by rules/divert-high"),
    ]

    @Test(arguments: coverage)
    func `what stands already is not decided again, unless the new one is harder or much longer`(
        action: Action, secondsLeft: Int64, isWaiting: Bool, expected: String
    ) throws {
        let standing = SubjectHistory.Standing(
            action: action, expiresAt: noon + .seconds(secondsLeft), isWaiting: isWaiting)
        #expect(word(decide(try assessment(), SubjectHistory(standing: [standing]))) == expected)
    }

    static let levels: [(Autonomy, String)] = [
        (.automatic, "divert 3600s by rules/divert-high"), (.object, "ask divert, approved after 300s"),
        (.approve, "ask divert, rejected after 86400s"), (.suggest, "ask divert, rejected after 86400s"),
        (.observe, "nothing: observed"),
    ]

    @Test(arguments: levels)
    func `the autonomy level decides who decides`(level: Autonomy, expected: String) throws {
        #expect(word(decide(try assessment()) { $0.autonomy[.divert] = level }) == expected)
    }

    @Test func `an action without a level needs an approval`() throws {
        #expect(word(decide(try assessment()) { $0.autonomy = [:] }) == "ask divert, rejected after 86400s")
    }

    @Test(arguments: [Autonomy.automatic, .object, .approve])
    func `with the kill switch on agents only ask`(level: Autonomy) throws {
        let outcome = decide(try assessment()) {
            $0.autonomy[.divert] = level
            $0.isStopped = true
        }
        #expect(word(outcome) == "ask divert, rejected after 86400s")
    }

    static let protection: [(Subject.Kind, String, String)] = [
        (.clientAddress, "10.1.2.3", "nothing: protected"),
        (.clientAddress, "::ffff:10.1.2.3", "nothing: protected"),
        (.clientAddress, "11.1.2.3", "divert 3600s by rules/divert-high"),
        (.clientAddress, "2001:db8::5", "nothing: protected"),
        (.network, "10.5.5.0/24", "nothing: protected"),
        (.network, "8.8.8.0/24", "divert 3600s by rules/divert-high"),
        (.network, "8.0.0.0/8", "nothing: too_wide"),
        (.network, "0.0.0.0/0", "nothing: protected"),
        (.network, "2001:db9::/32", "nothing: too_wide"),
        (.network, "rubbish", "nothing: too_wide"),
        (.user, "root", "nothing: protected"),
        (.user, "mallory", "divert 3600s by rules/divert-high"),
    ]

    @Test(arguments: protection)
    func `the protected are never decided about, nor networks that are too wide`(
        kind: Subject.Kind, value: String, expected: String
    ) throws {
        let subject = try #require(Subject(kind, Array(value.utf8)))
        var protected = ProtectedSubjects()
        let added = ["10.0.0.0/8", "2001:db8::/32", "user:root"].map { protected.add($0) }
        #expect(added == [true, true, true])
        let outcome = decide(try assessment(of: subject)) { [protected] in $0.protected = protected }
        #expect(word(outcome) == expected)
    }

    @Test(arguments: ["", "10.0.0.1/8", "nobody", "planet:earth", "user:"])
    func `what names no subject cannot be protected`(text: String) {
        var protected = ProtectedSubjects()
        let isAdded = protected.add(text)
        #expect(!isAdded)
    }

    @Test func `an event that comes late or a table that is full decides nothing`() throws {
        #expect(word(decide(try assessment(), now: noon + .seconds(900))) == "nothing: outdated")
        #expect(word(decide(try assessment(), active: 100_000)) == "nothing: too_many")
    }

    @Test(arguments: [0, 257])
    func `a subject without a value, or with an endless one, is none`(count: Int) {
        #expect(Subject(.user, [UInt8](repeating: 0x61, count: count)) == nil)
    }

    /// The promise is 10,000 decisions a second; this asks for it in a debug build on a busy machine.
    @Test func `ten thousand decisions take well under a second`() throws {
        let engine = DecisionEngine(policy: ResponsePolicy())
        let threats = try (0..<100).map { try assessment(.medium, 0.8, of: client("198.51.100.\($0)")) }
        var decided = 0
        let taken = processorTime {
            for round in 0..<100 {
                for threat in threats {
                    let outcome = engine.decide(
                        threat, SubjectHistory(earlier: round % 4), activeDecisions: 0, now: noon)
                    if case .decision = outcome { decided += 1 }
                }
            }
        }
        #expect(decided == 10_000)
        #expect(taken < .seconds(1))
    }
}

@Suite struct ResolutionTests {
    private func question(_ level: Autonomy) throws -> (Decision, Approval) {
        var policy = ResponsePolicy()
        policy.autonomy[.divert] = level
        let outcome = DecisionEngine(policy: policy)
            .decide(try assessment(), SubjectHistory(), activeDecisions: 0, now: noon)
        guard case .question(let decision, let approval) = outcome else { throw Failure(.internalError, "no question") }
        return (decision, approval)
    }

    @Test func `an approved decision holds for its whole duration from then on`() throws {
        let (decision, approval) = try question(.approve)
        let later = noon + .seconds(7_000)
        let resolution = try Resolution.answer(approval, decision, approve: true, by: "ada", comment: "ok", now: later)
        #expect(resolution.decision.status == .active)
        #expect(resolution.decision.expiresAt == later + .seconds(3_600))
        #expect(resolution.approval.status == .approved)
        #expect(resolution.approval.resolvedBy == "ada")
    }

    @Test func `a rejected decision never holds, and an answer is final`() throws {
        let (decision, approval) = try question(.approve)
        let resolution = try Resolution.answer(approval, decision, approve: false, by: "ada", comment: "", now: noon)
        #expect(resolution.decision.status == .rejected)
        #expect(throws: Failure(.conflict, "This question was answered already, by ada.")) {
            try Resolution.answer(
                resolution.approval, resolution.decision, approve: true, by: "bob", comment: "", now: noon)
        }
    }

    @Test func `silence approves what was announced and rejects what was asked`() throws {
        let (announced, objection) = try question(.object)
        #expect(Resolution.timeout(objection, announced, isStopped: false, now: noon + .seconds(299)) == nil)
        let acted = try #require(Resolution.timeout(objection, announced, isStopped: false, now: noon + .seconds(300)))
        #expect(acted.decision.status == .active)
        #expect(acted.approval.resolvedBy == "timeout")
        let (asked, approval) = try question(.approve)
        let dropped = try #require(Resolution.timeout(approval, asked, isStopped: false, now: noon + .seconds(86_400)))
        #expect(dropped.decision.status == .rejected)
    }

    @Test func `the kill switch holds announced decisions back`() throws {
        let (decision, approval) = try question(.object)
        #expect(Resolution.timeout(approval, decision, isStopped: true, now: noon + .seconds(400)) == nil)
    }
}

@Suite struct ProposalTests {
    private func proposal(
        _ subject: Subject, _ action: Action = .ban, _ duration: Duration = .seconds(60), perMinute: Int = 0
    ) -> Proposal {
        Proposal(
            subject: subject, action: action, duration: duration, reason: "seen in the logs", incidentID: nil,
            throttlePerMinute: perMinute, user: "ada")
    }

    @Test func `a person's decision holds at once and names them`() throws {
        let decision = try proposal(client()).decision(under: ResponsePolicy(), now: noon)
        #expect(decision.status == .active)
        #expect(decision.decidedBy == "user/ada")
        #expect(decision.expiresAt == noon + .seconds(60))
    }

    @Test func `the limits of agents hold for people too`() throws {
        var policy = ResponsePolicy()
        let isAdded = policy.protected.add("203.0.113.0/24")
        #expect(isAdded)
        let wide = try #require(Subject(.network, Array("1.0.0.0/8".utf8)))
        let free = try client("198.51.100.1")
        let cases: [(Proposal, Failure.Kind)] = [
            (proposal(try client()), .forbidden), (proposal(wide), .invalid), (proposal(free, .ban, .zero), .invalid),
            (proposal(free, .ban, .seconds(31 * 86_400)), .invalid), (proposal(free, .throttle), .invalid),
        ]
        for (proposal, kind) in cases {
            #expect { try proposal.decision(under: policy, now: noon) } throws: { ($0 as? Failure)?.kind == kind }
        }
        #expect(try proposal(free, .throttle, perMinute: 5).decision(under: policy, now: noon).throttlePerMinute == 5)
    }
}
