internal import Core

/// What an intruder seems to want, the gravest thing seen so far.
enum Intent: UInt8, Sendable, Comparable {
    case exploring = 1, scraping, stealingData, stealingCredentials, takingOver

    static func < (left: Intent, right: Intent) -> Bool { left.rawValue < right.rawValue }
}

/// All that is remembered of one intruder: the same few bytes however long it walks.
struct Intruder: Sendable, Equatable {
    let id: UUIDv7
    let firstSeen: Timestamp
    var lastSeen: Timestamp
    var decision: UUIDv7?
    var address: IPAddress?
    var stepCount: UInt64 = 0
    var depth: UInt32 = 0
    var trap = Trap.pages
    var intent = Intent.exploring
    var tool = ""

    init(id: UUIDv7, now: Timestamp) {
        self.id = id
        firstSeen = now
        lastSeen = now
    }
}

/// One request of an intruder, as everybody else will hear of it.
struct IntruderStep: Sendable, Equatable {
    static let longestText = 1_024

    var id = UUIDv7()
    var observedAt: Timestamp
    var request: UUIDv7?
    var method: [UInt8]
    var path: [UInt8]
    var query: [UInt8]
    var userAgent: [UInt8]
    var trace: TraceContext?
    var room: Room
    var trap: Trap
    var dwell = Duration.zero
    var delay = Duration.zero
    var pageBytes = 0
    /// The intruder after this step.
    var intruder: Intruder
}

extension Intruder {
    /// Takes a step into account and returns how long the one before lasted.
    mutating func take(
        _ room: Room, _ trap: Trap, at now: Timestamp, usesCanary: Bool, postsCredentials: Bool,
        userAgent: some Collection<UInt8>
    ) -> Duration {
        let dwell = stepCount == 0 ? Duration.zero : max(.zero, now - lastSeen)
        lastSeen = max(lastSeen, now)
        stepCount += 1
        depth = max(depth, room.depth)
        self.trap = trap
        tool = Self.tool(of: userAgent)
        intent = max(intent, Self.intent(trap, self, usesCanary: usesCanary, postsCredentials: postsCredentials))
        return dwell
    }

    private static func intent(
        _ trap: Trap, _ intruder: Intruder, usesCanary: Bool, postsCredentials: Bool
    ) -> Intent {
        if usesCanary { return .takingOver }
        if postsCredentials { return .stealingCredentials }
        switch trap {
        case .database, .fileSystem, .text: return .stealingData
        case .login, .api, .pages: return intruder.stepCount >= 20 ? .scraping : .exploring
        }
    }

    private static let tools = [
        "sqlmap", "nikto", "nuclei", "gobuster", "dirbuster", "ffuf", "wpscan", "hydra", "nmap", "masscan", "wapiti",
        "curl", "wget", "python-requests", "go-http-client", "scrapy", "httpx", "zgrab",
    ]

    private static func tool(of userAgent: some Collection<UInt8>) -> String {
        let text = String(decoding: userAgent.prefix(256), as: UTF8.self).lowercased()
        if let tool = tools.first(where: text.contains) { return tool }
        return text.hasPrefix("mozilla/") ? "browser" : text.isEmpty ? "" : "other"
    }
}
