import Core
import HTTP
import ServiceKit

/// One entry of `routes`.
enum RouteReader {
    /// The route, and the upstream that it names by its address.
    static func read(_ section: FileSection, upstreams: [String: Upstream]) -> (Route, Upstream?) {
        let path = path(section)
        let upstream = upstream(section, upstreams)
        var route = Route(name: section.text("name") ?? path, pathPrefix: path, upstream: upstream?.name ?? "")
        route.hosts = hosts(section)
        route.methods = section.texts("methods").map { $0.uppercased() }
        inspection(section, &route)
        route.requiredRole = section.choice("required_role", CallerRole.self)?.rawValue
        if let limit = section.size("body_limit", in: ByteCount(0)...ByteCount(1 << 40)) { route.bodyLimit = limit }
        if let timeout = section.duration("timeout", in: .milliseconds(1) ... .seconds(3_600)) {
            route.timeout = timeout
        }
        section.end()
        return (route, upstream)
    }

    private static func path(_ section: FileSection) -> String {
        guard let path = section.text("path") else { return "/" }
        if !path.hasPrefix("/") || path.contains("?") {
            section.report("path is \(quoted(path)); it has to begin with / and hold no query", at: "path")
        }
        return path
    }

    /// By its name, or by an address, which is an upstream of its own with that name.
    private static func upstream(_ section: FileSection, _ upstreams: [String: Upstream]) -> Upstream? {
        guard let text = section.text("upstream") else {
            if !section.has("upstream") {
                section.report("the route has no upstream; give it one, such as upstream: 127.0.0.1:9000")
            }
            return nil
        }
        if let known = upstreams[text] { return known }
        if !UpstreamReader.isName(text), HTTPEndpoint(upstream: text) != nil {
            return Upstream(name: text, endpoints: [text])
        }
        let hint = nearest(to: text, among: upstreams.keys).map { "did you mean \($0)? Otherwise " } ?? ""
        section.report(
            "upstream \(quoted(text)) is no name under upstreams and no address; \(hint)write host:port, "
                + "http://host:port, https://host or unix:/path", at: "upstream")
        return nil
    }

    private static func hosts(_ section: FileSection) -> [String] {
        var all = section.texts("hosts")
        if let host = section.text("host") { all.append(host) }
        if all.contains("*") { return [] }
        for host in all where host.contains(":") || host.contains("/") || host.dropFirst().contains("*") {
            section.report(
                "\(quoted(host)) is no host; write a name without port, or *.name",
                at: section.has("host") ? "host" : "hosts")
        }
        return all.map { $0.lowercased() }
    }

    /// `inspection: observe`, or a mapping.
    private static func inspection(_ section: FileSection, _ route: inout Route) {
        guard let node = section["inspection"] else { return }
        guard node.entries != nil else {
            if let mode = section.choice("inspection", InspectionMode.self) { route.inspection = mode }
            return
        }
        let inspection = FileSection(node, "inspection", section.problems)
        if let mode = inspection.choice("mode", InspectionMode.self) { route.inspection = mode }
        if let score = inspection.number("block_above", in: 0...1) { route.blockAbove = score }
        if let score = inspection.number("alert_above", in: 0...1) { route.alertAbove = score }
        if route.alertAbove > route.blockAbove {
            inspection.report("alert_above lies above block_above; swap them")
        }
        inspection.end()
    }
}
