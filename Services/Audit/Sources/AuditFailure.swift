internal import Core

/// What a caller can do wrong, in the words it is told.
enum AuditFailure: FailureConvertible, Equatable {
    case noSuchEntry(UInt64, size: UInt64)
    case emptyRange(first: UInt64, last: UInt64)

    var failure: Failure {
        switch self {
        case .noSuchEntry(let index, let size):
            Failure(.notFound, "There is no entry \(index); the log has \(size).", source: .audit)
        case .emptyRange(let first, let last):
            Failure(.invalid, "The range ends at \(last), before it begins at \(first).", source: .audit)
        }
    }
}
