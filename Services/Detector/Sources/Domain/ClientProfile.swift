import Core
import Glibc

/// What is remembered of one client: counts that forget and small sketches, about 300 bytes whatever it does.
struct ClientProfile: Sendable, Equatable {
    var firstSeen: Timestamp
    var lastSeen: Timestamp
    var counts = DecayingCounts()
    /// Since `sketchedSince`; started anew once in a while, because bitmaps do not forget.
    var paths = DistinctCount()
    var missingPaths = SmallDistinctCount()
    var triedUsers = SmallDistinctCount()
    var suspiciousRules = SmallDistinctCount()
    /// What it asked for, by the hashes of the paths: how evenly.
    var pathSpread = SIMD16<UInt8>.zero
    var telltales: Telltales = []
    var sketchedSince: Timestamp
    /// The user agent and protocol it showed last, hashed; 0 for none.
    var agent: UInt64 = 0
    /// The last two manners of connecting and asking that it showed: a browser has more than one. Not kept over a
    /// restart: its next request shows them again.
    private(set) var manners = Manners()
    var pace = Pace()
    var steps = NumberedSteps()
    /// It has proved who it is since it was first seen.
    var hasLoggedIn = false
    var reports = ReportLog()

    init(at now: Timestamp) {
        firstSeen = now
        lastSeen = now
        sketchedSince = now
    }

    mutating func add(_ request: ObservedRequest, score: Double, hash: SeededHash, _ settings: BehaviourSettings) {
        let now = request.at
        arrive(at: now, settings)
        pace.add(at: now)
        counts.add(.requests)
        let path = hash.hash(request.path)
        addPath(path, request)
        let agentHash = Self.agent(request, hash)
        telltales.formUnion(Telltales(request, isNewAgent: agentHash != agent || agentHash == 0))
        agent = agentHash
        if request.manner != 0 { manners.add(hash.hash(request.manner, 0) | 1) }
        if request.status >= 500 { counts.add(.broken) }
        if request.status == 404 {
            counts.add(.notFound)
            missingPaths.insert(path)
        } else if (400..<500).contains(request.status) {
            counts.add(.refused)
        }
        if score > settings.suspicionAbove {
            counts.add(.suspicion, Float(score))
            for finding in request.inspection?.findings ?? [] { suspiciousRules.insert(hash.hash(finding.rule.utf8)) }
        }
    }

    private static func agent(_ request: ObservedRequest, _ hash: SeededHash) -> UInt64 {
        guard !request.userAgent.isEmpty else { return 0 }
        return SeededHash.spread(hash.hash(request.userAgent) ^ UInt64(request.protocolVersion)) | 1
    }

    private mutating func addPath(_ path: UInt64, _ request: ObservedRequest) {
        paths.insert(path)
        let bucket = Int(path & 15)
        if pathSpread[bucket] == .max { pathSpread &>>= 1 }
        pathSpread[bucket] += 1
        if request.isAsset { counts.add(.assets) }
        if !request.referer.isEmpty { counts.add(.referred) }
        steps.add(request, path: path)
    }

    mutating func addFailedLogin(_ user: UInt64, at now: Timestamp, _ settings: BehaviourSettings) {
        arrive(at: now, settings)
        counts.add(.failedLogins)
        triedUsers.insert(user)
    }

    private mutating func arrive(at now: Timestamp, _ settings: BehaviourSettings) {
        lastSeen = max(lastSeen, now)
        counts.decay(to: now, halfLife: settings.halfLife)
        guard now - sketchedSince > settings.sketchLifetime else { return }
        (paths, missingPaths, triedUsers, suspiciousRules) = (.init(), .init(), .init(), .init())
        telltales.formIntersection([.programAgent, .scannerAgent, .scannerManner])
        (pathSpread, sketchedSince) = (.zero, now)
    }

    /// 0: one and the same path over and over; 1: all over the place.
    var pathEntropy: Double {
        let total = (0..<16).reduce(0.0) { $0 + Double(pathSpread[$1]) }
        guard total > 1 else { return 0 }
        return (0..<16).reduce(0.0) { sum, bucket in
            let share = Double(pathSpread[bucket]) / total
            return share > 0 ? sum - share * log2(share) : sum
        } / 4
    }

