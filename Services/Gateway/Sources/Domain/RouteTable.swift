package import Core

package enum InspectionMode: String, Sendable, CaseIterable {
    /// Not inspected at all.
    case off
    /// Inspected and recorded, never stopped.
    case observe
    /// Inspected, and stopped above the threshold.
    case enforce
}

/// One line of the routing file: which requests it takes, and what happens to them.
package struct Route: Sendable, Equatable {
    package var name: String
    /// Lower case, without port. Empty: every host. `*.example.org` takes any one label before it.
    package var hosts: [String]
    package var pathPrefix: String
    /// Empty: every method.
    package var methods: [String]
    package var upstream: String
    package var inspection: InspectionMode
    package var blockAbove: Double
    package var alertAbove: Double
    package var requiredRole: String?
    package var bodyLimit: ByteCount
    package var timeout: Duration

    package init(
        name: String, hosts: [String] = [], pathPrefix: String = "/", methods: [String] = [], upstream: String,
        inspection: InspectionMode = .enforce, blockAbove: Double = 0.8, alertAbove: Double = 0.5,
        requiredRole: String? = nil, bodyLimit: ByteCount = .mebibytes(10), timeout: Duration = .seconds(30)
    ) {
        self.name = name
        self.hosts = hosts
        self.pathPrefix = pathPrefix
        self.methods = methods
        self.upstream = upstream
        self.inspection = inspection
        self.blockAbove = blockAbove
        self.alertAbove = alertAbove
        self.requiredRole = requiredRole
        self.bodyLimit = bodyLimit
        self.timeout = timeout
    }
}

/// All routes, most specific first: a named host before a wildcard before none, then the longer path prefix, then the
/// order of the file. So a route never depends on where in the file another one stands unless they are equal.
package struct RouteTable: Sendable {
    package let routes: [Route]

    package init(_ routes: [Route]) {
        self.routes = routes.enumerated().sorted { left, right in
            let (a, b) = (Self.specificity(left.element), Self.specificity(right.element))
            return a == b ? left.offset < right.offset : a > b
        }.map(\.element)
    }

    /// - Parameters:
    ///   - host: the request's host without port, lower case.
    ///   - path: the request's path as received, without query.
    package func match(host: String, method: String, path: String) -> Route? {
        routes.first { route in
            Self.takes(route.hosts, host: host) && Self.covers(route.pathPrefix, path: path)
                && (route.methods.isEmpty || route.methods.contains(method))
        }
    }

    private static func specificity(_ route: Route) -> (Int, Int) {
        let host = route.hosts.isEmpty ? 0 : route.hosts.contains { $0.hasPrefix("*.") } ? 1 : 2
        return (host, route.pathPrefix.utf8.count)
    }

    private static func takes(_ hosts: [String], host: String) -> Bool {
        hosts.isEmpty
            || hosts.contains { pattern in
                guard pattern.hasPrefix("*.") else { return pattern == host }
                guard let dot = host.firstIndex(of: ".") else { return false }
                return dot != host.startIndex && host[dot...] == pattern.dropFirst()
            }
    }

    /// `/shop` covers `/shop` and `/shop/cart`, not `/shopping`: a prefix ends at a segment.
    private static func covers(_ prefix: String, path: String) -> Bool {
        guard path.utf8.starts(with: prefix.utf8) else { return false }
        let end = path.utf8.dropFirst(prefix.utf8.count).first
        return prefix.utf8.last == UInt8(ascii: "/") || end == nil || end == UInt8(ascii: "/")
    }
}
