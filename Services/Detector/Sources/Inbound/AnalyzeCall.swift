import Contracts
import Core
import Inspection
import Messaging

/// `Analyze`: judges a request or a piece of text on demand. Nothing is stored.
final class AnalyzeCall: Sendable {
    private let examiner: Examiner

    init(_ examiner: Examiner) { self.examiner = examiner }

    func serve(on bus: Bus) {
        bus.serve(DetectorRPC.analyze) { request, _ in try self.analyze(request) }
    }

    func analyze(_ request: AnalyzeRequest) throws -> AnalyzeResponse {
        guard !request.text.isEmpty || !request.target.isEmpty else {
            throw Failure(.invalid, "send a text, or a request with at least its target", source: .detector)
        }
        let isWhole = request.text.isEmpty && !request.headers.isEmpty
        let examination = try examiner.examine(InspectedRequest(request), asksRuleSet: isWhole)
        let verdict = examination.verdict
        return AnalyzeResponse(
            score: verdict.score, action: AnalyzedAction(verdict.action),
            findings: zip(verdict.findings, examination.contributions).map { AnalyzedFinding($0, contribution: $1) },
            isComplete: verdict.isComplete, engineVersion: examination.version,
            explanation: Explanation.text(verdict, engineVersion: examination.version))
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
