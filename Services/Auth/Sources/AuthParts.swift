import Core
import Database
import Outbox
import Synchronization
import Telemetry

/// What the handlers of calls work with.
struct AuthParts: Sendable {
    let configuration: AuthConfiguration
    let database: Database
    let outbox: Outbox
    let keys: KeyKeeper
    let secrets: SecretVerifier
    let guesses: GuessCounter
    let metrics: AuthMetrics
    let clock: any WallClock

    init(
        _ configuration: AuthConfiguration, database: Database, outbox: Outbox, metrics registry: MetricsRegistry,
        clock: any WallClock
    ) throws {
        let metrics = AuthMetrics(registry)
        let table = SigningKeyTable(database: database, sealing: try configuration.masterSecret.sealingKey())
        self.configuration = configuration
        self.database = database
        self.outbox = outbox
        self.metrics = metrics
        self.clock = clock
        keys = KeyKeeper(table: table, outbox: outbox, policy: configuration.keyPolicy, clock: clock)
        secrets = try SecretVerifier(
            threads: configuration.hashingThreads, queue: configuration.hashingQueue, duration: metrics.hashDuration)
        guesses = GuessCounter()
        registry.observedGauge("auth_signing_keys", help: "Published signing keys.") { [keys] in
            Double(keys.ring.published(now: clock.now).count)
        }
    }

    var accounts: AccountTable { AccountTable(database: database) }
    var sessions: SessionTable { SessionTable(database: database) }
    var revocations: RevocationTable { RevocationTable(database: database) }

    /// Until when a gateway must remember a revocation: the last token it concerns has expired, clocks apart included.
    func relevantUntil(_ now: Timestamp) -> Timestamp { now + configuration.accessTokenLifetime + .seconds(60) }
}

/// The one `LoginThrottle` of this replica.
final class GuessCounter: Sendable {
    private let throttle = Mutex(LoginThrottle())

    func delay(name: String, address: IPAddress) -> Duration? {
        throttle.withLock { $0.delay(name: name, address: address, now: .now) }
    }
    func failed(name: String, address: IPAddress) -> Int {
        throttle.withLock { $0.failed(name: name, address: address, now: .now) }
    }
    func succeeded(name: String, address: IPAddress) {
        throttle.withLock { $0.succeeded(name: name, address: address) }
    }
}
