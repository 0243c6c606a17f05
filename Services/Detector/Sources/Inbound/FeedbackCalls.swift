import Contracts
import Core
import Messaging

/// `MarkThreat` and `ListFeedback`; also what a resolved incident says about its threats.
final class FeedbackCalls: Sendable {
    private static let page = PageSize(50, atMost: 500)
    private static let longestName = 128

    private let threats: ThreatStore
    private let feedback: FeedbackStore
    private let clock: any WallClock

    init(_ threats: ThreatStore, _ feedback: FeedbackStore, clock: any WallClock) {
        self.threats = threats
        self.feedback = feedback
        self.clock = clock
    }

    func serve(on bus: Bus) {
        bus.serve(DetectorRPC.markThreat) { request, context in
            MarkThreatResponse(
                feedback: try await self.mark(request, by: context.principal, deadline: context.deadline))
        }
        bus.serve(DetectorRPC.listFeedback) { request, context in
            try await self.list(request, deadline: context.deadline)
        }
    }

    func mark(_ request: MarkThreatRequest, by principal: Principal?, deadline: Deadline) async throws -> Feedback {
        guard [.truePositive, .falsePositive, .benign].contains(request.verdict) else {
            throw DetectorFailure.missingVerdict
        }
        guard let threat = try await threats.find(request.threatID, deadline: deadline) else {
            throw DetectorFailure.unknownThreat(request.threatID)
        }
        let entry = entry(threat, request.verdict, principal, request.comment)
        try await feedback.save([entry])
        return entry
    }

    /// What was said about an incident is said about its newest threats.
    func mark(
        _ incident: UUIDv7, as verdict: FeedbackVerdict, by principal: Principal?, comment: String, deadline: Deadline
    ) async throws {
        let marked = try await threats.newest(of: incident, deadline: deadline)
        try await feedback.save(marked.map { entry($0, verdict, principal, comment) })
    }

    func list(_ request: ListFeedbackRequest, deadline: Deadline) async throws -> ListFeedbackResponse {
        let before = try request.cursor.asCursor({ UUIDv7($0) }, else: DetectorFailure.malformedCursor)
        let limit = Self.page.entries(request.limit)
        let page = try await feedback.page(before: before, verdict: request.verdict, limit: limit, deadline: deadline)
        return ListFeedbackResponse(feedback: page, nextCursor: page.nextCursor(of: limit) { $0.feedbackID })
    }

    private func entry(
        _ threat: ThreatDetected, _ verdict: FeedbackVerdict, _ principal: Principal?, _ comment: String
    ) -> Feedback {
        Feedback(
            feedbackID: UUIDv7(), verdict: verdict, markedAt: clock.now,
            markedBy: String((principal?.name ?? "").prefix(Self.longestName)), comment: comment, threat: threat)
    }
}
