internal import Core

/// What a caller can do wrong, in the words it is told.
enum LabyrinthFailure: FailureConvertible, Equatable {
    /// An intruder must not learn from it what this place is.
    case notDiverted
    case foreignCursor
    case unknownIntruder(UUIDv7)

    var failure: Failure {
        switch self {
        case .notDiverted: Failure(.notFound, "Nothing is here.", source: .labyrinth)
        case .foreignCursor:
            Failure(.invalid, "The cursor is none of ours; begin the list without one.", source: .labyrinth)
        case .unknownIntruder(let id): Failure(.notFound, "No intruder has the identifier \(id).", source: .labyrinth)
        }
    }
}
