import Core
import HTTP
import Inspection

/// Judges the rest of a large body while it goes to the upstream, window by window, each as if it were a request's whole
/// body. What was sent before an attack was seen stays sent; the request does not end, so the upstream has no whole one.
///
/// Confined to its request's reactor, which is what makes it Sendable.
final class BodyWatch: @unchecked Sendable {
    private let lane: RequestLane
    private let policy: InspectionPolicy
    private let engine: InspectionEngine
    /// Nil where no rule set is asked.
    private let connection: SecLangConnection?
    private var request: InspectedRequest
    private var windows: BodyWindows
    /// The gravest so far.
    private(set) var verdict: InspectionVerdict
    private(set) var took = Duration.zero
    /// One window was an attack and the route wants such requests stopped.
    private(set) var hasStopped = false

    /// Nil for a body that cannot be judged in windows: one that is compressed.
    init?(
        _ beginning: InspectedRequest, _ verdict: InspectionVerdict, _ connection: SecLangConnection?,
        _ lane: RequestLane, _ policy: InspectionPolicy, _ engine: InspectionEngine, windowBytes: Int
    ) {
        func field(_ name: String) -> [UInt8]? { beginning.headers.first { $0.name.lowercased() == name }?.value }
        guard field("content-encoding") == nil else { return nil }
        (self.lane, self.policy, self.engine, self.connection) = (lane, policy, engine, connection)
        self.verdict = verdict
        request = beginning
        windows = BodyWindows(contentType: field("content-type") ?? [], size: windowBytes)
        // It was judged; what of it a window's edge cuts off is judged with what follows.
        _ = windows.take(beginning.body)
        request.body = []
        request.isBodyWhole = false
    }

    /// True stops the request.
    func take(_ piece: [UInt8]) -> Bool { windows.take(piece).contains { judge($0) } }

    func finish() -> Bool { windows.finish().map { judge($0) } ?? false }

    private func judge(_ window: [UInt8]) -> Bool {
        let began = Deadline.now
        defer { took += .now - began }
        request.body = window
        let found = lane.inspect(request, policy, by: engine, connection)
        if found.score > verdict.score || !found.isComplete {
            let isComplete = verdict.isComplete && found.isComplete
            if found.score > verdict.score { verdict = found }
            verdict.isComplete = isComplete
        }
        hasStopped = hasStopped || found.action == .block
        return found.action == .block
    }
}
