internal import Core
internal import Reactor
internal import Telemetry

/// Keeps one connection to the broker: makes it, prepares it, waits for its end, makes it again.
///
/// Confined to its reactor, which is what makes it Sendable.
final class BrokerLink: @unchecked Sendable {
    private let configuration: BusConfiguration
    private let purpose: String
    private let name: String
    private let reactor: Reactor
    private let log: Logger
    private let metrics: BusMetrics
    /// Called with each new connection before anybody else sees it; a failure ends that connection.
    private let prepare: (AMQPConnection) async throws(AMQPFailure) -> Void
    private let onState: (Bool) -> Void

    private(set) var connection: AMQPConnection?
    private let waiters = Waiters()
    private var isStopping = false
    private var task: TaskHandle?

    init(
        _ configuration: BusConfiguration, purpose: String, service: ServiceName, on reactor: Reactor, log: Logger,
        metrics: BusMetrics, onState: @escaping (Bool) -> Void,
        prepare: @escaping (AMQPConnection) async throws(AMQPFailure) -> Void
    ) {
        self.configuration = configuration
        self.purpose = purpose
        name = "\(service.operatorName)/\(configuration.replica) \(purpose)"
        self.reactor = reactor
        self.log = log.with(["connection": .string(purpose)])
        self.metrics = metrics
        self.onState = onState
        self.prepare = prepare
    }

    func start() {
        guard task == nil else { return }
        task = reactor.run { await self.keepConnected() }
    }

    func stop(deadline: Deadline) async {
        isStopping = true
        await connection?.close(deadline: deadline)
        task?.cancel()
        await task?.value()
        waiters.wake()
    }

    /// Waits for a connection; nil when the deadline passes or the bus stops before there is one.
    func connected(deadline: Deadline) async -> AMQPConnection? {
        while !isStopping {
            if let connection, connection.failure == nil { return connection }
            do { try await waiters.wait(deadline: deadline) } catch { return nil }
        }
        return nil
    }

    private func keepConnected() async {
        var backoff = Backoff()
        var lastReason: String?
        while !isStopping {
            let began = Deadline.now
            let (reason, wasOpen) = await connectOnce()
            if isStopping { return }
            metrics.disconnections[purpose].increment()
            if wasOpen || reason.description != lastReason {
                log.warning(
                    "no connection to the message bus, trying again",
                    ["reason": .string(reason.description), "advice": .string(reason.advice(configuration))])
            }
            lastReason = reason.description
            if wasOpen, Deadline.now - began > .seconds(10) { backoff.reset() }
            do { try await Reactor.sleep(for: backoff.next()) } catch { return }
        }
    }

    private func connectOnce() async -> (reason: AMQPFailure, wasOpen: Bool) {
        do throws(AMQPFailure) {
            let connection = try await AMQPConnection.open(configuration, name: name, on: reactor)
            do throws(AMQPFailure) {
                try await prepare(connection)
            } catch {
                connection.fail(error)
                throw error
            }
            announce(connection)
            let reason = await connection.ended()
            self.connection = nil
            onState(false)
            return (reason, true)
        } catch {
            return (error, false)
        }
    }

    private func announce(_ connection: AMQPConnection) {
        self.connection = connection
        onState(true)
        log.info(
            "connected to the message bus", ["host": .string(configuration.host), "port": .int(configuration.port)])
        waiters.wake()
    }
}

extension AMQPFailure {
    /// What a person can do about a connection that does not come about, naming the keys of the configuration.
    fileprivate func advice(_ configuration: BusConfiguration) -> String {
        let place = "\(configuration.host):\(configuration.port)"
        let speaksTLS = configuration.tls != nil
        return switch self {
        case .unreachable, .stream:
            "check that RabbitMQ runs, and that bus.host and bus.port name it; now they name \(place)"
        case .insecure:
            "check that bus.ca_file holds who signed the broker's certificate, that bus.host is the name in it, and that bus.port is the broker's TLS port; now they name \(place)"
        case .closedByBroker(403, _): "check bus.password, and that bus.user (\(configuration.user)) exists"
        case .closedByBroker(530, _):
            "check bus.virtual_host (\(configuration.virtualHost)): it must exist, and \(configuration.user) be allowed in"
        case .malformed, .tooLarge:
            speaksTLS
                ? "check that bus.port is RabbitMQ's AMQP port; now \(place) is asked"
                : "check that bus.port is RabbitMQ's plain AMQP port, or set bus.tls if it is its TLS port; now \(place) is asked"
        default: "see the broker's log"
        }
    }
}
