import Core
import Inspection
import ServiceKit

/// One entry of `routes`: first what it takes, then where that goes, then what happens on the way.
enum RouteReader {
    /// The route, and the upstreams that it names by their addresses.
    static func read(_ section: FileSection, upstreams: [String: Upstream]) -> (Route, [Upstream]) {
        let path = path(section)
        let answer = AnswerReader.read(section, path)
        let target = TargetReader(section, upstreams: upstreams, isNeeded: answer == nil)
        var route = Route(name: section.text("name") ?? path.text, path: path, upstream: target.upstream)
        route.answer = answer
        (route.split, route.mirror) = (target.split, target.mirror)
        route.hosts = hosts(section)
        route.methods = section.texts("methods").map { $0.uppercased() }
        route.fields = conditions(section)
        admission(section, &route)
        RateLimitReader.read(section, &route)
        InspectionReader.read(section, &route)
        FilterReader.read(section, &route)
        section.end()
        return (route, target.implicit)
    }

    // MARK: Which requests

    private static func path(_ section: FileSection) -> RoutePattern {
        guard let text = section.text("path") else { return .everything }
        do {
            return try RoutePattern(text)
        } catch {
            section.report("path is \(quoted(text)); \(error)", at: "path")
            return .everything
        }
    }

    private static func hosts(_ section: FileSection) -> [String] {
        var all = section.texts("hosts", upTo: 1_000)
        if let host = section.text("host") { all.append(host) }
        if all.contains("*") { return [] }
        for host in all where host.contains(":") || host.contains("/") || host.dropFirst().contains("*") {
            section.report(
                "\(quoted(host)) is no host; write a name without port, or *.name",
                at: section.has("host") ? "host" : "hosts")
        }
        return all.map { $0.lowercased() }
    }

    /// `headers: { X-Tenant: acme, X-Debug: true, X-Old: false }`
    private static func conditions(_ section: FileSection) -> [FieldCondition] {
        guard let node = section["headers"] else { return [] }
        let entries = node.entries ?? []
        if entries.isEmpty || entries.count > 16 {
            section.report("headers has to be a mapping of 1 to 16 names", at: "headers")
        }
        return entries.compactMap { entry in
            if let isPresent = entry.value.boolean {
                return FieldCondition(entry.key, isPresent ? .present : .absent)
            }
            if let text = entry.value.text { return FieldCondition(entry.key, .exactly(text)) }
            section.problems.report(
                entry.value.location, "\(quoted(entry.key)) has to be true (present), false (absent) or its exact text")
            return nil
        }
    }

    // MARK: Where to, and who may

    private static func admission(_ section: FileSection, _ route: inout Route) {
        route.requiredRole = section.choice("required_role", CallerRole.self)?.rawValue
        route.requiredScope = section.text("required_scope", upTo: 256)
        route.isChallenged = section.flag("challenge") ?? false
        if let limit = section.size("body_limit", in: ByteCount(0)...ByteCount(1 << 40)) { route.bodyLimit = limit }
        if let timeout = section.duration("timeout", in: .milliseconds(1) ... .seconds(3_600)) {
            route.timeout = timeout
        }
    }
}
