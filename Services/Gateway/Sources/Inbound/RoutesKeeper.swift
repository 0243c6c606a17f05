import Contracts
import Core
import Cryptography
import JSON
import Reactor
import ServiceKit
import Telemetry

/// Keeps the routes in force the same as their file and the sets of the API: what is good is in force at once for every
/// reactor, what is not is refused, and the old routes stay. A set that does not fit the file is left out as a whole.
final class RoutesKeeper: FollowsFiles {
    struct InForce: Sendable {
        var digest: [UInt8]
        var readAt: Timestamp
        /// Of the file alone.
        var file: RoutesReading
        var sets: [RouteSet] = []
        /// Which look into the table of sets these come from: what a later one saw is not undone by an earlier one.
        var setsAsOf = 0
        /// Why a set is not used, by its name.
        var refusedSets: [String: [String]] = [:]
    }

    let published: GatewayState
    let files: FileKeeper<InForce>
    private let metrics: GatewayMetrics

    /// Reads the file for the first time; what is wrong then stops the start.
    init(
        path: String, metrics: GatewayMetrics, log: Logger,
        changed: @escaping @Sendable (ConfigurationChanged) -> Void = { _ in }
    ) throws(GatewayFailure) {
        let bytes = try RoutesFile.bytes(of: path)
        let file = try RoutesFile.reading(bytes, file: path)
        let state = GatewayState(routing: file.routing)
        metrics.routes.set(file.routes.count)
        published = state
        self.metrics = metrics
        files = FileKeeper(
            "routes", InForce(digest: SHA256.hash(bytes), readAt: .now, file: file), files: { _ in [path] }, log: log,
            concluded: { outcome in
                metrics.reloads[outcome.rawValue].increment()
                metrics.routesRefused.set(outcome == .refused ? 1 : 0)
            },
            read: { inForce, origin in
                let previous = inForce.digest
                guard try Self.read(path, into: &inForce) else { return nil }
                let count = try Self.use(inForce.sets, with: &inForce, in: state, metrics)
                changed(Self.event(from: previous, to: inForce.digest, origin))
                return ["routes": .int(count), "digest": .string(Hex.encode(inForce.digest))]
            })
    }

    /// False when the file is byte for byte what is in force.
    private static func read(_ path: String, into inForce: inout InForce) throws(GatewayFailure) -> Bool {
        let bytes = try RoutesFile.bytes(of: path)
        let digest = SHA256.hash(bytes)
        guard digest != inForce.digest else { return false }
        (inForce.file, inForce.digest) = (try RoutesFile.reading(bytes, file: path), digest)
        inForce.readAt = .now
        return true
    }

    /// Puts the file and these sets in force; returns how many routes that are.
    private static func use(
        _ sets: [RouteSet], with inForce: inout InForce, in state: GatewayState, _ metrics: GatewayMetrics
    ) throws(GatewayFailure) -> Int {
        var reading = inForce.file
        inForce.refusedSets = reading.add(sets)
        inForce.sets = sets
        try state.use(reading.routing)
        metrics.routes.set(reading.routes.count)
        metrics.routeSetsRefused.set(inForce.refusedSets.count)
        return reading.routes.count
    }

    // MARK: Sets of the API

    /// Whether a set could be used beside the file and the other sets, all of which come before it.
    func check(_ set: RouteSet) throws(GatewayFailure) {
        let inForce = inForce
        var reading = inForce.file
        _ = reading.add(inForce.sets.filter { $0.name != set.name })
        try reading.add(set)
    }

    /// - Parameter look: grows with each look into the table of sets.
    func use(_ sets: [RouteSet], asOf look: Int) async throws {
        try await files.amend { [published, metrics] inForce in
            guard look > inForce.setsAsOf else { return }
            _ = try Self.use(sets, with: &inForce, in: published, metrics)
            inForce.setsAsOf = look
        }
    }

    private static func event(
        from previous: [UInt8], to current: [UInt8], _ origin: String
    ) -> ConfigurationChanged {
        ConfigurationChanged(
            eventID: UUIDv7(), changedAt: .now, service: ServiceName.gateway.operatorName, keys: ["routes"],
            origin: origin, previousDigest: previous, currentDigest: current)
    }
}

extension RoutesKeeper.InForce {
    /// A set of the API, and why it is not used, if it is not.
    func json(of set: RouteSet) -> JSONValue {
        [
            "name": .string(set.name), "digest": .string(Hex.encode(set.digest)),
            "changed_at": .string(set.changedAt.rfc3339), "changed_by": .string(set.changedBy),
            "refused": refusedSets[set.name].map { .array($0.map { .string($0) }) } ?? .null,
        ]
    }
}
