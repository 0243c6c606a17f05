import Core
import Reactor
import Synchronization
import Telemetry

/// What has to be done once in a while: incidents that have gone quiet are closed, profiles are saved, the old is
/// forgotten. A round that fails is logged once and made up for by the next.
final class Housekeeping: Sendable {
    /// A profile that was not seen for so long is not worth its row.
    private static let profilesKept = Duration.seconds(3_600)
    private static let adoptedAtOnce = 10_000
    private static let profilesPerStep = 4_000

    private let judge: Judge
    private let journal: Journal
    private let profiles: ClientProfileStore
    private let crowds: CrowdStore
    private let incidents: IncidentStore
    private let threats: ThreatStore
    private let metrics: DetectorMetrics
    private let log: Logger
    private let clock: any WallClock
    private let configuration: DetectorConfiguration
    private let saved = Mutex(Checkpoint())

    init(
        _ judge: Judge, _ journal: Journal, _ profiles: ClientProfileStore, _ crowds: CrowdStore,
        _ incidents: IncidentStore, _ threats: ThreatStore,
        _ metrics: DetectorMetrics, _ log: Logger, clock: any WallClock, _ configuration: DetectorConfiguration
    ) {
        self.judge = judge
        self.journal = journal
        self.profiles = profiles
        self.crowds = crowds
        self.incidents = incidents
        self.threats = threats
        self.metrics = metrics
        self.log = log
        self.clock = clock
        self.configuration = configuration
    }

    /// Until the task is cancelled.
    func run() async {
        while (try? await Reactor.sleep(for: configuration.saveEvery)) != nil { await round() }
    }

    /// Once more, so that a stop forgets nothing. Not on the cancelled task: the database would refuse it.
    func finish() async { await round() }

    private func round() async {
        report()
        let now = clock.now
        // Other replicas' incidents before anything of ours is called quiet.
        await attempt("adopt") {
            self.judge.adopt(
                try await self.incidents.changed(
                    since: now + (.zero - self.configuration.saveEvery * 4), limit: Self.adoptedAtOnce))
        }
        await attempt("expire") { try await self.journal.save(self.judge.expire(at: now)) }
        await attempt("expire") {
            try await self.threats.forget(before: now + (.zero - self.configuration.threatsKept))
            try await self.profiles.forget(before: now + (.zero - Self.profilesKept))
            try await self.crowds.forget(before: now + (.zero - Self.profilesKept))
        }
        // A step that fails is walked again in the next round.
        let checkpoint = saved.withLock { $0 }
        var next = checkpoint
        let isSaved = await attempt("checkpoint") {
            while true {
                let changed = self.judge.changedProfiles(&next, limit: Self.profilesPerStep, at: now)
                if changed.isEmpty { break }
                try await self.profiles.save(changed)
            }
            try await self.crowds.save(self.judge.crowds(since: checkpoint.since))
        }
        if isSaved {
            let reached = next
            saved.withLock { $0 = reached }
        }
    }

    @discardableResult
    private func attempt(_ operation: String, _ work: () async throws -> Void) async -> Bool {
        do {
            try await work()
            return true
        } catch {
            // The last round makes up for it.
            guard !Task.isCancelled else { return false }
            metrics.failures[operation].increment()
            log.warning(
                "housekeeping failed and is tried again", ["operation": .string(operation), "reason": .error(error)])
            return false
        }
    }

    private func report() {
        let census = judge.census
        metrics.clients.set(census.clients)
        metrics.openIncidents.set(census.openIncidents)
        metrics.refusedIncidents.set(census.refusedIncidents)
    }
}
