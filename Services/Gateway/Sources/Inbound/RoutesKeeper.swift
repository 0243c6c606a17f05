import Contracts
import Core
import Cryptography
import Reactor
import ServiceKit
import Telemetry

/// Keeps the routes in force the same as their file: what is good is in force at once for every reactor, what is not is
/// refused, and the old routes stay.
final class RoutesKeeper: Sendable {
    struct InForce: Sendable {
        var digest: [UInt8]
        var readAt: Timestamp
    }

    let published: GatewayState
    private let files: FileKeeper<InForce>

    /// Reads the file for the first time; what is wrong then stops the start.
    init(
        path: String, metrics: GatewayMetrics, log: Logger,
        changed: @escaping @Sendable (ConfigurationChanged) -> Void = { _ in }
    ) throws(GatewayFailure) {
        let bytes = try RoutesFile.bytes(of: path)
        let routing = try RoutesFile.read(bytes, file: path)
        let state = GatewayState(routing: routing)
        metrics.routes.set(routing.routes.routes.count)
        published = state
        files = FileKeeper(
            "routes", InForce(digest: SHA256.hash(bytes), readAt: .now), files: { _ in [path] }, log: log,
            concluded: { outcome in
                metrics.reloads[outcome.rawValue].increment()
                metrics.routesRefused.set(outcome == .refused ? 1 : 0)
            },
            read: { inForce, origin in
                let previous = inForce.digest
                guard let routing = try Self.use(path, in: state, &inForce) else { return nil }
                metrics.routes.set(routing.routes.routes.count)
                changed(Self.event(from: previous, to: inForce.digest, origin))
                return [
                    "routes": .int(routing.routes.routes.count), "digest": .string(Hex.encode(inForce.digest)),
                ]
            })
    }

    var inForce: InForce { files.value }
    var refused: FileRefusal? { files.refused }

    /// `origin` says why: "signal", "file", "bus".
    @discardableResult
    func reload(because origin: String) async -> FileOutcome { await files.reload(because: origin) }

    func watch(on reactor: Reactor) { files.watch(on: reactor) }
    func stop() { files.stop() }

    /// Nil when the file is byte for byte what is in force.
    private static func use(
        _ path: String, in state: GatewayState, _ inForce: inout InForce
    ) throws(GatewayFailure) -> Routing? {
        let bytes = try RoutesFile.bytes(of: path)
        let digest = SHA256.hash(bytes)
        guard digest != inForce.digest else { return nil }
        let routing = try RoutesFile.read(bytes, file: path)
        try state.use(routing)
        inForce = InForce(digest: digest, readAt: .now)
        return routing
    }

    private static func event(
        from previous: [UInt8], to current: [UInt8], _ origin: String
    ) -> ConfigurationChanged {
        ConfigurationChanged(
            eventID: UUIDv7(), changedAt: .now, service: ServiceName.gateway.operatorName, keys: ["routes"],
            origin: origin, previousDigest: previous, currentDigest: current)
    }
}
