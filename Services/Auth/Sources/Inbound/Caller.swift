import Contracts
import Core

/// Who calls, and until when he waits.
struct Caller: Sendable {
    /// As the gateway verified it; nil without a token, or when a service asks on its own behalf.
    var principal: Principal?
    var trace: TraceContext?
    var deadline: Deadline

    var address: IPAddress { principal?.clientAddress ?? .unset }
    var requestID: UUIDv7 { principal?.requestID ?? .unset }

    /// The account that signed in.
    func account() throws(AuthFailure) -> UUIDv7 {
        guard let id = principal?.userID, id.isSet else { throw .signInFirst }
        return id
    }

    var isAdministrator: Bool { principal?.roles.contains(.admin) ?? false }

    func requireAdministrator() throws(AuthFailure) {
        _ = try account()
        guard isAdministrator else { throw .forbidden("This needs the role admin.") }
    }

    /// How the audit log names him.
    var actor: String { principal.map { "user/\($0.name)" } ?? "service/auth" }
}
