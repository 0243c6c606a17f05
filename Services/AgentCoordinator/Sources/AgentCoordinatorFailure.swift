internal import Core

/// What can go wrong here beyond the database and the bus, each with what the caller can do.
enum AgentCoordinatorFailure: FailureConvertible {
    case unknownDecision
    case unknownApproval
    case notInForce
    case noSubject
    case noAction
    case badCursor
    case nobody

    var failure: Failure {
        switch self {
        case .unknownDecision: Failure(.notFound, "There is no such decision.")
        case .unknownApproval: Failure(.notFound, "There is no such question.")
        case .notInForce: Failure(.conflict, "The decision is not in force, so there is nothing to take back.")
        case .noSubject: Failure(.invalid, "The subject needs a kind and a value of 1 to 256 bytes.")
        case .noAction: Failure(.invalid, "The action must be one of those the contract names, and not ALLOW.")
        case .badCursor: Failure(.invalid, "The cursor is not one of ours; begin again without it.")
        case .nobody: Failure(.unauthenticated, "Only a signed-in person may do this; call it through the gateway.")
        }
    }
}
