import Core
import HTTP
import ServiceKit

/// Reads the routing file. Everything wrong is told at once, each with file, line and what would be right:
///
///     routes:
///       - name: shop            # default: the path
///         host: shop.example    # or hosts: […]; "*" or nothing: every host; "*.example" takes one label
///         path: /               # a prefix that ends at a segment
///         methods: [GET, POST]  # nothing: every method
///         upstream: 127.0.0.1:9000   # or http://…, https://…, unix:/…
///         inspection: enforce   # off, observe, or a mapping: mode, block_above, alert_above
///         required_role: viewer # nobody else may pass
///         body_limit: 10MiB
///         timeout: 30s
struct RoutesFile {
    private static let keys = [
        "name", "host", "hosts", "path", "methods", "upstream", "inspection", "required_role", "body_limit", "timeout",
    ]
    private static let maximumRoutes = 1_000

    private(set) var problems: [String] = []

    static func read(path: String) throws(GatewayFailure) -> RouteTable {
        let root: YAMLNode
        do {
            root = try YAMLNode.parse(try SmallFile.read(path, upTo: YAMLLimits.standard.bytes), file: path)
        } catch let failure as YAMLFailure {
            throw .routes(["\(failure)"])
        } catch {
            throw .routes(["\(path): \(error); set routes_file to a file that can be read"])
        }
        return try read(root)
    }

    static func read(_ root: YAMLNode) throws(GatewayFailure) -> RouteTable {
        var file = RoutesFile()
        let routes = file.routes(root)
        guard file.problems.isEmpty else { throw .routes(file.problems) }
        return RouteTable(routes)
    }

    private mutating func routes(_ root: YAMLNode) -> [Route] {
        for entry in root.entries ?? [] where entry.key != "routes" {
            report(entry.keyLocation, "\(entry.key) is not a key here; the file has one key, routes")
        }
        guard let list = root["routes"], let items = list.items, !items.isEmpty, items.count <= Self.maximumRoutes
        else {
            report(root.location, "routes has to be a list of 1 to \(Self.maximumRoutes) routes")
            return []
        }
        return items.compactMap { route($0) }
    }

    private mutating func route(_ node: YAMLNode) -> Route? {
        guard let entries = node.entries else {
            report(node.location, "a route is a mapping of keys, not \(node.kindName)")
            return nil
        }
        for entry in entries where !Self.keys.contains(entry.key) {
            report(
                entry.keyLocation,
                "\(entry.key) is not a key of a route; use one of \(Self.keys.joined(separator: ", "))")
        }
        let path = self.path(node["path"])
        var route = Route(name: text(node["name"], "name") ?? path, pathPrefix: path, upstream: upstream(node))
        route.hosts = hosts(node)
        route.methods = texts(node["methods"], "methods").map { $0.uppercased() }
        inspection(node["inspection"], &route)
        route.requiredRole = role(node["required_role"])
        if let limit = text(node["body_limit"], "body_limit") { route.bodyLimit = size(limit, node["body_limit"]) }
        if let limit = text(node["timeout"], "timeout") { route.timeout = duration(limit, node["timeout"]) }
        return route
    }

    // MARK: Keys

    private mutating func path(_ node: YAMLNode?) -> String {
        guard let path = text(node, "path") else { return "/" }
        if !path.hasPrefix("/") || path.contains("?") {
            report(node?.location, "path is \(path); it has to begin with / and hold no query")
        }
        return path
    }

    private mutating func upstream(_ node: YAMLNode) -> String {
        guard let text = text(node["upstream"], "upstream") else {
            report(node.location, "the route has no upstream; give it one, such as upstream: 127.0.0.1:9000")
            return ""
        }
        guard HTTPEndpoint(upstream: text) != nil else {
            report(
                node["upstream"]?.location,
                "upstream is \(text); write host:port, http://host:port, https://host or unix:/path")
            return text
        }
        return text
    }

    private mutating func hosts(_ node: YAMLNode) -> [String] {
        let all = (text(node["host"], "host").map { [$0] } ?? []) + texts(node["hosts"], "hosts")
        if all.contains("*") { return [] }
        for host in all where host.contains(":") || host.contains("/") || host.dropFirst().contains("*") {
            report(
                (node["host"] ?? node["hosts"])?.location, "\(host) is no host; write a name without port, or *.name")
        }
        return all.map { $0.lowercased() }
    }

    private mutating func inspection(_ node: YAMLNode?, _ route: inout Route) {
        guard let node else { return }
        let mode = node.entries == nil ? node : node["mode"]
        if let mode {
            if let value = mode.text.flatMap(InspectionMode.init) {
                route.inspection = value
            } else {
                report(mode.location, "inspection has to be off, observe or enforce")
            }
        }
        for entry in node.entries ?? [] {
            switch entry.key {
            case "mode": break
            case "block_above": route.blockAbove = score(entry.value, route.blockAbove)
            case "alert_above": route.alertAbove = score(entry.value, route.alertAbove)
            default:
                report(
                    entry.keyLocation, "\(entry.key) is not a key of inspection; use mode, block_above or alert_above")
            }
        }
        if route.alertAbove > route.blockAbove {
            report(node.location, "alert_above lies above block_above; swap them")
        }
    }

    private mutating func score(_ node: YAMLNode, _ fallback: Double) -> Double {
        if let value = node.number, (0...1).contains(value) { return value }
        report(node.location, "a threshold is a number from 0 to 1")
        return fallback
    }

    private mutating func role(_ node: YAMLNode?) -> String? {
        guard let text = text(node, "required_role") else { return nil }
        if CallerRole(rawValue: text) == nil {
            report(
                node?.location, "\(text) is no role; use \(CallerRole.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        return text
    }

    private mutating func size(_ text: String, _ node: YAMLNode?) -> ByteCount {
        if let value = ByteCount(text), value.bytes <= 1 << 40 { return value }
        report(node?.location, "body_limit is \(text); write a size such as 64KiB or 10MiB")
        return .mebibytes(1)
    }

    private mutating func duration(_ text: String, _ node: YAMLNode?) -> Duration {
        if let value = DurationText.parse(text), value > .zero, value <= .seconds(3_600) { return value }
        report(node?.location, "timeout is \(text); write a duration up to an hour, such as 500ms or 30s")
        return .seconds(30)
    }

    // MARK: Plain values

    private mutating func text(_ node: YAMLNode?, _ key: String) -> String? {
        guard let node, !node.isNull else { return nil }
        if let text = node.text, !text.isEmpty, text.utf8.count <= 1_024 { return text }
        report(node.location, "\(key) has to be a text of 1 to 1024 bytes")
        return nil
    }

    private mutating func texts(_ node: YAMLNode?, _ key: String) -> [String] {
        guard let node else { return [] }
        let texts = node.items?.compactMap(\.text) ?? []
        if texts.isEmpty || texts.count != node.items?.count {
            report(node.location, "\(key) has to be a list of texts")
        }
        return texts
    }

    private mutating func report(_ location: SourceLocation?, _ reason: String) {
        problems.append("\(location.map { "\($0): " } ?? "")\(reason)")
    }
}

extension HTTPEndpoint {
    /// As the routes file writes it: an address, or `host:port` for plain HTTP.
    init?(upstream text: String) {
        if text.contains("://") || text.hasPrefix("unix:") { self.init(text) } else { self.init("http://" + text) }
    }
}
