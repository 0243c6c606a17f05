package import Core
package import Reactor

/// One of the seven executables. Its `main.swift` is one line: `await ServiceProcess<DetectorService>.main()`.
///
/// The kit reads the configuration, sets up logging, metrics, reactors and the administration endpoint, connects to the
/// broker and the database, checks that the schema is up to date, and only then makes the service and starts it.
package protocol Service: Sendable {
    associatedtype Configuration: ServiceConfiguration

    static var name: ServiceName { get }

    /// False for a service that must serve before (and without) broker and database, as the gateway does: it is started
    /// at once, finds out for itself, and stays ready while they are away.
    static var waitsForDependencies: Bool { get }

    /// Where clients will be listened to: what `supervise` keeps open while one process follows another.
    static func addresses(of configuration: Configuration) -> [SocketAddress]

    /// What `check-config` finds wrong in files that the configuration names, each with the fix. It may read, not act.
    static func problems(with configuration: Configuration) -> [String]

    /// Wires the parts together; does not wait for anything.
    init(_ configuration: Configuration, _ runtime: ServiceRuntime) async throws

    /// Subscribes and listens; returns when the service serves. Throwing ends the process.
    func start() async throws

    /// SIGHUP: read again what may change while running. What is wrong is logged, and the old state stays.
    func reload() async

    /// Stops taking work and finishes what was taken, until the deadline. Broker and database are still connected.
    func stop(deadline: Deadline) async
}

extension Service {
    package static var waitsForDependencies: Bool { true }
    package static func addresses(of configuration: Configuration) -> [SocketAddress] { [] }
    package static func problems(with configuration: Configuration) -> [String] { [] }
    package func reload() async {}
}
