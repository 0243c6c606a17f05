import Core

/// The bounds of ordinary behaviour. Counts are decayed ones: `10` means ten within about one half-life.
struct BehaviourSettings: Sendable {
    var halfLife: Duration = .seconds(60)
    var sketchLifetime: Duration = .seconds(600)
    /// A behaviour that goes on is reported again after this long.
    var repeatAfter: Duration = .seconds(60)
    var suspiciousAbove = 0.5
    var suspiciousRequests = 4.0
    var missingPages = 20.0
    var missingShare = 0.5
    var failedLogins = 10.0
    var triedUsers = 8.0
    var requestsPerHalfLife = 6_000.0
    var scrapedPaths = 250.0
    /// Where the applications behind the gateway take passwords. Our own login tells its failures itself.
    var loginPaths: [String] = ["/login", "/signin", "/api/login", "/wp-login.php"]

    func isFailedLogin(_ request: ObservedRequest) -> Bool {
        guard request.status == 401 || request.status == 403 || request.status == 429 else { return false }
        guard request.method.elementsEqual("POST".utf8) else { return false }
        return loginPaths.contains { request.path.elementsEqual($0.utf8) }
    }
}

/// One thing a client does that people do not do.
struct BehaviourSignal: Sendable, Equatable {
    var category: ThreatCategory
    var score: Double
    var explanation: String
}

enum Behaviour {
    /// Pure: what this profile shows at this moment, strongest first.
    static func signals(of profile: ClientProfile, at now: Timestamp, _ settings: BehaviourSettings)
        -> [BehaviourSignal]
    {
        [scan, enumeration, logins, flood, scraping].compactMap { $0(profile, now, settings) }
            .sorted { $0.score > $1.score }
    }

    private static func scan(_ profile: ClientProfile, _ now: Timestamp, _ settings: BehaviourSettings)
        -> BehaviourSignal?
    {
        let count = profile.suspicious.value(at: now, halfLife: settings.halfLife)
        let rules = profile.suspiciousRules.estimate
        guard count >= settings.suspiciousRequests, rules >= 2.5 else { return nil }
        return BehaviourSignal(
            category: .scanner, score: excess(count, over: settings.suspiciousRequests),
            explanation: "about \(whole(count)) attacks of \(whole(rules)) kinds within \(settings.halfLife)")
    }

    private static func enumeration(
        _ profile: ClientProfile, _ now: Timestamp, _ settings: BehaviourSettings
    ) -> BehaviourSignal? {
        let missing = profile.notFound.value(at: now, halfLife: settings.halfLife)
        let requests = profile.requests.value(at: now, halfLife: settings.halfLife)
        let paths = profile.missingPaths.estimate
        guard missing >= settings.missingPages, missing >= settings.missingShare * requests,
            paths >= settings.missingPages / 2
        else { return nil }
        return BehaviourSignal(
            category: .enumeration, score: excess(missing, over: settings.missingPages),
            explanation: "about \(whole(missing)) of \(whole(requests)) requests for pages that do not exist")
    }

    private static func logins(_ profile: ClientProfile, _ now: Timestamp, _ settings: BehaviourSettings)
        -> BehaviourSignal?
    {
        let failures = profile.failedLogins.value(at: now, halfLife: settings.halfLife)
        guard failures >= settings.failedLogins else { return nil }
        let users = profile.triedUsers.estimate
        let isStuffing = users >= settings.triedUsers
        return BehaviourSignal(
            category: isStuffing ? .credentialStuffing : .bruteForce,
            score: excess(failures, over: settings.failedLogins),
            explanation: "about \(whole(failures)) failed logins" + (isStuffing ? " for \(whole(users)) accounts" : ""))
    }

    private static func flood(_ profile: ClientProfile, _ now: Timestamp, _ settings: BehaviourSettings)
        -> BehaviourSignal?
    {
        let requests = profile.requests.value(at: now, halfLife: settings.halfLife)
        guard requests >= settings.requestsPerHalfLife else { return nil }
        return BehaviourSignal(
            category: .denialOfService, score: excess(requests, over: settings.requestsPerHalfLife),
            explanation: "about \(whole(requests)) requests within \(settings.halfLife)")
    }

    /// Many different pages that exist, fetched without ever going back to one.
    private static func scraping(_ profile: ClientProfile, _ now: Timestamp, _ settings: BehaviourSettings)
        -> BehaviourSignal?
    {
        let paths = profile.paths.estimate
        let requests = profile.requests.value(at: now, halfLife: settings.halfLife)
        let errors = profile.errors.value(at: now, halfLife: settings.halfLife)
        guard paths >= settings.scrapedPaths, requests >= settings.scrapedPaths / 4, errors < requests / 4 else {
            return nil
        }
        return BehaviourSignal(
            category: .scraping, score: min(0.7, excess(paths, over: settings.scrapedPaths)),
            explanation: "about \(whole(paths)) different pages within \(settings.sketchLifetime)")
    }

    /// 0.6 at the bound, 0.8 at twice, towards 1 beyond.
    private static func excess(_ value: Double, over bound: Double) -> Double {
        min(0.99, 1 - 0.4 * bound / max(value, bound))
    }

    private static func whole(_ value: Double) -> Int { Int(min(value, 1e12).rounded()) }
}
