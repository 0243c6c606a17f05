import Core

/// How often something may happen: `requests` in every `period`, `burst` of them at once. Each route counts for itself;
/// who is counted together there is said by `parts`: what the requests of one count have in common.
package struct RateLimit: Sendable, Equatable {
    package enum Part: Sendable, Hashable {
        /// IPv6 by its network: whoever has one address there has them all.
        case address
        /// The subject of the access token; without one, the address.
        case user
        /// The value of a field, an API key or a tenant; without one, the address.
        case header(String)
        case host
        case path
        case everybody
    }

    package static let ipv6Prefix = 64

    package var name: String
    package var requests: Int
    package var period: Duration
    package var burst: Int
    package var parts: [Part]
    /// Shrinks while the gateway is under attack.
    package var isAdaptive: Bool

    package init(
        name: String, requests: Int, period: Duration, burst: Int? = nil, by parts: [Part] = [.address],
        isAdaptive: Bool = false
    ) {
        self.name = name
        self.requests = max(1, requests)
        self.period = period
        self.burst = max(1, burst ?? requests)
        self.parts = parts
        self.isAdaptive = isAdaptive
    }

    /// The time until the next request is due when all of the burst is used up: what one request costs.
    package var interval: Int64 { max(1, period.wholeNanoseconds / Int64(requests)) }
}

/// What became of one request under one limit, in the words of the `RateLimit` fields.
package struct RateAnswer: Sendable, Equatable {
    package var isAdmitted: Bool
    /// How many more could come at once.
    package var remaining: Int
    /// Until all of the burst is there again.
    package var resetsAfter: Duration
    /// Until the next one may come; zero when it was admitted.
    package var retryAfter: Duration
}
