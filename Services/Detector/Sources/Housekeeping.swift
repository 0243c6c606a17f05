import Core
import Reactor
import Telemetry

/// What has to be done once in a while: incidents that have gone quiet are closed, profiles are saved, the old is
/// forgotten. A round that fails is logged once and made up for by the next.
final class Housekeeping: Sendable {
    /// A profile that was not seen for so long is not worth its row.
    private static let profilesKept = Duration.seconds(3_600)
    private static let profilesPerRound = 20_000

    private let judge: Judge
    private let journal: Journal
    private let profiles: ClientProfileStore
    private let threats: ThreatStore
    private let metrics: DetectorMetrics
    private let log: Logger
    private let clock: any WallClock
    private let configuration: DetectorConfiguration

    init(
        _ judge: Judge, _ journal: Journal, _ profiles: ClientProfileStore, _ threats: ThreatStore,
        _ metrics: DetectorMetrics, _ log: Logger, clock: any WallClock, _ configuration: DetectorConfiguration
    ) {
        self.judge = judge
        self.journal = journal
        self.profiles = profiles
        self.threats = threats
        self.metrics = metrics
        self.log = log
        self.clock = clock
        self.configuration = configuration
    }

    /// Until the task is cancelled; then once more, so that a stop forgets nothing.
    func run() async {
        var saved = clock.now
        while true {
            let isStopping = (try? await Reactor.sleep(for: configuration.saveEvery)) == nil
            let now = clock.now
            if await round(since: saved, now: now) { saved = now }
            if isStopping { return }
        }
    }

    private func round(since: Timestamp, now: Timestamp) async -> Bool {
        report()
        await attempt("expire") { try await self.journal.save(self.judge.expire(at: now)) }
        await attempt("expire") {
            try await self.threats.forget(before: now + (.zero - self.configuration.threatsKept))
            try await self.profiles.forget(before: now + (.zero - Self.profilesKept))
        }
        return await attempt("checkpoint") {
            try await self.profiles.save(self.judge.profiles(since: since, limit: Self.profilesPerRound))
        }
    }

    @discardableResult
    private func attempt(_ operation: String, _ work: () async throws -> Void) async -> Bool {
        do {
            try await work()
            return true
        } catch {
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
