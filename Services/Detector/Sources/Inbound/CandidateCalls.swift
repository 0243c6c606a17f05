import Contracts
import Core
import Inspection
import Messaging
import RuleKeeping
import Synchronization
import Telemetry

/// `ProposeCandidate` and its kin: other settings, rules and models in the shadow of those in force, their figures,
/// promotion and the way back. All replicas follow the table; the one that was asked follows at once. Gateways ask.
final class CandidateCalls: Sendable {
    private struct Followed {
        var active: UUIDv7?
        var shadow: UUIDv7?
        /// What of the shadow's figures has been added to the table.
        var told = Shadow.Figures()
    }

    private let judge: Judge
    private let candidates: CandidateStore
    private let trials: TrialStore
    private let log: Logger
    private let clock: any WallClock
    private let shadowClients: Int
    private let followed = Mutex(Followed())

    init(
        _ judge: Judge, _ candidates: CandidateStore, _ trials: TrialStore, _ log: Logger, clock: any WallClock,
        shadowClients: Int
    ) {
        self.judge = judge
        self.candidates = candidates
        self.trials = trials
        self.log = log
        self.clock = clock
        self.shadowClients = shadowClients
    }

    func serve(on bus: Bus) {
        bus.serve(DetectorRPC.proposeCandidate) { request, context in
            ProposeCandidateResponse(candidate: Candidate(try await self.propose(request, context.principal)))
        }
        bus.serve(DetectorRPC.listCandidates) { _, _ in try await self.list() }
        bus.serve(DetectorRPC.followCandidates) { request, _ in try await self.follow(request) }
        bus.serve(DetectorRPC.promoteCandidate) { request, _ in
            PromoteCandidateResponse(candidate: Candidate(try await self.promote(request.candidateID)))
        }
        bus.serve(DetectorRPC.retireCandidate) { request, _ in
            RetireCandidateResponse(candidate: Candidate(try await self.retire(request.candidateID)))
        }
    }

    /// Does what the table says; call it every now and then.
    func follow() async throws {
        try await tellFigures()
        let (shadow, active) = try await candidates.current()
        let known = followed.withLock { ($0.active, $0.shadow) }
        if active?.id != known.0 {
            judge.use(try active.map { try $0.settings.applied(to: judge.configured) } ?? judge.configured)
            followed.withLock { $0.active = active?.id }
            log.info("other settings judge from now on", ["candidate": .string(active?.name ?? "the configuration's")])
        }
        if shadow?.id != known.1 {
            var settings = try shadow?.settings.applied(to: judge.configured) ?? judge.configured
            settings.clientCapacity = min(settings.clientCapacity, shadowClients)
            judge.shadow(shadow?.id, settings, seed: .random(in: .min ... .max))
            followed.withLock { ($0.shadow, $0.told) = (shadow?.id, Shadow.Figures()) }
        }
    }

    private func tellFigures() async throws {
        guard let (candidate, figures) = judge.shadowFigures else { return }
        if let news = judge.takeNews(of: candidate), !news.isEmpty {
            do {
                try await trials.add(news, to: candidate)
            } catch {
                judge.giveBack(news, of: candidate)
                throw error
            }
        }
        let told = followed.withLock { $0.told }
        guard figures != told else { return }
        try await candidates.count(candidate, figures - told)
        followed.withLock { $0.told = figures }
    }

    func propose(_ request: ProposeCandidateRequest, _ principal: Principal?) async throws -> CandidateRecord {
        let settings = CandidateSettings(request.settings)
        guard !request.name.isEmpty, !settings.values.isEmpty || request.inspection?.changesAnything == true else {
            throw DetectorFailure.wrongCandidate("give it a name, and at least one setting, rule or model")
        }
        // Refused now rather than when a replica comes to use it.
        _ = try settings.applied(to: judge.configured)
        try request.inspection?.check()
        let candidate = CandidateRecord(
            id: UUIDv7(), name: request.name, status: .shadow, settings: settings, inspection: request.inspection,
            proposedAt: clock.now, proposedBy: principal?.name ?? "", promotedAt: nil, figures: Shadow.Figures())
        try await candidates.propose(candidate)
        try await follow()
        return candidate
    }

