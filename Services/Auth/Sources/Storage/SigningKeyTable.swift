import Core
import Cryptography
import Database

/// `signing_keys`: private keys sealed under the master secret, each bound to its identifier.
struct SigningKeyTable: Sendable {
    let database: Database
    let sealing: AES256GCM

    /// Of several replicas one at a time decides about keys.
    static func lock(_ transaction: Transaction) async throws(DatabaseFailure) {
        _ = try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtextextended('infinite-signing-keys:' || current_schema(), 0))")
    }

    func load(_ transaction: Transaction) async throws -> SigningKeyRing {
        let rows = try await transaction.query(
            "SELECT id, sealed_key, created_at, signs_from, published_until FROM signing_keys ORDER BY signs_from LIMIT 64"
        )
        return SigningKeyRing(try rows.map(open))
    }

    private func open(_ row: Row) throws -> RingKey {
        let id: String = try row.get(0)
        let key: SigningKey
        do {
            let sealed: [UInt8] = try row.get(1)
            key = try SigningKey(der: try sealing.open(sealed, authenticating: Array(id.utf8)))
        } catch let failure as CryptographyFailure {
            throw AuthFailure.unreadableSigningKey(id: id, reason: failure.description)
        }
        return RingKey(
            id: id, key: key, createdAt: try row.get(2), signsFrom: try row.get(3), publishedUntil: try row.get(4))
    }

    func insert(_ key: RingKey, in transaction: Transaction) async throws {
        let sealed = try sealing.seal(try key.key.privateKeyInfo(), authenticating: Array(key.id.utf8))
        try await transaction.execute(
            """
            INSERT INTO signing_keys (id, sealed_key, created_at, signs_from, published_until)
            VALUES ($1, $2, $3, $4, $5)
            """,
            [
                .text(key.id), .bytes(sealed), .timestamp(key.createdAt), .timestamp(key.signsFrom),
                .timestamp(key.publishedUntil),
            ])
    }

    func delete(_ ids: [String], in transaction: Transaction) async throws(DatabaseFailure) {
        try await transaction.execute("DELETE FROM signing_keys WHERE id = ANY($1)", [.array(ids)])
    }
}
