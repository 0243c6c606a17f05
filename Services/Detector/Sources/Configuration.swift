import Core
import Inspection
import RuleKeeping
import ServiceKit

/// Every key of the detector; see `detector --help` for the kit's own.
struct DetectorConfiguration: ServiceConfiguration {
    let detection: Detection.Settings
    let shadowClients: Int
    /// The learned model's file; the shipped one when nil, none when `none`.
    let textModel: String?
    let saveEvery: Duration
    let heartbeat: Duration
    let threatsKept: Duration
    let indicatorFolder: String?
    let indicatorLifetime: Duration
    let indicatorInterval: Duration
    /// Asked beside the built-in engine about requests that are here as a whole; nil for none.
    let coreRuleSet: CoreRuleSet?

    init(from reader: inout ConfigurationReader) {
        let (ofDetection, ofIncidents) = (reader.section("detection"), reader.section("incidents"))
        let (ofShadow, ofCheckpoint) = (reader.section("shadow"), reader.section("checkpoint"))
        let (ofPartitions, ofThreats) = (reader.section("partitions"), reader.section("threats"))
        let ofIntelligence = reader.section("intelligence")
        var detection = Self.judgement(from: &reader)
        detection.clientCapacity = ofDetection.integer(
            "clients", default: 100_000, in: 100...2_000_000,
            about: "clients remembered; about 500 bytes each")
        detection.incidents.capacity = ofIncidents.integer(
            "capacity", default: 50_000, in: 10...1_000_000, about: "incidents open at once")
        self.detection = detection
        textModel = ofDetection.optionalString(
            "text_model", about: "file with the learned model; the shipped one when not set, none when it says none")
        shadowClients = ofShadow.integer(
            "clients", default: 100_000, in: 100...2_000_000,
            about: "clients that a candidate's settings are tried on, while there is one")
        saveEvery = ofCheckpoint.duration(
            "every", default: .seconds(15), in: .seconds(1)...(.seconds(3_600)),
            about: "how often the clients' profiles are saved; a crash forgets less than this")
        indicatorFolder = ofIntelligence.optionalString(
            "folder", about: "a folder of lists of bad addresses: *.txt, *.csv, *.json (STIX)")
        indicatorLifetime = ofIntelligence.duration(
            "lifetime", default: .seconds(86_400), in: .seconds(60)...(.seconds(365 * 86_400)),
            about: "how long an entry of the folder's lists holds that does not say so itself")
        indicatorInterval = ofIntelligence.duration(
            "interval", default: .seconds(30), in: .seconds(1)...(.seconds(86_400)),
            about: "how often the folder and the other replicas' imports are looked at")
        heartbeat = ofPartitions.duration(
            "heartbeat", default: .seconds(3), in: .milliseconds(100)...(.seconds(60)),
            about: "how often a replica says that it is there; after four missed ones the others read its partitions")
        threatsKept = ofThreats.duration(
            "kept", default: .seconds(30 * 86_400), in: .seconds(3_600)...(.seconds(365 * 86_400)),
            about: "how long single threats are kept")
        coreRuleSet = CoreRuleSet.read(reader.section("inspection"))
    }

    /// What judging depends on, and what a candidate may change: `base` is what it changes from.
    static func judgement(
        from reader: inout ConfigurationReader, base: Detection.Settings = Detection.Settings()
    ) -> Detection.Settings {
        let (ofDetection, ofIncidents) = (reader.section("detection"), reader.section("incidents"))
        let ofRules = reader.section("rules")
        var detection = base
        detection.threatAbove = ofDetection.number(
            "threat_above", default: base.threatAbove, in: 0.05...0.99,
            about: "score from which a request is a threat (0 to 1)")
        detection.incidents.quietAfter = ofIncidents.duration(
            "quiet_after", default: base.incidents.quietAfter, in: .seconds(1)...(.seconds(604_800)),
            about: "an incident without a new threat for so long has subsided")
        detection.incidents.joinedWithin = ofIncidents.duration(
            "joined_within", default: base.incidents.joinedWithin, in: .seconds(1)...(.seconds(604_800)),
            about: "what two addresses have in common joins them for so long after it was last seen")
        detection.silencedRules = Set(
            ofRules.list(
                "silenced", default: base.silencedRules.sorted(),
                about: "rules whose findings do not count here; the gateway has its own exclusions"))
        detection.behaviour = behaviour(from: &reader, base.behaviour)
        return detection
    }

    private static func behaviour(
        from reader: inout ConfigurationReader, _ base: BehaviourSettings
    ) -> BehaviourSettings {
        let ofBehaviour = reader.section("behaviour")
        var behaviour = base
        behaviour.halfLife = ofBehaviour.duration(
            "half_life", default: behaviour.halfLife, in: .seconds(1)...(.seconds(3_600)),
            about: "after this long an event counts half")
        behaviour.suspicion = ofBehaviour.number(
            "suspicion", default: behaviour.suspicion, in: 0.5...1e6,
            about: "sum of scores above 0.25 within about one half-life that makes a scanner")
        behaviour.telltales = ofBehaviour.integer(
            "telltales", default: behaviour.telltales, in: 1...24,
            about: "kinds of things only scanners ask for, asked for in vain, that make a scanner")
        behaviour.missingPages = ofBehaviour.number(
            "missing_pages", default: behaviour.missingPages, in: 2...1e6,
            about: "pages not found within about one half-life that make an enumeration")
        behaviour.failedLogins = ofBehaviour.number(
            "failed_logins", default: behaviour.failedLogins, in: 2...1e6,
            about: "failed logins within about one half-life that make a brute force")
        behaviour.crowdFailedLogins = ofBehaviour.number(
            "crowd_failed_logins", default: behaviour.crowdFailedLogins, in: 4...1e6,
            about: "failed logins of one account, or from one network, by several addresses that make an attack")
        behaviour.numberedSteps = ofBehaviour.integer(
            "numbered_steps", default: behaviour.numberedSteps, in: 5...100_000,
            about: "numbers of one path asked for in a row that make an enumeration")
        behaviour.requestsPerHalfLife = ofBehaviour.number(
            "requests", default: behaviour.requestsPerHalfLife, in: 10...1e9,
            about: "requests within about one half-life that make a flood")
        behaviour.scrapedPaths = ofBehaviour.number(
            "scraped_paths", default: behaviour.scrapedPaths, in: 10...1_000,
            about: "different pages within ten minutes that make a scraper")
        behaviour.loginPaths = ofBehaviour.list(
            "login_paths", default: behaviour.loginPaths,
            about: "paths of the applications that take passwords")
        return behaviour
    }
}
