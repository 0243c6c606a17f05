import Core
import Cryptography

/// A key of ours and the three moments of its life: it is published from `createdAt`, signs from `signsFrom` until a
/// newer key does, and stays published until `publishedUntil`, when the last token it signed has expired.
struct RingKey: Sendable {
    let id: String
    let key: SigningKey
    let createdAt: Timestamp
    let signsFrom: Timestamp
    let publishedUntil: Timestamp

    /// A key is named by its content: two replicas can never mean different keys by one name.
    static func id(of key: VerificationKey) -> String { Hex.encode(SHA256.hash(key.subjectPublicKeyInfo).prefix(8)) }
}

/// The keys tokens are signed with, and when they change.
///
/// A new key is published `lead` before it signs, so that every verifier knows it before it meets its first signature;
/// an old one stays published for `overlap` after it stopped signing, longer than any token lives.
struct SigningKeyRing: Sendable {
    struct Policy: Sendable {
        /// How long one key signs.
        var period = Duration.seconds(30 * 86_400)
        var lead = Duration.seconds(600)
        var overlap = Duration.seconds(3_600)
        var algorithm = SignatureAlgorithm.ed25519
    }

    /// The newest last.
    private(set) var keys: [RingKey]

    init(_ keys: [RingKey] = []) { self.keys = keys.sorted { $0.signsFrom < $1.signsFrom } }

    /// The key to sign with: of those that may, the newest.
    func active(now: Timestamp) -> RingKey? { keys.last { $0.signsFrom <= now && now < $0.publishedUntil } }

    /// Every key a token that is still valid may name, and the one that comes next.
    func published(now: Timestamp) -> [RingKey] { keys.filter { now < $0.publishedUntil } }

    func expired(now: Timestamp) -> [RingKey] { keys.filter { now >= $0.publishedUntil } }

    /// The key to add now, if any: at once when there is none, otherwise `lead` before the newest has signed its period.
    func nextKey(now: Timestamp, _ policy: Policy) throws(CryptographyFailure) -> RingKey? {
        let signsFrom: Timestamp
        if let newest = keys.last, now < newest.publishedUntil {
            let end = newest.signsFrom + policy.period
            guard now + policy.lead >= end else { return nil }
            signsFrom = max(end, now + policy.lead)
        } else {
            signsFrom = now
        }
        let key = try SigningKey.generate(policy.algorithm)
        return RingKey(
            id: RingKey.id(of: key.verificationKey), key: key, createdAt: now, signsFrom: signsFrom,
            // It signs until its successor does, which a stopped service may make late: count the lead in as well.
            publishedUntil: signsFrom + policy.period + policy.lead + policy.overlap)
    }
}
