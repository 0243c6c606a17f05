/// Where requests go: one service at one or several addresses, and how it is treated.
package struct Upstream: Sendable, Equatable {
    package static let maximumEndpoints = 256

    package var name: String
    package var endpoints: [UpstreamEndpoint]
    package var balance = Balance.roundRobin
    package var health: HealthPolicy?
    package var outlier = OutlierPolicy()
    /// How long an endpoint that comes back takes to its full share. Zero: at once.
    package var slowStart = Duration.zero
    package var breaker = BreakerPolicy()
    package var limits = UpstreamLimits()
    package var retries = RetryPolicy()
    package var tls = UpstreamTLS()
    package var version = UpstreamProtocol.http1

    package init(name: String, endpoints: [UpstreamEndpoint]) {
        self.name = name
        self.endpoints = endpoints
    }

    package init(name: String, endpoints: [String]) {
        self.init(name: name, endpoints: endpoints.map { UpstreamEndpoint(address: $0) })
    }
}

package struct UpstreamEndpoint: Sendable, Equatable {
    /// As the file writes it: `host:port`, `http://…`, `https://…` or `unix:/…`.
    package var address: String
    package var weight = 1
    package var zone: String?

    package init(address: String, weight: Int = 1, zone: String? = nil) {
        self.address = address
        self.weight = weight
        self.zone = zone
    }
}

package enum Balance: Sendable, Equatable {
    /// In turn, in proportion to the weights.
    case roundRobin
    /// Of two chosen by chance the one with fewer requests under way.
    case leastRequest
    /// Of two chosen by chance the one that is expected to answer sooner. A latency counts half after `memory`.
    case latency(memory: Duration)
    /// The same endpoint for the same key, unless it has more than `bound` times its fair share under way.
    case consistentHash(HashKey, bound: Double)
}

package enum HashKey: Sendable, Equatable {
    case clientAddress
    case header(String)
    case cookie(String)
}

/// Asking endpoints whether they are well.
package struct HealthPolicy: Sendable, Equatable {
    package var path = "/"
    package var interval = Duration.seconds(5)
    package var timeout = Duration.seconds(2)
    package var healthyAfter = 2
    package var unhealthyAfter = 3
    package var expected: ClosedRange<Int> = 200...399
}

/// Taking endpoints out that fail what they are asked. Together never more than `share` of them.
package struct OutlierPolicy: Sendable, Equatable {
    /// Zero: nobody is taken out.
    package var consecutiveFailures = 5
    package var ejection = Duration.seconds(10)
    package var longestEjection = Duration.seconds(300)
    package var share = 0.5
}

/// Sparing an upstream that fails as a whole.
package struct BreakerPolicy: Sendable, Equatable {
    /// Share of failures above which nothing is sent for a while. Nil: never.
    package var errorRate: Double?
    package var minimumRequests = 20
    package var window = Duration.seconds(10)
    package var openFor = Duration.seconds(5)
    /// So many requests in a row have to succeed, one at a time, before all may pass again.
    package var probes = 3
}

package struct UpstreamLimits: Sendable, Equatable {
    /// To one endpoint.
    package var connections = 256
    /// Waiting for a connection.
    package var pending = 1_024
    /// Under way at once, so that one slow upstream does not hold everything the gateway has.
    package var requests = 10_000
}

package struct RetryPolicy: Sendable, Equatable {
    package enum Cause: Sendable, Hashable {
        /// No connection came about.
        case connect
        /// The connection ended before the answer began.
        case reset
        case status(Int)
    }

    /// The first one included.
    package var attempts = 3
    package var causes: Set<Cause> = [.connect, .reset]
    /// Retries as a share of requests.
    package var budget = 0.2
    package var backoff = Duration.milliseconds(10)
    package var longestBackoff = Duration.milliseconds(250)
}

package struct UpstreamTLS: Sendable, Equatable {
    /// Whom to trust; the system's store when nil.
    package var authority: String?
    package var serverName: String?
    package var certificate: String?
    package var key: String?
    /// Anybody may answer: only when the file says so in so many words.
    package var isInsecure = false
}

package enum UpstreamProtocol: String, Sendable, CaseIterable {
    case http1
    /// To http endpoints without asking, to https endpoints when they choose it.
    case http2
}
