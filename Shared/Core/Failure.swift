/// The one error that crosses a service's boundary.
///
/// Inside a module errors are enums of its own; `Messaging` translates them to and from this value, and only the
/// gateway turns it into HTTP. `detail` is for the caller: it says what happened and what to do, never internals.
package struct Failure: Error, Sendable, Equatable {
    package enum Kind: Int32, Sendable, CaseIterable {
        case internalError = 0
        case invalid = 1
        case unauthenticated = 2
        case forbidden = 3
        case notFound = 4
        case conflict = 5
        case exhausted = 6
        case unavailable = 7
        case deadlineExceeded = 8
        case cancelled = 9
        case unsupported = 10
    }

    package var kind: Kind
    package var detail: String
    package var retryAfter: Duration?
    package var source: ServiceName?

    package init(_ kind: Kind, _ detail: String, retryAfter: Duration? = nil, source: ServiceName? = nil) {
        self.kind = kind
        self.detail = detail
        self.retryAfter = retryAfter
        self.source = source
    }
}

/// A module's own error that knows what a caller in another service may be told about it. It is thrown as it is:
/// whoever speaks to the outside (the bus, the administration endpoint) translates it, once, by `Failure(telling:)`.
package protocol FailureConvertible: Error {
    var failure: Failure { get }
}

extension Failure {
    /// What a caller may be told of `error`. What it holds beyond that is for the log.
    package init(telling error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as any FailureConvertible: self = error.failure
        default: self.init(.internalError, "The request could not be answered; the service's log says why.")
        }
    }
}

extension Failure: CustomStringConvertible {
    package var description: String {
        let origin = source.map { "\($0.operatorName): " } ?? ""
        return "\(origin)\(kind): \(detail)"
    }
}
