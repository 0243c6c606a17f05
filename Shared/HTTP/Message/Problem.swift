package import Core

/// A problem document (RFC 9457): what a person or program gets instead of what it asked for.
package struct Problem: Sendable, Equatable {
    package static let contentType = "application/problem+json"

    package var status: HTTPStatus
    package var title: String
    /// What happened, why, and what to do. Never internals.
    package var detail: String?
    /// Stands for the request in logs and events, so that a person can quote it.
    package var requestID: String?
    package var retryAfterSeconds: Int64?
    /// Which part of the input is wrong, where that is known.
    package var field: String?

    package init(
        _ status: HTTPStatus, title: String? = nil, detail: String? = nil, requestID: String? = nil
    ) {
        self.status = status
        self.title = title ?? status.reason
        self.detail = detail
        self.requestID = requestID
    }

    package init(_ failure: Failure, requestID: String? = nil) {
        self.init(failure.kind.httpStatus, detail: failure.publicDetail, requestID: requestID)
        retryAfterSeconds = failure.retryAfter.map { max(1, ($0.wholeMilliseconds + 999) / 1_000) }
    }

    /// Whatever a handler threw. The text of an unforeseen error stays inside.
    package init(describing error: any Error, requestID: String? = nil) {
        switch error {
        case let failure as Failure: self.init(failure, requestID: requestID)
        case let error as any FailureConvertible: self.init(error.failure, requestID: requestID)
        case HTTPFailure.tooLarge(let limit):
            self.init(
                .contentTooLarge, detail: "The body is larger than the \(limit) bytes accepted here.",
                requestID: requestID)
        case HTTPFailure.refused(let refusal):
            self.init(refusal.status, detail: refusal.explanation, requestID: requestID)
        default: self.init(.internalServerError, detail: "Something went wrong on our side.", requestID: requestID)
        }
    }

    package var json: [UInt8] {
        var text = #"{"type":"about:blank","title":"#
        Self.append(title, to: &text)
        text += #","status":\#(status.code)"#
        for (name, value) in [("detail", detail), ("field", field), ("request_id", requestID)] {
            guard let value else { continue }
            text += #","\#(name)":"#
            Self.append(value, to: &text)
        }
        return Array((text + "}").utf8)
    }

    private static func append(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension Failure.Kind {
    package var httpStatus: HTTPStatus {
        switch self {
        case .internalError: .internalServerError
        case .invalid: .badRequest
        case .unauthenticated: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .conflict: .conflict
        case .exhausted: .tooManyRequests
        case .unavailable: .serviceUnavailable
        case .deadlineExceeded: .gatewayTimeout
        case .cancelled: .clientClosedRequest
        case .unsupported: .notImplemented
        }
    }
}

extension Failure {
    /// An internal error's detail is for the log.
    fileprivate var publicDetail: String { kind == .internalError ? "Something went wrong on our side." : detail }
}
