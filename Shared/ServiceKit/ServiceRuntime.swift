package import Core
package import Reactor
package import Telemetry

/// What the kit hands to a service: everything it may use of the outside, connected or connecting.
package struct ServiceRuntime: Sendable {
    package let group: ReactorGroup
    package let log: Logger
    package let metrics: MetricsRegistry
    package let health: HealthRegistry
    /// Parts that a service starts and wants stopped after itself.
    package let lifecycle: Lifecycle
    package let clock: any WallClock
}
