/// All routes, in a structure whose look-up costs the same for ten as for ten thousand.
///
/// Which of several routes takes a request never depends on where in the file another one stands, unless they are equal:
/// 1. a host by its name, before `*.name`, before no host;
/// 2. the path from the left, at the first difference: a literal segment, before `{name}`, before an end
///    (of the ends: exactly this path, before `/…`, before a tail);
/// 3. more conditions on header fields; then a named method before none;
/// 4. the order of the file.
///
/// A route that takes the host and path but not the method or the fields is passed over for the next in that order.
package final class RouteTable: Sendable {
    /// As in the file.
    package let routes: [ActiveRoute]
    private let hosts: [String: HostRoutes]
    /// By what follows the `*` of `*.example`.
    private let wildcards: [Substring: HostRoutes]
    private let everyHost: RouteTrie

    /// In a box, so that a look-up counts one reference.
    private final class HostRoutes: Sendable {
        let paths: RouteTrie
        init(_ paths: RouteTrie) { self.paths = paths }
    }

    package init(_ routes: [Route]) {
        let hasCaches = routes.contains { $0.cache != nil }
        self.routes = routes.map { ActiveRoute($0, isBesideCache: hasCaches) }
        var (hosts, wildcards, everyHost) = ([String: RouteTrie](), [Substring: RouteTrie](), RouteTrie())
        for (position, route) in routes.enumerated().sorted(by: Self.demandsMore) {
            let number = Int32(position)
            if route.hosts.isEmpty { everyHost.add(route.path, route: number) }
            for host in route.hosts {
                if host.hasPrefix("*.") {
                    wildcards[host.dropFirst(), default: RouteTrie()].add(route.path, route: number)
                } else {
                    hosts[host, default: RouteTrie()].add(route.path, route: number)
                }
            }
        }
        self.hosts = hosts.mapValues(HostRoutes.init)
        self.wildcards = wildcards.mapValues(HostRoutes.init)
        self.everyHost = everyHost
    }

    private static func demandsMore(
        _ left: EnumeratedSequence<[Route]>.Element, _ right: EnumeratedSequence<[Route]>.Element
    ) -> Bool {
        let (a, b) = (left.element, right.element)
        if a.fields.count != b.fields.count { return a.fields.count > b.fields.count }
        if a.methods.isEmpty != b.methods.isEmpty { return b.methods.isEmpty }
        return left.offset < right.offset
    }

    /// - Parameters:
    ///   - host: the request's host without port, lower case.
    ///   - holds: whether the request's fields meet a condition.
    package func match(
        host: String, method: String, path: RequestPath, holds: (FieldCondition) -> Bool = { _ in false }
    ) -> ActiveRoute? {
        func accepts(_ number: Int32) -> Bool { routes[Int(number)].accepts(method, holds) }
        let path = path.bytes
        guard path.first == UInt8(ascii: "/") else { return nil }
        if let found = hosts[host]?.paths.first(path, where: accepts) { return routes[Int(found)] }
        if !wildcards.isEmpty, let dot = host.firstIndex(of: "."), dot != host.startIndex,
            let found = wildcards[host[dot...]]?.paths.first(path, where: accepts)
        {
            return routes[Int(found)]
        }
        return everyHost.first(path, where: accepts).map { routes[Int($0)] }
    }
}
