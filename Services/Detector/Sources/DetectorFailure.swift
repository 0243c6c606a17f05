import Core

/// What can go wrong in the detector beyond what its modules throw.
enum DetectorFailure: FailureConvertible, CustomStringConvertible {
    case unreadableIncident(UUIDv7, String)
    case unknownIncident(UUIDv7)
    case alreadyResolved(UUIDv7)
    case malformedCursor
    case missingResolution
    case unknownFormat
    case reservedSource
    case unreadableList(String)
    case wrongCandidate(String)
    case unknownCandidate(UUIDv7)
    case refusedCandidate(String)
    case unknownThreat(UUIDv7)
    case missingVerdict

    var description: String {
        switch self {
        case .unreadableIncident(let id, let reason): "incident \(id) in the database cannot be read: \(reason)"
        case .unknownIncident(let id): "there is no incident \(id); it may be older than what is kept"
        case .alreadyResolved(let id): "incident \(id) is resolved already"
        case .malformedCursor: "the cursor is not one that a page before gave; leave it out to start anew"
        case .unknownFormat: "say how the list is written: plain, csv or stix"
        case .reservedSource: "name the list's source; names that begin with folder: are those of the watched folder"
        case .unreadableList(let problem): "nothing of the list could be read, and the one before stays: \(problem)"
        case .wrongCandidate(let problem): "the candidate cannot be used: \(problem)"
        case .unknownCandidate(let id): "there is no candidate \(id) that this can be done with; list them to see"
        case .refusedCandidate(let problem): "a gateway cannot use it, so it is not put in force: \(problem)"
        case .unknownThreat(let id): "there is no threat \(id); it may be older than what is kept"
        case .missingVerdict: "say what it was: true_positive, false_positive or benign"
        case .missingResolution: "say how it was resolved: true_positive, false_positive or benign"
        }
    }

    /// As callers see it.
    var failure: Failure {
        switch self {
        case .unreadableIncident: Failure(.internalError, "the incident cannot be read", source: .detector)
        case .unknownIncident, .unknownCandidate, .unknownThreat: Failure(.notFound, description, source: .detector)
        case .alreadyResolved: Failure(.conflict, description, source: .detector)
        case .malformedCursor, .missingResolution, .unknownFormat, .reservedSource, .unreadableList,
            .wrongCandidate, .refusedCandidate, .missingVerdict:
            Failure(.invalid, description, source: .detector)
        }
    }
}
