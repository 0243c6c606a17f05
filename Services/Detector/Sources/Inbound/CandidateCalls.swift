import Contracts
import Core
import Messaging
import Synchronization
import Telemetry

/// `ProposeCandidate` and its kin: other settings in the shadow of those in force, their figures, promotion and the way
/// back. All replicas follow the table; the one that was asked follows at once.
final class CandidateCalls: Sendable {
    private struct Followed {
        var active: UUIDv7?
        var shadow: UUIDv7?
        /// What of the shadow's figures has been added to the table.
        var told = Shadow.Figures()
    }

    private let judge: Judge
    private let candidates: CandidateStore
    private let log: Logger
    private let clock: any WallClock
    private let shadowClients: Int
    private let followed = Mutex(Followed())

    init(_ judge: Judge, _ candidates: CandidateStore, _ log: Logger, clock: any WallClock, shadowClients: Int) {
        self.judge = judge
        self.candidates = candidates
        self.log = log
        self.clock = clock
        self.shadowClients = shadowClients
    }

    func serve(on bus: Bus) {
        bus.serve(DetectorRPC.proposeCandidate) { request, context in
            ProposeCandidateResponse(candidate: Candidate(try await self.propose(request, context.principal)))
        }
        bus.serve(DetectorRPC.listCandidates) { _, _ in
            try await self.tellFigures()
            return ListCandidatesResponse(candidates: try await self.candidates.all().map(Candidate.init))
        }
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
        let told = followed.withLock { $0.told }
        guard figures != told else { return }
        try await candidates.count(candidate, figures - told)
        followed.withLock { $0.told = figures }
    }

    func propose(_ request: ProposeCandidateRequest, _ principal: Principal?) async throws -> CandidateRecord {
        let settings = CandidateSettings(request.settings)
        guard !request.name.isEmpty, !settings.values.isEmpty else {
            throw DetectorFailure.wrongCandidate("give it a name and at least one setting")
        }
        // Refused now rather than when a replica comes to use it.
        _ = try settings.applied(to: judge.configured)
        let candidate = CandidateRecord(
            id: UUIDv7(), name: request.name, status: .shadow, settings: settings, proposedAt: clock.now,
            proposedBy: principal?.name ?? "", promotedAt: nil, figures: Shadow.Figures())
        try await candidates.propose(candidate)
        try await follow()
        return candidate
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
            figures: CandidateFigures(record.figures))
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
