import Core
import Cryptography
import ServiceKit

/// Every key of auth's configuration file beyond the kit's own.
struct AuthConfiguration: ServiceConfiguration {
    var masterSecret: MasterSecret
    var issuer: String
    var accessTokenLifetime: Duration
    var sessionLifetime: Duration
    var maximumSessions: Int
    var firstAdministrator: String
    var firstSecret: String?
    var hashingThreads: Int
    var hashingQueue: Int
    var keyPolicy: SigningKeyRing.Policy

    init(from reader: inout ConfigurationReader) {
        masterSecret = reader.value(
            "master_secret", default: nil, placeholder: MasterSecret.placeholder, secret: true,
            expectation: MasterSecret.format,
            about: "seals signing keys and authenticates refresh tokens; losing it ends every session",
            show: { _ in "set" }, parse: { MasterSecret(hex: $0) })
        let tokens = reader.section("tokens")
        issuer = tokens.string("issuer", default: "infinite", atMost: 256, about: "the `iss` of every token")
        accessTokenLifetime = tokens.duration(
            "lifetime", default: .seconds(900), in: .seconds(60) ... .seconds(3_600), about: "of an access token")
        let sessions = reader.section("sessions")
        sessionLifetime = sessions.duration(
            "lifetime", default: .seconds(43_200), in: .seconds(300) ... .seconds(7_776_000),
            about: "from a sign-in until the next, however often it is refreshed")
        maximumSessions = sessions.integer(
            "maximum_per_account", default: 20, in: 1...1_000, about: "beyond it the oldest session ends")
        let first = reader.section("first_administrator")
        firstAdministrator = first.string("name", default: "admin", atMost: Account.longestName)
        firstSecret = first.optionalString(
            "secret", secret: true, atMost: Account.secretLength.upperBound,
            about: "used once, to make the first account of an empty database")
        let hashing = reader.section("hashing")
        hashingThreads = hashing.integer(
            "threads", default: 2, in: 1...64, about: "sign-ins hashed at once, 19 MiB and 19 ms each")
        hashingQueue = hashing.integer("queue", default: 64, in: 1...10_000, about: "sign-ins that may wait for it")
        let keys = reader.section("signing_keys")
        keyPolicy = SigningKeyRing.Policy()
        keyPolicy.period = keys.duration(
            "period", default: .seconds(30 * 86_400), in: .seconds(3_600) ... .seconds(365 * 86_400),
            about: "how long a key signs before the next does")
        keyPolicy.algorithm = keys.choice("algorithm", default: SignatureAlgorithm.ed25519)
        keyPolicy.overlap = max(keyPolicy.overlap, accessTokenLifetime * 2)
        if let secret = firstSecret, !Account.secretLength.contains(secret.utf8.count) {
            first.report("must have at least \(Account.secretLength.lowerBound) bytes", at: "secret")
        }
        if Account.canonicalName(firstAdministrator) == nil {
            first.report("must be letters, digits and . _ - @ + only", at: "name")
        }
    }
}
