import Contracts
import Core
import HTTP
import Inspection
import RuleKeeping
import TestSupport
import Testing

@testable import gateway

/// A candidate's rules in the shadow, and in force.
@Suite(.timeLimit(.minutes(1))) struct CandidateTrialTests {
    private static let id = UUIDv7()

    private func judgement(_ rules: String) throws -> InspectionCandidates.Judgement {
        let inspection = CandidateInspection(rulesAfter: rules, mode: .enforce)
        return try InspectionCandidates.Judgement(Self.id, inspection, on: nil, try InspectionEngine.builtIn().twin())
    }

    private let rules = #"SecRule ARGS:q "@contains marzipan" "id:77,phase:2,deny,tag:attack-generic,msg:'sweet'""#

    @Test("In the shadow it judges beside what is in force, says so in the event, and changes nothing")
    func shadow() async throws {
        let gateway = try await GatewayFixture()
        let candidate = try judgement(rules)
        gateway.state.candidates.update {
            $0 = InspectionCandidates(promoted: nil, shadow: candidate, sampledPermille: 1_000)
        }
        #expect(try await gateway.send(.get, "/?q=marzipan").head.status == .ok)
        #expect(try await gateway.send(.get, "/?q=nougat").head.status == .ok)
        let attack = "/?q=1%27%20UNION%20SELECT%20password%20FROM%20users--%20"
        #expect(try await gateway.send(.get, attack).head.status == .forbidden)
        try await eventually("all are told") { gateway.seen.value.observed.count == 3 }
        let trials = gateway.seen.value.observed.compactMap(\.trial)
        #expect(trials.map(\.candidateID) == [Self.id, Self.id, Self.id])
        #expect(trials.map(\.action) == [.block, .allow, .block])
        #expect(trials.map(\.actionInForce) == [.allow, .allow, .block])
        #expect(trials.first?.findings.map(\.ruleID) == ["seclang.77"])
    }

    @Test("Promoted it decides, and without it what is configured decides again")
    func promoted() async throws {
        let gateway = try await GatewayFixture()
        let candidate = try judgement(rules)
        gateway.state.candidates.update {
            $0 = InspectionCandidates(promoted: candidate, shadow: nil, sampledPermille: 1_000)
        }
        #expect(try await gateway.send(.get, "/?q=marzipan").head.status == .forbidden)
        gateway.state.candidates.update { $0 = nil }
        #expect(try await gateway.send(.get, "/?q=marzipan").head.status == .ok)
        try await eventually("both are told") { gateway.seen.value.observed.count == 2 }
        #expect(gateway.seen.value.observed.allSatisfy { $0.trial == nil })
    }

    @Test("Of a thousand requests so many are tried as were asked for, and none when time is up")
    func sample() throws {
        let all = InspectionCandidates(promoted: nil, shadow: nil, sampledPermille: 1_000)
        let few = InspectionCandidates(promoted: nil, shadow: nil, sampledPermille: 100)
        let none = InspectionCandidates(promoted: nil, shadow: nil, sampledPermille: 0)
        let seat = try TrialSeat()
        #expect((0..<1_000).allSatisfy { _ in seat.takes(all) })
        #expect(!(0..<1_000).contains { _ in seat.takes(none) })
        let taken = (0..<10_000).filter { _ in seat.takes(few) }.count
        #expect((700..<1_300).contains(taken))

        let start = Deadline.now
        var budget = TrialBudget(at: start)
        var allowed = [budget.allows(at: start)]
        budget.spend(.milliseconds(60))
        // Of what has passed since, a twentieth.
        for passed in [0, 150, 300] { allowed.append(budget.allows(at: start + .milliseconds(passed))) }
        #expect(allowed == [true, false, false, true])
    }

    @Test("The order and spelling of a client's fields tell it from others; what they say does not")
    func manner() {
        let usual: HTTPHeaders = ["Host": "a.example", "User-Agent": "one", "Accept": "*/*"]
        let sameAgain: HTTPHeaders = ["Host": "b.example", "User-Agent": "two", "Cookie": "a=b", "Accept": "text/html"]
        let others: [HTTPHeaders] = [
            ["Host": "a.example", "Accept": "*/*", "User-Agent": "one"],
            ["host": "a.example", "user-agent": "one", "accept": "*/*"],
            ["Host": "a.example", "User-Agent": "one"], [:],
        ]
        #expect(usual.namesFingerprint == sameAgain.namesFingerprint)
        #expect(Set((others + [usual]).map(\.namesFingerprint)).count == 5)
    }
}
