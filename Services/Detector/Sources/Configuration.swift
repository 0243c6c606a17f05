import Core
import ServiceKit

/// Every key of the detector; see `detector --help` for the kit's own.
struct DetectorConfiguration: ServiceConfiguration {
    let detection: Detection.Settings
    let saveEvery: Duration
    let heartbeat: Duration
    let threatsKept: Duration
    let indicatorFolder: String?
    let indicatorLifetime: Duration
    let indicatorInterval: Duration

    init(from reader: inout ConfigurationReader) {
        var detection = Detection.Settings()
        detection.threatAbove = reader.number(
            "detection.threat_above", default: 0.5, in: 0.05...0.99,
            about: "score from which a request is a threat (0 to 1)")
        detection.clientCapacity = reader.integer(
            "detection.clients", default: 100_000, in: 100...2_000_000,
            about: "clients remembered; about 500 bytes each")
        detection.incidents.capacity = reader.integer(
            "incidents.capacity", default: 50_000, in: 10...1_000_000, about: "incidents open at once")
        detection.incidents.quietAfter = reader.duration(
            "incidents.quiet_after", default: .seconds(1_800), in: .seconds(1)...(.seconds(604_800)),
            about: "an incident without a new threat for so long has subsided")
        detection.behaviour = Self.behaviour(from: &reader)
        self.detection = detection
        saveEvery = reader.duration(
            "checkpoint.every", default: .seconds(15), in: .seconds(1)...(.seconds(3_600)),
            about: "how often the clients' profiles are saved; a crash forgets less than this")
        indicatorFolder = reader.optionalString(
            "intelligence.folder", about: "a folder of lists of bad addresses: *.txt, *.csv, *.json (STIX)")
        indicatorLifetime = reader.duration(
            "intelligence.lifetime", default: .seconds(86_400), in: .seconds(60)...(.seconds(365 * 86_400)),
            about: "how long an entry of the folder's lists holds that does not say so itself")
        indicatorInterval = reader.duration(
            "intelligence.interval", default: .seconds(30), in: .seconds(1)...(.seconds(86_400)),
            about: "how often the folder and the other replicas' imports are looked at")
        heartbeat = reader.duration(
            "partitions.heartbeat", default: .seconds(3), in: .milliseconds(100)...(.seconds(60)),
            about: "how often a replica says that it is there; after four missed ones the others read its partitions")
        threatsKept = reader.duration(
            "threats.kept", default: .seconds(30 * 86_400), in: .seconds(3_600)...(.seconds(365 * 86_400)),
            about: "how long single threats are kept")
    }

    private static func behaviour(from reader: inout ConfigurationReader) -> BehaviourSettings {
        var behaviour = BehaviourSettings()
        behaviour.halfLife = reader.duration(
            "behaviour.half_life", default: behaviour.halfLife, in: .seconds(1)...(.seconds(3_600)),
            about: "after this long an event counts half")
        behaviour.suspicion = reader.number(
            "behaviour.suspicion", default: behaviour.suspicion, in: 0.5...1e6,
            about: "sum of scores above 0.25 within about one half-life that makes a scanner")
        behaviour.telltales = reader.integer(
            "behaviour.telltales", default: behaviour.telltales, in: 1...24,
            about: "kinds of things only scanners ask for, asked for in vain, that make a scanner")
        behaviour.missingPages = reader.number(
            "behaviour.missing_pages", default: behaviour.missingPages, in: 2...1e6,
            about: "pages not found within about one half-life that make an enumeration")
        behaviour.failedLogins = reader.number(
            "behaviour.failed_logins", default: behaviour.failedLogins, in: 2...1e6,
            about: "failed logins within about one half-life that make a brute force")
        behaviour.crowdFailedLogins = reader.number(
            "behaviour.crowd_failed_logins", default: behaviour.crowdFailedLogins, in: 4...1e6,
            about: "failed logins of one account, or from one network, by several addresses that make an attack")
        behaviour.numberedSteps = reader.integer(
            "behaviour.numbered_steps", default: behaviour.numberedSteps, in: 5...100_000,
            about: "numbers of one path asked for in a row that make an enumeration")
        behaviour.requestsPerHalfLife = reader.number(
            "behaviour.requests", default: behaviour.requestsPerHalfLife, in: 10...1e9,
            about: "requests within about one half-life that make a flood")
        behaviour.scrapedPaths = reader.number(
            "behaviour.scraped_paths", default: behaviour.scrapedPaths, in: 10...1_000,
            about: "different pages within ten minutes that make a scraper")
        behaviour.loginPaths = reader.list(
            "behaviour.login_paths", default: behaviour.loginPaths,
            about: "paths of the applications that take passwords")
        return behaviour
    }
}
