internal import Contracts
internal import Core

/// The one place where `Failure` becomes wire and comes back.
extension FailureReport {
    init(_ failure: Failure, service: ServiceName) {
        self.init(
            kind: failure.kind.rawValue, detail: failure.detail,
            retryAfterMilliseconds: UInt64(max(0, failure.retryAfter?.wholeMilliseconds ?? 0)),
            source: (failure.source ?? service).operatorName)
    }
}

extension Failure {
    init(_ report: FailureReport) {
        let milliseconds = Int64(clamping: min(report.retryAfterMilliseconds, 86_400_000))
        self.init(
            Kind(rawValue: report.kind) ?? .internalError, String(report.detail.prefix(1_000)),
            retryAfter: milliseconds == 0 ? nil : .milliseconds(milliseconds),
            source: ServiceName(rawValue: report.source))
    }
}
