import Contracts
import Core
import Outbox

/// `AuthService/CreateUser`, and the first administrator of an empty database.
struct CreateAccount: Sendable {
    let parts: AuthParts

    func answer(_ request: CreateUserRequest, _ caller: Caller) async throws -> CreateUserResponse {
        try caller.requireAdministrator()
        guard let name = Account.canonicalName(request.name) else {
            throw AuthFailure.invalidRequest("name may have letters, digits and . _ - @ + only.")
        }
        guard Account.secretLength.contains(request.password.utf8.count) else {
            throw AuthFailure.invalidRequest("password must have \(Account.secretLength.lowerBound) bytes at least.")
        }
        let roles = request.roles.compactMap(UserRole.init)
        guard roles.count == request.roles.count, Account.areValid(roles, isServiceAccount: request.isServiceAccount)
        else {
            throw AuthFailure.invalidRequest(
                "roles must be viewer, editor or admin for a person, and service alone for a service account.")
        }
        let account = try await create(
            name, request.password, roles, isServiceAccount: request.isServiceAccount, by: caller)
        guard let account else { throw AuthFailure.nameTaken }
        return CreateUserResponse(user: account.wire)
    }

    /// Makes the first administrator when there is no account at all. False when nobody can sign in.
    func createFirst(deadline: Deadline) async throws -> Bool {
        guard try await parts.accounts.isEmpty() else { return true }
        guard let secret = parts.configuration.firstSecret,
            let name = Account.canonicalName(parts.configuration.firstAdministrator)
        else { return false }
        // Another replica may be quicker: then its account is the one.
        let caller = Caller(principal: nil, trace: nil, deadline: deadline)
        _ = try await create(name, secret, [.viewer, .editor, .admin], isServiceAccount: false, by: caller)
        return true
    }

    private func create(
        _ name: String, _ secret: String, _ roles: [UserRole], isServiceAccount: Bool, by caller: Caller
    ) async throws -> Account? {
        let hash = try await parts.secrets.hash(Array(secret.utf8), deadline: caller.deadline)
        let account = Account(
            id: UUIDv7(), name: name, secretHash: hash, roles: roles, isEnabled: true,
            isServiceAccount: isServiceAccount, createdAt: parts.clock.now, lastLoginAt: nil)
        return try await parts.outbox.transaction(deadline: caller.deadline) {
            transaction -> (Account?, [OutboxMessage]) in
            guard try await AccountTable.insert(account, in: transaction) else { return (nil, []) }
            return (account, [.accountCreated(account, by: caller)])
        }
    }
}
