import Contracts
import Core
import Messaging

/// `ListIncidents`, `GetIncident` and `ResolveIncident`.
final class IncidentCalls: Sendable {
    private static let page = PageSize(50, atMost: 500)

    private let judge: Judge
    private let incidents: IncidentStore
    private let threats: ThreatStore
    private let journal: Journal
    private let feedback: FeedbackCalls
    private let clock: any WallClock

    init(
        _ judge: Judge, _ incidents: IncidentStore, _ threats: ThreatStore, _ journal: Journal,
        _ feedback: FeedbackCalls, clock: any WallClock
    ) {
        self.judge = judge
        self.incidents = incidents
        self.threats = threats
        self.journal = journal
        self.feedback = feedback
        self.clock = clock
    }

    func serve(on bus: Bus) {
        bus.serve(DetectorRPC.listIncidents) { request, context in
            try await self.list(request, deadline: context.deadline)
        }
        bus.serve(DetectorRPC.getIncident) { request, context in
            try await self.get(request, deadline: context.deadline)
        }
        bus.serve(DetectorRPC.resolveIncident) { request, context in
            try await self.resolve(request, by: context.principal, deadline: context.deadline)
        }
    }

    private func list(_ request: ListIncidentsRequest, deadline: Deadline) async throws -> ListIncidentsResponse {
        let before = try request.cursor.asCursor({ UUIDv7($0) }, else: DetectorFailure.malformedCursor)
        let limit = Self.page.entries(request.limit)
        let page = try await incidents.page(
            before: before, status: request.status, minimumSeverity: request.minimumSeverity, limit: limit,
            deadline: deadline)
        return ListIncidentsResponse(incidents: page, nextCursor: page.nextCursor(of: limit) { $0.incidentID })
    }

    private func get(_ request: GetIncidentRequest, deadline: Deadline) async throws -> GetIncidentResponse {
        let incident = try await find(request.incidentID, deadline: deadline)
        return GetIncidentResponse(
            incident: incident, threats: try await threats.newest(of: request.incidentID, deadline: deadline))
    }

    private func resolve(
        _ request: ResolveIncidentRequest, by principal: Principal?, deadline: Deadline
    ) async throws -> ResolveIncidentResponse {
        guard let resolution = Incident.Resolution(rawValue: Int(request.resolution.rawValue)),
            ![.subsided, .merged].contains(resolution)
        else { throw DetectorFailure.missingResolution }
        let stored = try await find(request.incidentID, deadline: deadline)
        guard stored.status != .resolved, let incident = Incident(stored) else {
            throw DetectorFailure.alreadyResolved(request.incidentID)
        }
        // Another replica may hold it open; then what is stored is closed, and that replica's next change yields to it.
        let event =
            judge.resolve(incident.id, as: resolution, at: clock.now)
            ?? .updated(incident.closed(as: resolution, at: clock.now), .resolved, previousStage: incident.stage)
        try await journal.save([event])
        try await feedback.mark(
            request.incidentID, as: FeedbackVerdict(rawValue: Int32(resolution.rawValue)), by: principal,
            comment: request.comment, deadline: deadline)
        return ResolveIncidentResponse(incident: try await find(request.incidentID, deadline: deadline))
    }

    private func find(_ id: UUIDv7, deadline: Deadline) async throws -> Contracts.Incident {
        guard let incident = try await incidents.find(id, deadline: deadline) else {
            throw DetectorFailure.unknownIncident(id)
        }
        return incident
    }
}
