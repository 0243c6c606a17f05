import Core

/// Everything auth refuses or fails with, each with a sentence for the caller.
enum AuthFailure: FailureConvertible, Equatable {
    /// Name or secret: which of them is nobody's business.
    case wrongCredentials
    case delayed(Duration)
    case invalidRefreshToken
    case invalidRequest(String)
    case signInFirst
    case forbidden(String)
    case notFound(String)
    case nameTaken
    /// More sign-ins at once than this machine hashes in time.
    case busy
    case noSigningKey
    case unreadableSigningKey(id: String, reason: String)

    var failure: Failure {
        switch self {
        case .wrongCredentials: Failure(.unauthenticated, "The name or the secret is wrong.")
        case .delayed(let wait):
            Failure(
                .exhausted, "Too many failed attempts from here; wait \(wait.wholeMilliseconds / 1_000 + 1) seconds.",
                retryAfter: wait)
        case .invalidRefreshToken:
            Failure(.unauthenticated, "The refresh token is not valid any more; sign in again.")
        case .invalidRequest(let advice): Failure(.invalid, advice)
        case .signInFirst: Failure(.unauthenticated, "This needs a token; sign in at /v1/auth/token.")
        case .forbidden(let advice): Failure(.forbidden, advice)
        case .notFound(let what): Failure(.notFound, "There is no such \(what).")
        case .nameTaken: Failure(.conflict, "An account of this name exists; choose another name.")
        case .busy: Failure(.unavailable, "Too many sign-ins at once; try again shortly.", retryAfter: .seconds(1))
        case .noSigningKey:
            Failure(.unavailable, "No key to sign with yet; try again shortly.", retryAfter: .seconds(1))
        case .unreadableSigningKey: Failure(.internalError, "A signing key cannot be read; the service's log says why.")
        }
    }
}

extension AuthFailure: CustomStringConvertible {
    var description: String {
        guard case .unreadableSigningKey(let id, let reason) = self else { return failure.detail }
        return "signing key \(id) cannot be opened: \(reason). Is master_secret the one it was sealed with?"
    }
}
