import Core
import Messaging
import Reactor
import Synchronization
import Telemetry

/// Reads the partitions of the request stream that are this replica's share, and gives up those that are not any more.
///
/// The clients of a partition are judged by who reads it: their profiles are read back from the checkpoint before its
/// first batch is judged, and saved when it is given up. Between two replicas at most the batch that was in work is
/// forgotten.
final class PartitionKeeper: Sendable {
    private static let patienceInHeartbeats = 4

    private let bus: Bus
    private let judge: Judge
    private let journal: Journal
    private let profiles: ClientProfileStore
    private let replicas: ReplicaStore
    private let metrics: DetectorMetrics
    private let log: Logger
    private let clock: any WallClock
    private let configuration: DetectorConfiguration
    private let consumers = Mutex<[Int: Consumer]>([:])

    init(
        _ bus: Bus, _ judge: Judge, _ journal: Journal, _ profiles: ClientProfileStore, _ replicas: ReplicaStore,
        _ metrics: DetectorMetrics, _ log: Logger, clock: any WallClock, _ configuration: DetectorConfiguration
    ) {
        self.bus = bus
        self.judge = judge
        self.journal = journal
        self.profiles = profiles
        self.replicas = replicas
        self.metrics = metrics
        self.log = log
        self.clock = clock
        self.configuration = configuration
    }

    /// Until the task is cancelled.
    func run() async {
        var isFailing = false
        repeat {
            do {
                let living = try await replicas.meet(
                    bus.configuration.replica, patience: configuration.heartbeat * Self.patienceInHeartbeats)
                await hold(
                    PartitionPlan.share(
                        of: bus.configuration.replica, among: living, partitions: Topology.partitions))
                isFailing = false
            } catch {
                // Without the database nobody knows better than what was agreed last.
                metrics.failures["partitions"].increment()
                if !isFailing, !Task.isCancelled {
                    log.warning("the shares of the partitions stay as they are", ["reason": .error(error)])
                }
                isFailing = true
            }
        } while (try? await Reactor.sleep(for: configuration.heartbeat)) != nil
    }

    /// Stops reading. The others take over when this replica has left, which it does after its last checkpoint.
    func stop(deadline: Deadline) async {
        for consumer in consumers.withLock({ Array($0.values) }) { await consumer.stop(deadline: deadline) }
    }

    func leave() async { try? await replicas.leave(bus.configuration.replica) }

    private func hold(_ share: Set<Int>) async {
        let held = consumers.withLock { Set($0.keys) }
        for partition in held.subtracting(share).sorted() { await giveUp(partition) }
        for partition in share.subtracting(held).sorted() { take(partition) }
        metrics.partitions.set(share.count)
        if held != share {
            log.info(
                "this replica's partitions",
                ["partitions": .string(share.sorted().map { "\($0)" }.joined(separator: " "))])
        }
    }

    private func take(_ partition: Int) {
        let stream = RequestStream(partition, judge, journal, profiles, metrics, clock: clock)
        let consumer = bus.consumeBatches(
            .requests(of: .detector, partition: partition), options: RequestStream.options
        ) { try await stream.handle($0) }
        consumers.withLock { $0[partition] = consumer }
    }

    /// Saved before and after it ends, because the next reader begins the moment this one stops.
    private func giveUp(_ partition: Int) async {
        guard let consumer = consumers.withLock({ $0.removeValue(forKey: partition) }) else { return }
        let began = clock.now
        await save(partition, since: Timestamp(nanoseconds: 0))
        await consumer.stop(deadline: .after(.seconds(5)))
        await save(partition, since: began + .seconds(-1))
        judge.forget(partition)
    }

    private func save(_ partition: Int, since moment: Timestamp) async {
        do {
            try await profiles.save(judge.profiles(of: partition).filter { $0.profile.lastSeen >= moment })
        } catch {
            log.warning(
                "the clients of a partition could not be saved and are forgotten since the last checkpoint",
                ["partition": .int(partition), "reason": .error(error)])
        }
    }
}
