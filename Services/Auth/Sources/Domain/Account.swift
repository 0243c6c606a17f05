import Core

/// Who can sign in: a person with a password, or a machine with client credentials.
struct Account: Sendable, Equatable {
    var id: UUIDv7
    var name: String
    /// Argon2id, as a PHC string.
    var secretHash: String
    var roles: [UserRole]
    var isEnabled: Bool
    var isServiceAccount: Bool
    var createdAt: Timestamp
    var lastLoginAt: Timestamp?

    static let longestName = 128
    static let secretLength = 12...1_024

    /// Names are compared without case: two accounts must not look alike. Nil for what is no name.
    static func canonicalName(_ name: String) -> String? {
        let isPlain = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: "+")]
                    .contains(byte)
        }
        return (1...longestName).contains(name.utf8.count) && isPlain ? name.lowercased() : nil
    }

    /// What an account's roles may be: a machine is `service` and nothing else, a person never is.
    static func areValid(_ roles: [UserRole], isServiceAccount: Bool) -> Bool {
        !roles.isEmpty && Set(roles).count == roles.count
            && roles.allSatisfy { ($0 == .service) == isServiceAccount }
    }
}