    /// Where it stands among all clients, for what learns what is usual: each coordinate from 0 to 1.
    var position: [Float] {
        [
            Float(min(1, log1p(counts[.requests]) / 9)), Float(counts.share(of: .notFound)),
            Float(counts.share(of: .refused)), Float(min(1, paths.estimate / max(1, counts[.requests]))),
            Float(pathEntropy), pace.irregularity, Float(counts.share(of: .assets)),
        ]
    }
}

/// What a client shows of its program, by hashes; 0 for none.
struct Manners: Sendable, Equatable {
    private(set) var current: UInt64 = 0
    private var previous: UInt64 = 0
    /// The current one was neither of the two before it.
    private(set) var isNew = false

    mutating func add(_ manner: UInt64) {
        isNew = manner != current && manner != previous
        guard manner != current else { return }
        (previous, current) = (current, manner)
    }
}

/// How regularly somebody comes, and how unusual for him the pace of now is.
struct Pace: Sendable, Equatable {
    private static let slice = Int64(10_000_000_000)

    private(set) var last = Timestamp(nanoseconds: 0)
    private(set) var interval = RobustBaseline()
    /// Requests of a ten seconds' slice.
    private(set) var rate = RobustBaseline()
    private(set) var sliceStart = Timestamp(nanoseconds: 0)
    private(set) var inSlice: UInt32 = 0
    /// Standard deviations that the last full slice lay above what was usual.
    private(set) var surge: Float = 0

    init() {}

    init(
        last: Timestamp, interval: RobustBaseline, rate: RobustBaseline, sliceStart: Timestamp, inSlice: UInt32,
        surge: Float
    ) {
        (self.last, self.interval, self.rate) = (last, interval, rate)
        (self.sliceStart, self.inSlice, self.surge) = (sliceStart, inSlice, surge.isFinite ? surge : 0)
    }

    mutating func add(at now: Timestamp) {
        if last.nanoseconds > 0 { _ = interval.add(Float(min(3_600, max(0, (now - last).inSeconds))), floor: 0.001) }
        last = now
        if now.nanoseconds - sliceStart.nanoseconds >= Self.slice {
            if sliceStart.nanoseconds > 0 { surge = Float(rate.add(Float(inSlice), floor: 3) ?? 0) }
            (sliceStart, inSlice) = (now, 0)
        }
        inSlice &+= 1
    }

    /// 0: like a clock; 1: as people are.
    var irregularity: Float { interval.count < 20 ? 1 : min(1, interval.deviation / max(0.001, interval.level)) }
}

/// Whether somebody walks through numbers: /users/1, /users/2, /users/3 …
struct NumberedSteps: Sendable, Equatable {
    private(set) var template: UInt64 = 0
    private(set) var number: UInt64 = 0
    private(set) var run: UInt32 = 0

    init() {}
    init(template: UInt64, number: UInt64, run: UInt32) {
        (self.template, self.number, self.run) = (template, number, run)
    }

    mutating func add(_ request: ObservedRequest, path: UInt64) {
        guard !request.isAsset, let numbered = request.numberedPath else { return }
        let place = SeededHash(seed: 0).hash(numbered.template)
        let isNext = place == template && numbered.number != number && numbered.number &- number &+ 2 <= 4
        run = isNext ? run &+ 1 : 0
        (template, number) = (place, numbered.number)
    }
}

/// When each kind of behaviour was last reported, so that it is not reported with every request.
struct ReportLog: Sendable, Equatable {
    /// Seconds since 1970, by the kinds' numbers.
    private(set) var seconds = SIMD16<UInt32>.zero

    init() {}
    init(seconds: SIMD16<UInt32>) { self.seconds = seconds }

    /// Whether it is time to tell again; then it counts as told.
    mutating func isDue(_ kind: BehaviourKind, at now: Timestamp, every interval: Duration) -> Bool {
        let (moment, last) = (UInt32(clamping: now.seconds), seconds[kind.rawValue])
        guard last == 0 || Duration.seconds(Int64(moment) - Int64(last)) > interval else { return false }
        seconds[kind.rawValue] = moment
        return true
    }
}
