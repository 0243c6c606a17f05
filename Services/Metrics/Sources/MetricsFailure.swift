import Core

/// What a caller can do wrong, in the words it is told.
enum MetricsFailure: FailureConvertible {
    case unknownSeries(String)
    case tooManySteps(maximum: Int)

    var failure: Failure {
        switch self {
        case .unknownSeries(let name):
            let names = Measure.allCases.filter { !$0.hasKey }.map(\.rawValue).joined(separator: ", ")
            return Failure(.invalid, "there is no series named \(name.prefix(64)); there are \(names)")
        case .tooManySteps(let maximum):
            return Failure(
                .invalid, "from must be before until, and at most \(maximum) steps of step_seconds before it")
        }
    }
}
