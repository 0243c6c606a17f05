import Core
import HTTP
import ServiceKit

/// Reads the file of routes and upstreams. Everything wrong is told at once, each with file, line and what would be
/// right. One small reader a section stands beside this file; the service's README shows every key.
///
///     upstreams:
///       shop: { endpoints: ["10.0.0.1:9000", "10.0.0.2:9000"] }
///     routes:
///       - name: shop
///         host: shop.example
///         path: /
///         upstream: shop        # a name from above, or an address
package enum RoutesFile {
    private static let maximumRoutes = 10_000

    static func read(path: String) throws(GatewayFailure) -> Routing {
        try read(try bytes(of: path), file: path)
    }

    static func bytes(of path: String) throws(GatewayFailure) -> [UInt8] {
        do {
            return try SmallFile.read(path, upTo: limits.bytes)
        } catch {
            throw .routes(["\(path): \(error); set routes_file to a file that can be read"])
        }
    }

    /// `file` is only what messages call it.
    static func read(_ bytes: [UInt8], file: String) throws(GatewayFailure) -> Routing {
        let root: YAMLNode
        do {
            root = try YAMLNode.parse(bytes, file: file, limits: limits)
        } catch {
            throw .routes(["\(error)"])
        }
        return try read(root)
    }

    /// Whether a file of these bytes would be used; for who only asks that.
    package static func isGood(_ bytes: [UInt8]) -> Bool { (try? read(bytes, file: "routes.yaml")) != nil }

    /// Room for `maximumRoutes` of some length.
    static let limits = YAMLLimits(bytes: 8 << 20, nodes: 500_000)

    static func read(_ root: YAMLNode) throws(GatewayFailure) -> Routing {
        let problems = RoutesFileProblems()
        let routing = read(FileSection(root, "the file", problems))
        guard problems.all.isEmpty else { throw .routes(problems.all) }
        return routing
    }

    private static func read(_ file: FileSection) -> Routing {
        var upstreams: [String: Upstream] = [:]
        for (name, section) in file.named("upstreams") {
            upstreams[name] = UpstreamReader.read(name, section)
        }
        var routes: [Route] = []
        for section in file.sections("routes", of: "a route", 1...maximumRoutes) {
            let (route, implicit) = RouteReader.read(section, upstreams: upstreams)
            for upstream in implicit { upstreams[upstream.name] = upstream }
            if route.split != nil && routes.contains(where: { $0.name == route.name && $0.split != nil }) {
                section.report("two routes with a split have the name \(quoted(route.name)); rename one", at: "name")
            }
            routes.append(route)
        }
        let firewall = FirewallReader.read(file, named: file.node.location.file)
        file.end()
        return Routing(routes: RouteTable(routes), upstreams: upstreams, firewall: firewall)
    }
}

extension HTTPEndpoint {
    /// As the routes file writes it: an address, or `host:port` for plain HTTP.
    init?(upstream text: String) {
        if text.contains("://") || text.hasPrefix("unix:") { self.init(text) } else { self.init("http://" + text) }
    }
}
