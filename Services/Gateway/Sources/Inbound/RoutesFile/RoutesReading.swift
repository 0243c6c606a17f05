import ServiceKit

/// What readings add up to: first the routes file, then the sets of the API, one after the other.
struct RoutesReading: Sendable {
    private static let mostRoutes = 10_000

    private(set) var upstreams: [String: Upstream] = [:]
    private(set) var routes: [Route] = []
    var firewall = FirewallPlan()

    var routing: Routing { Routing(routes: RouteTable(routes), upstreams: upstreams, firewall: firewall) }

    /// The upstreams and routes of one mapping. What is wrong is reported there, and nothing is to be made of the rest.
    mutating func read(_ file: FileSection) {
        for (name, section) in file.named("upstreams") {
            if upstreams[name] != nil {
                section.report("there is an upstream \(quoted(name)) already; choose another name")
            }
            upstreams[name] = UpstreamReader.read(name, section)
        }
        let room = max(1, Self.mostRoutes - routes.count)
        for section in file.sections("routes", of: "a route", 1...room) {
            let (route, implicit) = RouteReader.read(section, upstreams: upstreams)
            for upstream in implicit { upstreams[upstream.name] = upstream }
            if route.split != nil && routes.contains(where: { $0.name == route.name && $0.split != nil }) {
                section.report("two routes with a split have the name \(quoted(route.name)); rename one", at: "name")
            }
            routes.append(route)
        }
    }

    /// All of a set, or nothing of it and why.
    mutating func add(_ set: RouteSet) throws(GatewayFailure) {
        let root = try RoutesFile.parse(Array(set.text.utf8), file: "route set \(set.name)")
        let problems = RoutesFileProblems()
        let section = FileSection(root, "a route set", problems)
        var extended = self
        extended.read(section)
        if section.has("firewall") { section.report("a firewall stands in the routes file only", at: "firewall") }
        section.end()
        guard problems.all.isEmpty else { throw .routes(problems.all) }
        for (name, upstream) in extended.upstreams where upstreams[name] == nil { try LiveUpstream.check(upstream) }
        self = extended
    }

    /// As many of the sets as can be used, and why the others cannot.
    mutating func add(_ sets: [RouteSet]) -> [String: [String]] {
        var refused: [String: [String]] = [:]
        for set in sets.sorted(by: { $0.name < $1.name }) {
            do throws(GatewayFailure) {
                try add(set)
            } catch {
                refused[set.name] = error.problems
            }
        }
        return refused
    }
}
