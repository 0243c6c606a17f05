import Contracts
import Core
import Cryptography
import Reactor
import Synchronization
import Telemetry

/// Keeps the routes in force the same as their file: reads it again when told to (signal, a change of the file, a word
/// on the bus), puts what is good in force at once for every reactor, and refuses what is not, keeping the old.
///
/// Reading happens on a thread of its own, one at a time: a large file holds up no request.
final class RoutesKeeper: Sendable {
    enum Outcome: String, Sendable, CaseIterable {
        case used
        /// Byte for byte what is in force.
        case same
        case refused
    }

    struct Status: Sendable {
        var digest: [UInt8]
        var readAt: Timestamp
        /// Of the file as it was when last read; nil when that is what is in force.
        var refused: (at: Timestamp, problems: [String])?
    }

    private static let pauseAfterFailure = Duration.seconds(1)

    private let path: String
    private let state: GatewayState
    private let metrics: GatewayMetrics
    private let log: Logger
    private let changed: @Sendable (ConfigurationChanged) -> Void
    private let threads = BlockingThreads(maximum: 1, queueLimit: 16)
    private let current: Mutex<Status>

    /// Reads the file for the first time; what is wrong then stops the start.
    init(
        path: String, metrics: GatewayMetrics, log: Logger,
        changed: @escaping @Sendable (ConfigurationChanged) -> Void = { _ in }
    ) throws(GatewayFailure) {
        let bytes = try RoutesFile.bytes(of: path)
        let routing = try RoutesFile.read(bytes, file: path)
        (self.path, self.metrics, self.log, self.changed) = (path, metrics, log, changed)
        state = GatewayState(routing: routing)
        current = Mutex(Status(digest: SHA256.hash(bytes), readAt: .now))
        metrics.routes.set(routing.routes.routes.count)
    }

    var published: GatewayState { state }
    var status: Status { current.withLock { $0 } }

    /// `origin` says why: "signal", "file", "bus".
    @discardableResult
    func reload(because origin: String) async -> Outcome {
        let outcome: Outcome
        do {
            outcome = try await threads.run { [self] in readAgain(because: origin) }
        } catch {
            // As many readings as may wait do wait: one of them will see this change too.
            outcome = .same
        }
        metrics.reloads[outcome.rawValue].increment()
        return outcome
    }

    private func readAgain(because origin: String) -> Outcome {
        do throws(GatewayFailure) {
            let bytes = try RoutesFile.bytes(of: path)
            let digest = SHA256.hash(bytes)
            let previous = status.digest
            guard digest != previous else {
                note(nil)
                return .same
            }
            let routing = try RoutesFile.read(bytes, file: path)
            try state.use(routing)
            use(digest, routing, instead: previous, because: origin)
            return .used
        } catch {
            refuse(error, because: origin)
            return .refused
        }
    }

    private func use(_ digest: [UInt8], _ routing: Routing, instead previous: [UInt8], because origin: String) {
        current.withLock { $0 = Status(digest: digest, readAt: .now) }
        metrics.routes.set(routing.routes.routes.count)
        metrics.routesRefused.set(0)
        log.info(
            "new routes are in force",
            [
                "routes": .int(routing.routes.routes.count), "because": .string(origin),
                "digest": .string(Hex.encode(digest)),
            ])
        changed(
            ConfigurationChanged(
                eventID: UUIDv7(), changedAt: .now, service: ServiceName.gateway.operatorName, keys: ["routes"],
                origin: origin, previousDigest: previous, currentDigest: digest))
    }

    private func refuse(_ failure: GatewayFailure, because origin: String) {
        let problems = failure.problems
        note(problems)
        log.error("the new routes are not used", ["because": .string(origin), "problems": .list(problems)])
    }

    private func note(_ problems: [String]?) {
        current.withLock { $0.refused = problems.map { (.now, $0) } }
        metrics.routesRefused.set(problems == nil ? 0 : 1)
    }

    /// Until the task is cancelled: a file written anew, replaced, or a ConfigMap's symlink turned to another folder.
    func watch(on reactor: Reactor) async {
        while !Task.isCancelled {
            do {
                let file = try await FileWatch(path, on: reactor)
                // What changed between the first reading and the first watching.
                await reload(because: "file")
                while true {
                    try await file.next()
                    await reload(because: "file")
                }
            } catch {
                guard !Task.isCancelled else { return }
                log.warning("the routes file is not watched", ["error": .error(error)])
                try? await Reactor.sleep(for: Self.pauseAfterFailure)
            }
        }
    }
}
