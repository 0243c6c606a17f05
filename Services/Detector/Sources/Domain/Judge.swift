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

    init(_ settings: Detection.Settings) throws(InspectionFailure) {
        inspector = try Inspector()
        self.settings = settings
        detection = Mutex(Detection(settings))
    }

    /// Inspects what nobody has inspected, then judges all under one lock.
    func observe(_ requests: [ObservedRequest]) throws(InspectionFailure) -> (
        events: [DetectionEvent], reinspected: Int
    ) {
        var requests = requests
        let bare = requests.indices.filter { requests[$0].inspection == nil }
        if !bare.isEmpty {
            var scratch = try InspectionScratch()
            for index in bare { requests[index].inspection = inspector.evidence(for: requests[index], &scratch) }
        }
        let judged = requests
        let events = detection.withLock { detection in judged.flatMap { detection.observe($0) } }
        return (events, bare.count)
    }

    func observe(_ login: FailedLogin) -> [DetectionEvent] { detection.withLock { $0.observe(login) } }
    func contain(_ client: IPAddress) -> DetectionEvent? { detection.withLock { $0.contain(client) } }
    func expire(at now: Timestamp) -> [DetectionEvent] { detection.withLock { $0.expire(at: now) } }

    func resolve(_ client: IPAddress, as resolution: Incident.Resolution, at now: Timestamp) -> DetectionEvent? {
        detection.withLock { $0.resolve(client, as: resolution, at: now) }
    }

    /// Starts over with what was saved; the profiles mean something under their own seed only.
    func restore(
        seed: UInt64, _ incidents: [Incident], _ profiles: [(client: IPAddress, profile: ClientProfile)]
    ) {
        detection.withLock { detection in
            detection = Detection(settings, seed: seed)
            for incident in incidents { detection.restore(incident) }
            // The most recent last, so that it is the last to make room.
            for (client, profile) in profiles.reversed() { detection.restore(client, profile) }
        }
    }

    /// The clients seen since `moment`, at most `limit`, the most recent first.
    func profiles(since moment: Timestamp, limit: Int) -> [(client: IPAddress, profile: ClientProfile)] {
        detection.withLock { Array($0.clients.recent(limit).prefix { $0.profile.lastSeen >= moment }) }
    }

    var census: Census {
        detection.withLock {
            Census(
                clients: $0.clients.count, openIncidents: $0.incidents.count, refusedIncidents: $0.incidents.refused)
        }
    }
}
