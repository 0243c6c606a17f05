package import Core
package import Database
package import HTTP
package import Messaging
package import Outbox
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
    package let bus: Bus
    package let database: Database
    package let outbox: Outbox
    package let inbox: Inbox
    /// The administration endpoint's routes; a service adds its own before it starts.
    package let admin: HTTPRouter
}
