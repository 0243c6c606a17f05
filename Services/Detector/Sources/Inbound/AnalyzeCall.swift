import Contracts
import Core
import Inspection
import Messaging

/// `Analyze`: judges a request or a piece of text on demand. Nothing is stored.
final class AnalyzeCall: Sendable {
    private let engine: InspectionEngine

    init(_ engine: InspectionEngine) { self.engine = engine }

    func serve(on bus: Bus) {
        bus.serve(DetectorRPC.analyze) { request, _ in try self.analyze(request) }
    }

    func analyze(_ request: AnalyzeRequest) throws -> AnalyzeResponse {
        guard !request.text.isEmpty || !request.target.isEmpty else {
            throw Failure(.invalid, "send a text, or a request with at least its target", source: .detector)
        }
        var scratch = try InspectionScratch()
        let inspected = InspectedRequest(request)
        let verdict = engine.inspect(inspected, .standard, &scratch)
        let findings = verdict.findings.map { finding in
            // Exactly what it adds: the score without it, as if its exclusion were in force.
            let policy = InspectionPolicy(exclusions: [finding.silencedBy])
            let without = engine.inspect(inspected, policy, &scratch).score
            return AnalyzedFinding(finding, contribution: max(0, verdict.score - without))
        }
        return AnalyzeResponse(
            score: verdict.score, action: AnalyzedAction(verdict.action), findings: findings,
            isComplete: verdict.isComplete, engineVersion: engine.version,
            explanation: Explanation.text(verdict, engineVersion: engine.version))
    }
}

extension InspectedRequest {
    fileprivate init(_ request: AnalyzeRequest) {
        guard request.text.isEmpty else {
            self = .text(request.text)
            return
        }
        self.init(
            method: request.method.isEmpty ? "GET" : request.method, target: request.target,
            headers: request.headers.map { Header($0.name, $0.value) }, body: request.body)
    }
}

extension AnalyzedAction {
    fileprivate init(_ action: InspectionVerdict.Action) {
        switch action {
        case .allow: self = .allow
        case .alert: self = .alert
        case .block: self = .block
        }
    }
}

extension AnalyzedFinding {
    fileprivate init(_ finding: Finding, contribution: Double) {
        self.init(
            finding: RuleFinding(RuleMatch(finding)), title: finding.title,
            silencedByRule: finding.silencedBy.rule ?? "",
            silencedByParameter: Array((finding.silencedBy.parameter ?? "").utf8), contribution: contribution,
            exclusion: "{\(Explanation.exclusion(finding.silencedBy))}")
    }
}
