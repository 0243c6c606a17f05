import Core

/// One answered request, as the gateway saw it: what every judgement starts from. Bytes are the client's and hostile.
struct ObservedRequest: Sendable {
    enum Course: Sendable {
        /// The application or the gateway answered it.
        case served
        /// Inspection or a decision kept it from the application.
        case stopped
        /// The labyrinth answered it.
        case diverted
        /// It never reached anything: no route, broken upstream, malformed, abandoned.
        case failed
    }

    var id: UUIDv7
    var at: Timestamp
    var client: IPAddress
    var method: [UInt8]
    var host: [UInt8]
    var path: [UInt8]
    var query: [UInt8]
    var userAgent: [UInt8]
    var referer: [UInt8]
    var status: Int
    var course: Course
    var route: String
    /// What inspection in the gateway thought of it; nil where it was switched off.
    var inspection: RuleEvidence?
    var user: UUIDv7?
    var trace: TraceContext?
    /// 10, 11, 20; 0 when it was not told. With the user agent it is what a client looks like.
    var protocolVersion: UInt8 = 0
    /// What its program is like by the way it connects and asks, whatever it calls itself; 0: not told.
    var manner: UInt64 = 0
    /// What a candidate's rules and model would have made of it, where a gateway has tried.
    var trial: Trial?
}

extension ObservedRequest {
    /// A candidate's judgement of one request, beside the one that counted.
    struct Trial: Sendable, Equatable {
        /// The numbers are the contracts'.
        enum Action: Int32, Sendable, Comparable {
            case allow = 1
            case alert = 2
            case block = 3

            static func < (left: Action, right: Action) -> Bool { left.rawValue < right.rawValue }
        }

        var candidate: UUIDv7
        var action: Action
        var actionInForce: Action
        var evidence: RuleEvidence
    }
}

/// A login that our own auth service refused.
struct FailedLogin: Sendable {
    var request: UUIDv7
    var at: Timestamp
    var client: IPAddress
    var claimedName: [UInt8]
}

/// What an intruder did in the labyrinth.
struct IntruderStep: Sendable {
    enum Intent: Int, Sendable, Comparable {
        case exploring = 1
        case scraping = 2
        case stealingData = 3
        case stealingCredentials = 4
        case takingOver = 5

        static func < (left: Intent, right: Intent) -> Bool { left.rawValue < right.rawValue }

        var sentence: String {
            switch self {
            case .exploring: "looks around"
            case .scraping: "collects pages"
            case .stealingData: "takes decoys for data"
            case .stealingCredentials: "tries credentials on decoys"
            case .takingOver: "used a decoy's secret"
            }
        }
    }

    var intruder: UUIDv7
    var request: UUIDv7
    var at: Timestamp
    var client: IPAddress
    var path: [UInt8]
    var userAgent: [UInt8]
    var count: Int
    var intent: Intent
    var trace: TraceContext?
}

/// What rules found in one request.
struct RuleEvidence: Sendable, Equatable {
    var score: Double
    var findings: [RuleMatch]

    static let nothing = RuleEvidence(score: 0, findings: [])

    /// As if some rules did not exist. The score of what is left is put together as if findings were independent, which
    /// is never too low.
    func without(_ rules: Set<String>) -> RuleEvidence {
        guard !rules.isEmpty, findings.contains(where: { rules.contains($0.rule) }) else { return self }
        let left = findings.filter { !rules.contains($0.rule) }
        let combined = 1 - left.reduce(1) { $0 * (1 - min(max($1.weight, 0), 1)) }
        return RuleEvidence(score: min(score, combined), findings: left)
    }
}

struct RuleMatch: Sendable, Equatable {
    var rule: String
    var category: ThreatCategory
    var variable: [UInt8]
    var matched: [UInt8]
    var offset: Int
    var weight: Double
}
