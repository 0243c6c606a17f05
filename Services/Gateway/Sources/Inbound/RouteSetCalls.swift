import Contracts
import Core
import Messaging
import ServiceKit
import Synchronization

/// `PutRouteSet` and its kin: routes that are kept by the API. All replicas follow the table; the one that was asked
/// follows before it answers.
final class RouteSetCalls: Sendable {
    /// What a change of one is called, before its name.
    static let changedKey = "route_sets."

    private let store: RouteSetStore
    private let routes: RoutesKeeper
    private let replica: String
    private let changed: @Sendable (ConfigurationChanged) -> Void
    private let looks = Atomic<Int>(0)

    init(
        _ store: RouteSetStore, _ routes: RoutesKeeper, replica: String,
        changed: @escaping @Sendable (ConfigurationChanged) -> Void
    ) {
        (self.store, self.routes, self.replica, self.changed) = (store, routes, replica, changed)
    }

    func serve(on bus: Bus) {
        bus.serve(GatewayRPC.listRouteSets) { [self] _, _ in try await list() }
        bus.serve(GatewayRPC.getRouteSet) { [self] request, _ in
            GetRouteSetResponse(routeSet: wire(try await find(request.name)))
        }
        bus.serve(GatewayRPC.putRouteSet) { [self] request, context in
            PutRouteSetResponse(routeSet: wire(try await put(request, by: context.principal?.name ?? "")))
        }
        bus.serve(GatewayRPC.deleteRouteSet) { [self] request, context in
            try await delete(request.name, by: context.principal?.name ?? "")
            return DeleteRouteSetResponse()
        }
    }

    /// Does what the table says; call it every now and then.
    func follow(deadline: Deadline? = nil) async throws {
        // Counted before the look: who begins later sees at least as much.
        let look = looks.wrappingAdd(1, ordering: .relaxed).newValue
        let known = Dictionary(routes.inForce.sets.map { ($0.name, $0.digest) }) { first, _ in first }
        guard try await store.digests(deadline: deadline) != known else { return }
        try await routes.use(try await store.all(deadline: deadline), asOf: look)
    }

    // MARK: Calls

    func list() async throws -> ListRouteSetsResponse {
        let sets = try await store.all().sorted { $0.name < $1.name }
        return ListRouteSetsResponse(routeSets: sets.map { wire($0, withText: false) }, replica: replica)
    }

    func find(_ name: String) async throws -> RouteSet {
        guard let set = try await store.find(name) else { throw Self.missing }
        return set
    }

    func put(_ request: PutRouteSetRequest, by user: String) async throws -> RouteSet {
        guard RouteSet.isName(request.name) else {
            throw Failure(.invalid, "A route set's name has 1 to 64 small letters, digits and hyphens.")
        }
        let set = RouteSet(name: request.name, text: request.text, changedAt: .now, changedBy: user)
        do throws(GatewayFailure) {
            try routes.check(set)
        } catch {
            throw Failure(.invalid, "The route set cannot be used: " + error.problems.joined(separator: "; "))
        }
        let replaces = request.replaces.isEmpty ? nil : request.replaces
        guard try await store.put(set, replaces: replaces) else {
            throw replaces == nil
                ? Failure(
                    .exhausted, "There are \(RouteSet.most) route sets, as many as there may be; delete one first.")
                : Failure(.conflict, "The route set is not the one you meant to replace; read it and try again.")
        }
        announce(set.name, set.digest, by: user)
        try await follow()
        return set
    }

    func delete(_ name: String, by user: String) async throws {
        guard try await store.remove(name) else { throw Self.missing }
        announce(name, [], by: user)
        try await follow()
    }

    private static let missing = Failure(.notFound, "There is no route set of this name; /v1/route-sets lists them.")

    private func announce(_ name: String, _ digest: [UInt8], by user: String) {
        changed(
            ConfigurationChanged(
                eventID: UUIDv7(), changedAt: .now, service: ServiceName.gateway.operatorName,
                keys: [Self.changedKey + name], origin: user, currentDigest: digest))
    }

    private func wire(_ set: RouteSet, withText: Bool = true) -> Contracts.RouteSet {
        Contracts.RouteSet(
            name: set.name, text: withText ? set.text : "", digest: set.digest, changedAt: set.changedAt,
            changedBy: set.changedBy, problems: routes.inForce.refusedSets[set.name] ?? [])
    }
}