    /// Without the texts and models of theirs: there may be a hundred.
    func list() async throws -> ListCandidatesResponse {
        try await tellFigures()
        var listed: [Candidate] = []
        for record in try await candidates.all() {
            var candidate = Candidate(record)
            candidate.inspection?.rulesBefore = ""
            candidate.inspection?.rulesAfter = ""
            candidate.inspection?.textModel = []
            candidate.feedback = try await trials.feedback(on: record.id)
            if record.trial.requests > 0 {
                candidate.trial?.rules = try await trials.rules(of: record.id)
                candidate.trial?.examples = try await trials.examples(of: record.id)
            }
            listed.append(candidate)
        }
        return ListCandidatesResponse(candidates: listed)
    }

    /// What a gateway is to know. It says which ones it has, and gets what it does not have.
    func follow(_ request: FollowCandidatesRequest) async throws -> FollowCandidatesResponse {
        if request.refused.isSet {
            log.warning(
                "a gateway cannot use a candidate",
                [
                    "candidate": .string(request.refused.description), "replica": .string(request.replica),
                    "problem": .string(request.refusal),
                ])
            try await candidates.refuse(request.refused, because: "\(request.replica): \(request.refusal)")
        }
        func concerning(_ id: UUIDv7?, known: UUIDv7) async throws -> (UUIDv7, CandidateInspection?) {
            guard let id, id != known else { return (id ?? .unset, nil) }
            let inspection = try await candidates.find(id)?.inspection
            return (inspection == nil ? .unset : id, inspection)
        }
        let current = try await candidates.currentNumbers()
        let shadow = try await concerning(current.shadow, known: request.knownShadow)
        let active = try await concerning(current.active, known: request.knownActive)
        return FollowCandidatesResponse(
            shadow: shadow.0, shadowInspection: shadow.1, active: active.0, activeInspection: active.1)
    }

    func promote(_ id: UUIDv7) async throws -> CandidateRecord {
        try await tellFigures()
        guard try await candidates.promote(id, at: clock.now) else { throw DetectorFailure.unknownCandidate(id) }
        return try await followed(id)
    }

    func retire(_ id: UUIDv7) async throws -> CandidateRecord {
        try await tellFigures()
        guard try await candidates.retire(id) else { throw DetectorFailure.unknownCandidate(id) }
        return try await followed(id)
    }

    private func followed(_ id: UUIDv7) async throws -> CandidateRecord {
        try await follow()
        guard let candidate = try await candidates.find(id) else { throw DetectorFailure.unknownCandidate(id) }
        return candidate
    }
}

extension Candidate {
    fileprivate init(_ record: CandidateRecord) {
        self.init(
            candidateID: record.id, name: record.name,
            status: CandidateStatus(rawValue: Int32(record.status.rawValue)),
            settings: record.settings.values.map { CandidateSetting(key: $0.key, value: $0.value) },
            proposedAt: record.proposedAt, proposedBy: record.proposedBy, promotedAt: record.promotedAt ?? .unset,
            figures: CandidateFigures(record.figures), inspection: record.inspection,
            trial: record.inspection == nil ? nil : TrialFigures(record.trial), refusal: record.refusal)
    }
}

extension TrialFigures {
    fileprivate init(_ figures: TrialTally.Figures) {
        func whole(_ number: Int) -> UInt64 { UInt64(max(0, number)) }
        self.init(
            requests: whole(figures.requests), foundOnlyCandidate: whole(figures.found.onlyCandidate),
            foundOnlyInForce: whole(figures.found.onlyInForce), foundBoth: whole(figures.found.both),
            blockedOnlyCandidate: whole(figures.blocked.onlyCandidate),
            blockedOnlyInForce: whole(figures.blocked.onlyInForce), blockedBoth: whole(figures.blocked.both))
    }
}

extension CandidateInspection {
    fileprivate var changesAnything: Bool { !textModel.isEmpty || !RuleSetChange(self).isEmpty }

    /// What is wrong with rules or model by themselves; what does not fit a gateway's own rules it will say.
    fileprivate func check() throws(DetectorFailure) {
        do {
            let change = RuleSetChange(self)
            if !change.isEmpty { _ = try change.load(on: nil) }
            if !textModel.isEmpty { _ = try InspectionModel(textModel) }
        } catch {
            throw .wrongCandidate("\(error)")
        }
    }
}

extension CandidateFigures {
    fileprivate init(_ figures: Shadow.Figures) {
        func whole(_ number: Int) -> UInt64 { UInt64(max(0, number)) }
        self.init(
            requests: whole(figures.requests), threats: whole(figures.threats),
            threatsInForce: whole(figures.threatsInForce), clientsOnlyCandidate: whole(figures.clientsOnlyCandidate),
            clientsOnlyInForce: whole(figures.clientsOnlyInForce), clientsBoth: whole(figures.clientsBoth))
    }
}
