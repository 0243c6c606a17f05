import Contracts
import Core
import Inspection
import Messaging
import Reactor
import RuleKeeping
import ServiceKit
import Synchronization
import Telemetry

/// Asks the detector which rules and model to judge by and which to try, makes them, and says when it cannot. Without a
/// detector what was known stays; a gateway that starts without one judges as it is configured.
final class CandidateFollower: Sendable {
    private static let patience = Duration.seconds(10)
    private static let usualPermille = 10
    private static let longestRefusal = 900

    /// What was made of the last answer.
    private struct Known {
        var active = UUIDv7.unset
        var shadow = UUIDv7.unset
        /// Of the configured rule set's files, on which candidates stand.
        var base: [UInt8] = []
        var promoted: InspectionCandidates.Judgement?
        var tried: InspectionCandidates.Judgement?
        var sampledPermille = 0
        var refused = UUIDv7.unset
        var refusal = ""
    }

    private let bus: Bus
    private let engine: InspectionEngine
    private let rules: RuleSetKeeper?
    private let published: Published<InspectionCandidates?>
    private let log: Logger
    /// Making a rule set takes a fraction of a second: no reactor waits for it.
    private let threads = BlockingThreads(maximum: 1, queueLimit: 4)
    private let known = Mutex(Known())

    init(
        _ bus: Bus, _ engine: InspectionEngine, _ rules: RuleSetKeeper?, _ published: Published<InspectionCandidates?>,
        _ log: Logger
    ) {
        (self.bus, self.engine, self.rules, self.published, self.log) = (bus, engine, rules, published, log)
    }

    /// One round; call it every now and then, from one task.
    func follow() async throws {
        var known = known.withLock { $0 }
        let base = rules?.inForce.digest ?? []
        if base != known.base { (known.active, known.shadow, known.base) = (.unset, .unset, base) }
        let answer = try await bus.call(
            DetectorRPC.followCandidates,
            FollowCandidatesRequest(
                replica: bus.configuration.replica, knownShadow: known.shadow, knownActive: known.active,
                refused: known.refused, refusal: known.refusal), deadline: .after(Self.patience))
        (known.refused, known.refusal) = (.unset, "")
        guard answer.active != known.active || answer.shadow != known.shadow else {
            return self.known.withLock { $0 = known }
        }
        if answer.active != known.active {
            known.promoted = await judgement(answer.active, answer.activeInspection, &known)
            known.active = answer.active
        }
        if answer.shadow != known.shadow {
            known.tried = await judgement(answer.shadow, answer.shadowInspection, &known)
            known.shadow = answer.shadow
            let permille = Int(answer.shadowInspection?.sampledPermille ?? 0)
            known.sampledPermille = permille == 0 ? Self.usualPermille : permille
        }
        use(known)
    }

    private func use(_ known: Known) {
        let isNone = known.promoted == nil && known.tried == nil
        let candidates =
            isNone
            ? nil
            : InspectionCandidates(
                promoted: known.promoted, shadow: known.tried, sampledPermille: known.sampledPermille)
        published.update { $0 = candidates }
        self.known.withLock { $0 = known }
        log.info(
            "candidates are followed",
            [
                "in_force": .string(known.promoted.map { $0.id.description } ?? "as configured"),
                "in_the_shadow": .string(known.tried.map { $0.id.description } ?? "none"),
            ])
    }

    /// Nil for no candidate, and for one that cannot be used, which is noted.
    private func judgement(
        _ id: UUIDv7, _ inspection: CandidateInspection?, _ known: inout Known
    ) async -> InspectionCandidates.Judgement? {
        guard id.isSet, let inspection else { return nil }
        do {
            let (configured, twin) = (rules?.settings, engine.twin())
            return try await threads.run {
                Result { try InspectionCandidates.Judgement(id, inspection, on: configured, twin) }
            }.get()
        } catch {
            known.refused = id
            known.refusal = String("\(error)".prefix(Self.longestRefusal))
            log.error(
                "a candidate cannot be used, what is configured judges",
                ["candidate": .string(id.description), "problem": .string(known.refusal)])
            return nil
        }
    }
}

extension InspectionCandidates.Judgement {
    /// `twin` is an engine without a model.
    init(
        _ id: UUIDv7, _ inspection: CandidateInspection, on configured: CoreRuleSet?, _ twin: InspectionEngine
    ) throws {
        self.init(id: id)
        let change = RuleSetChange(inspection)
        if !change.isEmpty { rules = try change.load(on: configured) }
        guard !inspection.textModel.isEmpty else { return }
        _ = try twin.use(bytes: inspection.textModel)
        engine = twin
    }
}
