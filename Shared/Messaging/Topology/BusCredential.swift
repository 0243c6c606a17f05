package import Core
internal import Cryptography

/// A broker user's name and password, and the salted hash of it that the broker stores.
package struct BusCredential: Sendable {
    package let user: String
    package let password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// A service's user has the service's name: consumers judge messages by it.
    package init(service: ServiceName, password: String) {
        self.init(user: service.operatorName, password: password)
    }

    /// As `rabbit_password_hashing_sha256` has it: Base64 of four bytes of salt and SHA-256 of salt and password.
    package func passwordHash(salt: [UInt8]) -> String {
        Base64.encode(salt + SHA256.hash(salt + Array(password.utf8)))
    }

    func freshPasswordHash() -> String { passwordHash(salt: SecureRandom.bytes(4)) }
}
