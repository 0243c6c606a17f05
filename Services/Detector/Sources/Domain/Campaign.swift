import Core

/// Something that two addresses have in common and that few others have: what joins them to one campaign. Hashed under
/// the installation's seed, so that it can be kept and compared without naming anybody.
struct CampaignKey: Hashable, Sendable {
    /// The numbers are what the database and the contracts have.
    enum Kind: Int, Sendable {
        case fingerprint = 1
        case account = 2
        case network = 3
        case lineage = 4
    }

    var kind: Kind
    var hash: UInt64

    /// Why an address belongs to a campaign, for people.
    func reason(_ threat: Threat) -> String {
        switch kind {
        case .fingerprint:
            "the same user agent, or manner of connecting and asking, which hardly anybody but attackers has"
        case .account: "failed logins of the same account"
        case .network: "\(threat.category.title.lowercased()) from the same network, \(threat.client.network)"
        case .lineage: "the same intruder in the labyrinth"
        }
    }
}

/// An address of a campaign and what made it one.
struct CampaignLink: Sendable, Equatable {
    var member: IPAddress
    /// Nil for the address that began.
    var kind: CampaignKey.Kind?
    var at: Timestamp
    var reason: String
}

extension ThreatCategory {
    /// What one and the same attacker does at the same time: threats of one group from one network belong together.
    var group: UInt64 {
        switch self {
        case .bruteForce, .credentialStuffing: 1
        case .scraping: 2
        case .denialOfService: 3
        case .scanner, .enumeration, .anomaly, .protocolAbuse: 4
        default: 5
        }
    }
}

/// How many clients showed a fingerprint lately (a user agent, a manner of connecting and asking), and how many of those
/// were accused or called themselves scanners: whether sharing it means anything.
struct Fingerprints: Sendable {
    private var shown = CountMinSketch(halfLife: .seconds(3_600))
    private var accused = CountMinSketch(halfLife: .seconds(3_600))
    private var scanning = CountMinSketch(halfLife: .seconds(3_600))

    /// A client showed this fingerprint that had not shown it before.
    mutating func show(_ fingerprint: UInt64, at now: Timestamp) { _ = shown.add(fingerprint, at: now) }

    /// A client with this fingerprint was accused for the first time.
    mutating func accuse(_ fingerprint: UInt64, at now: Timestamp) { _ = accused.add(fingerprint, at: now) }

    /// A client with this fingerprint says that it is a scanner, or is taken for one.
    mutating func noteScanner(_ fingerprint: UInt64, at now: Timestamp) { _ = scanning.add(fingerprint, at: now) }

    /// Whether at least half of those who show it are scanners. Whoever lies about being one can make a browser that is
    /// rare here look like it: so nobody is accused of this alone.
    func isScanner(_ fingerprint: UInt64, at now: Timestamp) -> Bool {
        let scanners = scanning.estimate(fingerprint, at: now)
        return scanners >= 0.5 && scanners >= 0.49 * shown.estimate(fingerprint, at: now)
    }

    /// Whether nearly everybody who shows it attacks. A browser's has to prove more: many have it by chance.
    func isTelling(_ fingerprint: UInt64, isBrowser: Bool, at now: Timestamp) -> Bool {
        let (all, bad) = (shown.estimate(fingerprint, at: now), accused.estimate(fingerprint, at: now))
        return isBrowser ? bad >= 4.5 && bad >= 0.8 * all : bad >= 1.5 && bad >= 0.5 * all
    }
}
