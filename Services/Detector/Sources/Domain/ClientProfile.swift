import Core

/// What is remembered of one client: decaying counts and small sketches, about 300 bytes whatever it does.
struct ClientProfile: Sendable, Equatable {
    var firstSeen: Timestamp
    var lastSeen: Timestamp
    var requests = DecayingCount()
    var notFound = DecayingCount()
    var errors = DecayingCount()
    var suspicious = DecayingCount()
    var failedLogins = DecayingCount()
    /// Since `sketchedSince`; started anew once in a while, because bitmaps do not forget.
    var paths = DistinctCount()
    var missingPaths = DistinctCount()
    var triedUsers = DistinctCount()
    var suspiciousRules = DistinctCount()
    var sketchedSince: Timestamp
    /// When each behaviour was last reported, so that it is not reported with every request.
    var reported: [ThreatCategory: Timestamp] = [:]

    init(at now: Timestamp) {
        firstSeen = now
        lastSeen = now
        sketchedSince = now
    }

    mutating func add(_ request: ObservedRequest, score: Double, hash: SeededHash, _ settings: BehaviourSettings) {
        let now = request.at
        lastSeen = max(lastSeen, now)
        if now - sketchedSince > settings.sketchLifetime { startSketchesAnew(at: now) }
        requests.add(at: now, halfLife: settings.halfLife)
        paths.insert(hash.hash(request.path))
        if request.status >= 400 { errors.add(at: now, halfLife: settings.halfLife) }
        if request.status == 404 {
            notFound.add(at: now, halfLife: settings.halfLife)
            missingPaths.insert(hash.hash(request.path))
        }
        if score > settings.suspiciousAbove {
            suspicious.add(at: now, halfLife: settings.halfLife)
            for finding in request.inspection?.findings ?? [] { suspiciousRules.insert(hash.hash(finding.rule.utf8)) }
        }
        // Whom they tried is in the body, which is not told; the query and the session's user are what there is.
        if settings.isFailedLogin(request) {
            addFailedLogin(hash.hash(request.user?.bytes ?? request.query), at: now, settings)
        }
    }

    mutating func addFailedLogin(_ user: UInt64, at now: Timestamp, _ settings: BehaviourSettings) {
        lastSeen = max(lastSeen, now)
        failedLogins.add(at: now, halfLife: settings.halfLife)
        triedUsers.insert(user)
    }

    private mutating func startSketchesAnew(at now: Timestamp) {
        paths = DistinctCount()
        missingPaths = DistinctCount()
        triedUsers = DistinctCount()
        suspiciousRules = DistinctCount()
        sketchedSince = now
    }
}
