import Core

/// What can go wrong while counting or telling; `failure` is what a caller hears of it.
enum MetricsFailure: Error, Sendable {
    /// The database could not be asked or did not answer. The text is for the log.
    case storage(String)
    case unknownSeries(String)
    case tooManySteps(maximum: Int)

    var failure: Failure {
        switch self {
        case .storage:
            return Failure(.unavailable, "the counts cannot be read or stored right now", retryAfter: .seconds(1))
        case .unknownSeries(let name):
            let names = Measure.allCases.filter { !$0.hasKey }.map(\.rawValue).joined(separator: ", ")
            return Failure(.invalid, "there is no series named \(name.prefix(64)); there are \(names)")
        case .tooManySteps(let maximum):
            return Failure(
                .invalid, "from must be before until, and at most \(maximum) steps of step_seconds before it")
        }
    }
}
