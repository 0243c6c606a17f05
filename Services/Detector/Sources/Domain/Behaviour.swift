import Core

/// The behaviours that are told apart. The numbers are what profiles store: never reuse one.
enum BehaviourKind: Int, Sendable, CaseIterable {
    case probing = 0
    case telltale = 1
    case enumeration = 2
    case numbered = 3
    case logins = 4
    case accountUnderAttack = 5
    case networkLogins = 6
    case networkMissing = 7
    case networkScraping = 8
    case flood = 9
    case scraping = 10
    case refusals = 11
    case surge = 12
    case outlier = 13
    case intelligence = 14
    case labyrinth = 15
}

/// One thing a client does that people do not do.
struct BehaviourSignal: Sendable, Equatable {
    var kind: BehaviourKind
    var category: ThreatCategory
    var score: Double
    var explanation: String

    /// 0.6 at the bound, 0.8 at twice, towards 1 beyond.
    static func excess(_ value: Double, over bound: Double) -> Double { min(0.99, 1 - 0.4 * bound / max(value, bound)) }
    static func whole(_ value: Double) -> Int { Int(min(max(value, 0), 1e12).rounded()) }
}

/// What one client's profile shows at the moment of its last request. Pure; each rule is told with its figures.
struct Behaviour {
    let profile: ClientProfile
    let settings: BehaviourSettings

    private typealias Signal = BehaviourSignal

    /// Strongest first.
    var signals: [BehaviourSignal] {
        // Nearly every request of nearly every client ends here: nothing was wrong with it, and it was not much.
        let counts = profile.counts
        let wrongs =
            counts[.suspicion] + counts[.notFound] + counts[.refused] + counts[.broken] + counts[.failedLogins]
        if wrongs < 2, profile.telltales.isDisjoint(with: .telling),
            profile.steps.run < settings.numberedSteps, counts[.requests] < settings.requestsPerHalfLife,
            profile.paths.isSurelyBelow(min(settings.scrapedPaths, settings.machineScrapedPaths))
        {
            return []
        }
        return [probing, telltale, enumeration, numbered, logins, flood, scraping, refusals, surge].compactMap { $0 }
            .sorted { $0.score > $1.score }
    }

    /// Rules fire again and again, each time for another reason.
    private var probing: BehaviourSignal? {
        let (suspicion, rules) = (profile.counts[.suspicion], profile.suspiciousRules.estimate)
        guard suspicion >= settings.suspicion, rules >= 1.5 else { return nil }
        return Signal(
            kind: .probing, category: .scanner, score: Signal.excess(suspicion, over: settings.suspicion),
            explanation: "suspicion adds up to \(Signal.whole(suspicion)), for about \(Signal.whole(rules)) reasons")
    }

    /// It says itself what it is, or asks for what only scanners ask for.
    private var telltale: BehaviourSignal? {
        if profile.telltales.contains(.scannerAgent) {
            return Signal(
                kind: .telltale, category: .scanner, score: 0.85, explanation: "the user agent names a scanner")
        }
        let asked = profile.telltales.asked
        if profile.telltales.contains(.scannerManner), asked > 0 || profile.counts[.suspicion] > 0 {
            return Signal(
                kind: .telltale, category: .scanner, score: 0.8,
                explanation: "connects and asks as scanners do that were seen here, under another name")
        }
        guard asked >= settings.telltales else { return nil }
        return Signal(
            kind: .telltale, category: .scanner,
            score: Signal.excess(Double(asked), over: Double(settings.telltales)),
            explanation: "asked in vain for \(asked) kinds of things that scanners look for")
    }

    private var enumeration: BehaviourSignal? {
        let (missing, requests) = (profile.counts[.notFound], profile.counts[.requests])
        guard missing >= settings.missingPages, missing >= settings.missingShare * requests,
            profile.missingPaths.estimate >= settings.missingPages / 2
        else { return nil }
        return Signal(
            kind: .enumeration, category: .enumeration, score: Signal.excess(missing, over: settings.missingPages),
            explanation: "\(Signal.whole(missing)) of \(Signal.whole(requests)) requests for pages that do not exist")
    }

    private var numbered: BehaviourSignal? {
        let run = Int(profile.steps.run)
        guard run >= settings.numberedSteps else { return nil }
        return Signal(
            kind: .numbered, category: .enumeration,
            score: Signal.excess(Double(run), over: Double(settings.numberedSteps)),
            explanation: "\(run) numbers of one path asked for one after the other")
    }

    private var logins: BehaviourSignal? {
        let failures = profile.counts[.failedLogins]
        guard failures >= settings.failedLogins else { return nil }
        let users = profile.triedUsers.estimate
        let isStuffing = users >= settings.triedUsers
        return Signal(
            kind: .logins, category: isStuffing ? .credentialStuffing : .bruteForce,
            score: Signal.excess(failures, over: settings.failedLogins),
            explanation: "about \(Signal.whole(failures)) failed logins"
                + (isStuffing ? " for \(Signal.whole(users)) accounts" : ""))
    }

    private var flood: BehaviourSignal? {
        let requests = profile.counts[.requests]
        guard requests >= settings.requestsPerHalfLife else { return nil }
        return Signal(
            kind: .flood, category: .denialOfService,
            score: Signal.excess(requests, over: settings.requestsPerHalfLife),
            explanation: "about \(Signal.whole(requests)) requests within \(settings.halfLife)")
    }

    /// Many different pages that exist; fewer are enough of who comes like a machine.
    private var scraping: BehaviourSignal? {
        let (paths, requests) = (profile.paths.estimate, profile.counts[.requests])
        let isMachine =
            profile.counts.share(of: .assets) < 0.02 && profile.counts.share(of: .referred) < 0.02
            && profile.pace.irregularity < 0.15
        let bound = isMachine ? min(settings.machineScrapedPaths, settings.scrapedPaths) : settings.scrapedPaths
        let errors = profile.counts[.notFound] + profile.counts[.refused] + profile.counts[.broken]
        guard paths >= bound, requests >= bound / 4, errors < requests / 4 else { return nil }
        return Signal(
            kind: .scraping, category: .scraping, score: min(0.7, Signal.excess(paths, over: bound)),
            explanation: "about \(Signal.whole(paths)) different pages within \(settings.sketchLifetime)"
                + (isMachine ? ", as regular as a clock and nothing else" : ""))
    }

    /// Hardly anything it asks for is answered, and not because pages are missing.
    private var refusals: BehaviourSignal? {
        let refused = profile.counts[.refused] + profile.counts[.broken] - profile.counts[.failedLogins]
        guard refused >= settings.refusedRequests, refused >= 0.8 * profile.counts[.requests] else { return nil }
        return Signal(
            kind: .refusals, category: .anomaly,
            score: min(0.7, Signal.excess(refused, over: settings.refusedRequests)),
            explanation: "\(Signal.whole(refused)) of \(Signal.whole(profile.counts[.requests])) requests were refused")
    }

    /// Far more than is usual for this client, and something was wrong with it as well.
    private var surge: BehaviourSignal? {
        let errors = profile.counts[.notFound] + profile.counts[.refused] + profile.counts[.broken]
        guard Double(profile.pace.surge) >= settings.surge, profile.counts[.requests] >= 100,
            errors >= 0.2 * profile.counts[.requests] || profile.counts[.suspicion] >= 1
        else { return nil }
        return Signal(
            kind: .surge, category: .anomaly, score: 0.6,
            explanation: "\(Signal.whole(Double(profile.pace.surge))) standard deviations above its usual pace")
    }
}
