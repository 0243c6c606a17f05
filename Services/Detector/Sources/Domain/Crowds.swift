import Core
import Glibc

/// What many addresses do together: to one account, or out of one network.
///
/// A sketch counts for everything that comes; only what comes often enough gets an entry of its own, so that memory is
/// bounded whatever comes. An entry that has faded makes room; when none has, the newcomer is not looked at further.
struct Crowds: Sendable {
    /// What crowds are told apart by; the numbers are what the database stores.
    enum Kind: Int, Sendable, CaseIterable {
        case account = 0
        case network = 1
        /// Pages asked for out of one network.
        case pages = 2
    }

    struct Entry: Sendable, Equatable {
        var counts = DecayingCounts()
        /// The addresses, and what they tried: accounts, or paths.
        var members = HyperLogLog()
        var things = HyperLogLog()
        var since: Timestamp
    }

    static let capacity = 2_000
    static let halfLife = Duration.seconds(600)
    private static let lifetime = Duration.seconds(3_600)

    /// So many events before something is worth an entry.
    private let gate: Double
    private var sketch = CountMinSketch(halfLife: Crowds.halfLife)
    private(set) var entries: [UInt64: Entry] = [:]
    private(set) var refused = 0
    private var tidiedAt = Timestamp(nanoseconds: 0)

    init(gate: Double) { self.gate = gate }

    /// Counts an event and returns the crowd as it stands after it; nil while it is too small to be one.
    mutating func add(
        _ key: UInt64, member: UInt64, thing: UInt64, _ kinds: [DecayingCounts.Kind], at now: Timestamp
    ) -> Entry? {
        guard sketch.add(key, at: now) >= gate else { return nil }
        guard let index = entries.index(forKey: key) ?? makeEntry(key, at: now) else { return nil }
        if now - entries.values[index].since > Self.lifetime { entries.values[index] = Entry(since: now) }
        entries.values[index].count(member: member, thing: thing, kinds, at: now)
        return entries.values[index]
    }

    mutating func restore(_ key: UInt64, _ entry: Entry) {
        if entries.count < Self.capacity { entries[key] = entry }
    }

    private mutating func makeEntry(_ key: UInt64, at now: Timestamp) -> Dictionary<UInt64, Entry>.Index? {
        if entries.count >= Self.capacity, now - tidiedAt > .seconds(10) {
            tidiedAt = now
            entries = entries.filter { now - $0.value.counts.updatedAt < Self.halfLife }
        }
        guard entries.count < Self.capacity else {
            refused += 1
            return nil
        }
        entries[key] = Entry(since: now)
        return entries.index(forKey: key)
    }
}

extension Crowds.Entry {
    fileprivate mutating func count(member: UInt64, thing: UInt64, _ kinds: [DecayingCounts.Kind], at now: Timestamp) {
        counts.decay(to: now, halfLife: Crowds.halfLife)
        for kind in kinds { counts.add(kind) }
        members.insert(member)
        things.insert(thing)
    }

    /// Failed logins for one account by many addresses.
    func attackOnAccount(_ settings: BehaviourSettings) -> BehaviourSignal? {
        let (failures, addresses) = (counts[.failedLogins], members.estimate)
        guard failures >= settings.crowdFailedLogins, addresses >= settings.crowdMembers else { return nil }
        return BehaviourSignal(
            kind: .accountUnderAttack, category: .bruteForce,
            score: BehaviourSignal.excess(failures, over: settings.crowdFailedLogins),
            explanation: "one account, about \(BehaviourSignal.whole(failures)) failed logins by "
                + "\(BehaviourSignal.whole(addresses)) addresses")
    }

    /// Failed logins from one network: many accounts with few tries each are stuffing, else it is guessing.
    func attackFromNetwork(_ settings: BehaviourSettings) -> BehaviourSignal? {
        let (failures, addresses, accounts) = (counts[.failedLogins], members.estimate, things.estimate)
        guard failures >= settings.crowdFailedLogins, addresses >= settings.crowdMembers / 2 else { return nil }
        let isStuffing = accounts >= settings.triedUsers && failures / accounts <= 4
        return BehaviourSignal(
            kind: .networkLogins, category: isStuffing ? .credentialStuffing : .bruteForce,
            score: BehaviourSignal.excess(failures, over: settings.crowdFailedLogins),
            explanation: "one network, about \(BehaviourSignal.whole(failures)) failed logins for "
                + "\(BehaviourSignal.whole(accounts)) accounts by \(BehaviourSignal.whole(addresses)) addresses")
    }

    /// Pages that do not exist, asked for by many addresses of one network.
    func enumerationFromNetwork(_ settings: BehaviourSettings) -> BehaviourSignal? {
        let (missing, addresses, paths) = (counts[.notFound], members.estimate, things.estimate)
        guard missing >= 4 * settings.missingPages, addresses >= settings.crowdMembers,
            paths >= 2 * settings.missingPages, paths >= 0.5 * missing
        else { return nil }
        return BehaviourSignal(
            kind: .networkMissing, category: .enumeration,
            score: BehaviourSignal.excess(missing, over: 4 * settings.missingPages),
            explanation: "one network, \(BehaviourSignal.whole(missing)) requests for "
                + "\(BehaviourSignal.whole(paths)) pages that do not exist by "
                + "\(BehaviourSignal.whole(addresses)) addresses")
    }

    /// Pages, hardly any of them twice, fetched by many addresses of one network without anything around them.
    func scrapingFromNetwork(_ settings: BehaviourSettings) -> BehaviourSignal? {
        let (requests, addresses, paths) = (counts[.requests], members.estimate, things.estimate)
        guard paths >= 2 * settings.scrapedPaths, paths >= 0.8 * requests, addresses >= settings.crowdMembers else {
            return nil
        }
        return BehaviourSignal(
            kind: .networkScraping, category: .scraping, score: 0.65,
            explanation: "one network, \(BehaviourSignal.whole(paths)) different pages by "
                + "\(BehaviourSignal.whole(addresses)) addresses")
    }
}

extension IPAddress {
    /// What one customer of a provider usually has: an IPv4 /24, an IPv6 /48.
    var network: IPNetwork {
        let length = isV4 ? 120 : 48
        // Masked, so its host bits are zero: there is such a network.
        return IPNetwork(masked(to: length), prefixLength: length) ?? .everything
    }
}

extension IPNetwork {
    fileprivate static let everything: IPNetwork = {
        guard let network = IPNetwork(IPAddress(high: 0, low: 0), prefixLength: 0) else {
            preconditionFailure("the network of all addresses exists")
        }
        return network
    }()
}
