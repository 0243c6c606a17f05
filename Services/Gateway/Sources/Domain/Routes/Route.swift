package import Core
package import Inspection

package enum InspectionMode: String, Sendable, CaseIterable {
    /// Not inspected at all.
    case off
    /// Inspected and recorded, never stopped.
    case observe
    /// Inspected, and stopped above the threshold.
    case enforce
}

/// What a header field of a request has to be for a route to take it.
package struct FieldCondition: Sendable, Equatable {
    package enum Test: Sendable, Equatable {
        case present
        case absent
        /// One of its values is exactly this.
        case exactly(String)
    }

    package var name: String
    package var test: Test

    package init(_ name: String, _ test: Test) { (self.name, self.test) = (name, test) }
}

/// One entry of the routes file: which requests it takes, and what happens to them.
package struct Route: Sendable, Equatable {
    package var name: String
    /// Lower case, without port. Empty: every host. `*.example.org` takes any one label before it.
    package var hosts: [String]
    package var path: RoutePattern
    /// Empty: every method.
    package var methods: [String]
    /// All of them have to hold.
    package var fields: [FieldCondition] = []

    /// A name under `upstreams`; empty when the gateway answers by itself.
    package var upstream: String
    /// Instead of `upstream`, which then is the first side.
    package var split: TrafficSplit?
    package var mirror: TrafficMirror?
    /// The answer the gateway gives by itself.
    package var answer: RouteAnswer?

    package var requiredRole: String?
    package var requiredScope: String?
    /// Clients show a pass, see the challenge page.
    package var isChallenged = false
    package var bodyLimit: ByteCount
    package var timeout: Duration
    package var inspection: InspectionMode
    package var blockAbove: Double
    package var alertAbove: Double
    package var exclusions: [Exclusion] = []
    /// Whether the rule set of the gateway's configuration judges here too, where there is one.
    package var asksRuleSet = true
    package var rateLimits: [RateLimit] = []

    package var rewrite: PathTemplate?
    /// What the upstream gets to see as Host; nil: what the client wrote.
    package var upstreamHost: String?
    package var requestFields = FieldEdits()
    package var responseFields = FieldEdits()
    package var protection: [ProtectiveField] = []
    package var compression: CompressionPolicy?
    package var hiddenLinks: HiddenLinks?
    package var tellsTiming = false
    package var cache: CachePolicy?

    package init(
        name: String, hosts: [String] = [], path: RoutePattern = .everything, methods: [String] = [],
        upstream: String, inspection: InspectionMode = .enforce, blockAbove: Double = 0.8, alertAbove: Double = 0.5,
        requiredRole: String? = nil, bodyLimit: ByteCount = .mebibytes(10), timeout: Duration = .seconds(30)
    ) {
        self.name = name
        self.hosts = hosts
        self.path = path
        self.methods = methods
        self.upstream = upstream
        self.inspection = inspection
        self.blockAbove = blockAbove
        self.alertAbove = alertAbove
        self.requiredRole = requiredRole
        self.bodyLimit = bodyLimit
        self.timeout = timeout
    }

    /// Whether an upstream's answer leaves otherwise than it came.
    package var changesAnswers: Bool {
        !responseFields.isEmpty || !protection.isEmpty || compression != nil || hiddenLinks != nil || tellsTiming
    }
}

/// A route as requests meet it: shared by all, never copied, with everything worked out that does not depend on the
/// request.
package final class ActiveRoute: Sendable {
    package let route: Route
    package let policy: InspectionPolicy
    package let changesAnswers: Bool
    /// Whether the upstream gets other fields than the client's and the gateway's own.
    package let changesRequests: Bool
    package let countsByUser: Bool
    package let hasCache: Bool
    /// Whether some route of the same file has a cache, in which a request here may change what is true.
    package let isBesideCache: Bool
    /// Differs when anything about the route does: what was stored before a change is not found after it.
    package let identity: Int

    package init(_ route: Route, isBesideCache: Bool = false) {
        self.route = route
        hasCache = route.cache != nil
        self.isBesideCache = isBesideCache || hasCache
        identity = route.cache == nil ? 0 : "\(route)".hashValue
        countsByUser = route.rateLimits.contains { $0.parts.contains(.user) }
        policy = InspectionPolicy(
            route: route.name, mode: InspectionPolicy.Mode(rawValue: route.inspection.rawValue) ?? .enforce,
            blockAbove: route.blockAbove, alertAbove: route.alertAbove, exclusions: route.exclusions,
            asksRuleSet: route.asksRuleSet)
        changesAnswers = route.changesAnswers
        changesRequests = !route.requestFields.isEmpty || route.hiddenLinks != nil
    }

    /// What is left to ask once host and path fit.
    func accepts(_ method: String, _ holds: (FieldCondition) -> Bool) -> Bool {
        (route.methods.isEmpty || route.methods.contains(method))
            && (route.fields.isEmpty || route.fields.allSatisfy(holds))
    }
}
