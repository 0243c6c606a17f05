import Core
import Cryptography

/// The one secret the operator gives. Each purpose has its own key derived from it, so that none can stand in for
/// another.
struct MasterSecret: Sendable {
    static let size = 32
    static let format = "64 hexadecimal digits, such as `openssl rand -hex 32` prints"

    private let bytes: [UInt8]

    init?(hex: String) {
        guard let bytes = Hex.decode(hex), bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    /// Stands in while a configuration is refused.
    static let placeholder = MasterSecret(bytes: [UInt8](repeating: 0, count: size))

    private init(bytes: [UInt8]) { self.bytes = bytes }

    var refreshTokenKey: [UInt8] { derive("infinite.auth.refresh-token.v1") }

    func sealingKey() throws(CryptographyFailure) -> AES256GCM {
        try AES256GCM(key: derive("infinite.auth.signing-key.v1"))
    }

    private func derive(_ purpose: String) -> [UInt8] { HMACSHA256.code(for: Array(purpose.utf8), key: bytes) }
}
