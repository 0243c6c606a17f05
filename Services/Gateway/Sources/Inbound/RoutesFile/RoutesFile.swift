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
        try read(try parse(bytes, file: file))
    }

    static func parse(_ bytes: [UInt8], file: String) throws(GatewayFailure) -> YAMLNode {
        do {
            return try YAMLNode.parse(bytes, file: file, limits: limits)
        } catch {
            throw .routes(["\(error)"])
        }
    }

    /// Whether a file of these bytes would be used; for who only asks that.
    package static func isGood(_ bytes: [UInt8]) -> Bool { (try? read(bytes, file: "routes.yaml")) != nil }

    /// Room for as many routes as there may be, of some length.
    static let limits = YAMLLimits(bytes: 8 << 20, nodes: 500_000)

    static func read(_ root: YAMLNode) throws(GatewayFailure) -> Routing { try reading(root).routing }

    /// As far as it goes: sets of the API may be added to it.
    static func reading(_ bytes: [UInt8], file: String) throws(GatewayFailure) -> RoutesReading {
        try reading(try parse(bytes, file: file))
    }

    private static func reading(_ root: YAMLNode) throws(GatewayFailure) -> RoutesReading {
        let problems = RoutesFileProblems()
        let file = FileSection(root, "the file", problems)
        var reading = RoutesReading()
        reading.read(file)
        reading.firewall = FirewallReader.read(file, named: root.location.file)
        file.end()
        guard problems.all.isEmpty else { throw .routes(problems.all) }
        return reading
    }
}

extension HTTPEndpoint {
    /// As the routes file writes it: an address, or `host:port` for plain HTTP.
    init?(upstream text: String) {
        if text.contains("://") || text.hasPrefix("unix:") { self.init(text) } else { self.init("http://" + text) }
    }
}
