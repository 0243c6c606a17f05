import Core
import Inspection
import Synchronization

/// The one judgement that all queues of this process feed. Judging takes microseconds, so one lock serves them all.
final class Judge: Sendable {
    struct Census: Sendable {
        var clients: Int
        var openIncidents: Int
        var refusedIncidents: Int
    }

    let inspector: Inspector
    private let settings: Detection.Settings
    private let detection: Mutex<Detection>
    /// Never taken while `detection` is held, so that nobody waits for a candidate but who judges.
    private let shadow = Mutex<Shadow?>(nil)

    init(_ settings: Detection.Settings) throws(InspectionFailure) {
        inspector = try Inspector()
        self.settings = settings
        detection = Mutex(Detection(settings))
    }

    var clientCapacity: Int { settings.clientCapacity }

    /// Inspects what nobody has inspected, then judges all under one lock.
    func observe(_ requests: [ObservedRequest], of partition: Int) throws(InspectionFailure) -> (
        events: [DetectionEvent], reinspected: Int
    ) {
        var requests = requests
        let bare = requests.indices.filter { requests[$0].inspection == nil }
        if !bare.isEmpty {
            var scratch = try InspectionScratch()
            for index in bare { requests[index].inspection = inspector.evidence(for: requests[index], &scratch) }
        }
        let judged = requests
        let said = detection.withLock { detection in judged.map { detection.observe($0, of: partition) } }
        shadow.withLock { shadow in
            guard shadow != nil else { return }
            for (request, said) in zip(judged, said) { shadow?.compare(request, of: partition, said: said) }
        }
        return (said.flatMap { $0 }, bare.count)
    }

    func observe(_ login: FailedLogin) -> [DetectionEvent] {
        let said = detection.withLock { $0.observe(login) }
        shadow.withLock { $0?.compare(login, said: said) }
        return said
    }
    func observeLogin(of client: IPAddress, at now: Timestamp) {
        detection.withLock { $0.observeLogin(of: client, at: now) }
    }
    func observe(_ step: IntruderStep) -> [DetectionEvent] { detection.withLock { $0.observe(step) } }
    func contain(_ client: IPAddress) -> DetectionEvent? { detection.withLock { $0.contain(client) } }
    func expire(at now: Timestamp) -> [DetectionEvent] {
        shadow.withLock { $0?.expire(at: now) }
        return detection.withLock { $0.expire(at: now) }
    }

    func resolve(_ id: UUIDv7, as resolution: Incident.Resolution, at now: Timestamp) -> DetectionEvent? {
        detection.withLock { $0.resolve(id, as: resolution, at: now) }
    }

    // MARK: Settings

    /// What the configuration says; a candidate changes it.
    var configured: Detection.Settings { settings }
    var inForce: Detection.Settings { detection.withLock { $0.settings } }

    func use(_ settings: Detection.Settings) { detection.withLock { $0.use(settings) } }

    /// Tries settings in the shadow; nil ends it.
    func shadow(_ candidate: UUIDv7?, _ settings: Detection.Settings, seed: UInt64) {
        shadow.withLock { $0 = candidate.map { Shadow($0, settings, seed: seed) } }
    }

    var shadowFigures: (candidate: UUIDv7, figures: Shadow.Figures)? {
        shadow.withLock { $0.map { ($0.candidate, $0.figures) } }
    }

    /// What was counted of the candidate since last time; nil when it is in the shadow no more.
    func takeNews(of candidate: UUIDv7) -> TrialTally.News? {
        shadow.withLock { shadow in shadow?.candidate == candidate ? shadow?.takeNews() : nil }
    }

    func giveBack(_ news: TrialTally.News, of candidate: UUIDv7) {
        shadow.withLock { if $0?.candidate == candidate { $0?.giveBack(news) } }
    }

    func use(_ indicators: IndicatorTable) { detection.withLock { $0.indicators = indicators } }

    /// Incidents as the database has them: other replicas' too.
    func adopt(_ incidents: [Incident]) {
        detection.withLock { detection in
            for incident in incidents { detection.adopt(incident) }
        }
    }

    /// Starts over with what was saved; profiles mean something under their own seed only.
    func restore(seed: UInt64, _ incidents: [Incident], _ crowds: [CrowdRecord] = []) {
        detection.withLock { detection in
            detection = Detection(settings, seed: seed)
            for incident in incidents { detection.adopt(incident) }
            for crowd in crowds { detection.restore(crowd.kind, crowd.key, crowd.entry) }
        }
    }

    /// The clients of a partition that this replica takes over, the most recent first.
    func restore(_ profiles: [(client: IPAddress, profile: ClientProfile)], of partition: Int) {
        detection.withLock { detection in
            // The most recent last, so that it is the last to make room.
            for (client, profile) in profiles.reversed() { detection.clients.restore(client, profile, of: partition) }
        }
    }

    func profile(of client: IPAddress) -> ClientProfile? { detection.withLock { $0.clients.profile(of: client) } }
    func profiles(of partition: Int) -> [ClientTable.Entry] { detection.withLock { $0.clients.entries(of: partition) } }
    func forget(_ partition: Int) { detection.withLock { $0.clients.remove(partition) } }

    /// What changed since the last checkpoint, a step of it; empty when all of it was handed out. Holds up judging for
    /// the step only.
    func changedProfiles(_ checkpoint: inout Checkpoint, limit: Int, at now: Timestamp) -> [ClientTable.Entry] {
        detection.withLock { $0.clients.changed(&checkpoint, limit: limit, at: now) }
    }

    /// The crowds that changed since `moment`.
    func crowds(since moment: Timestamp) -> [CrowdRecord] {
        detection.withLock { detection in
            detection.crowds.flatMap { kind, crowds in
                crowds.entries.filter { $0.value.counts.updatedAt >= moment }.map {
                    CrowdRecord(kind: kind, key: $0.key, entry: $0.value)
                }
            }
        }
    }

    var census: Census {
        detection.withLock {
            Census(
                clients: $0.clients.count, openIncidents: $0.incidents.count, refusedIncidents: $0.incidents.refused)
        }
    }
}

/// A crowd as it is kept over a restart.
struct CrowdRecord: Sendable, Equatable {
    var kind: Crowds.Kind
    var key: UInt64
    var entry: Crowds.Entry
}
