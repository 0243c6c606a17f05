internal import Core
internal import Telemetry

/// Every metric of the bus and its permitted label values.
struct BusMetrics: Sendable {
    let published: CounterFamily
    let droppedEvents: Counter
    let consumed: CounterFamily
    let disconnections: CounterFamily
    let isBlocked: Gauge
    let calls: CounterFamily
    let callDuration: Histogram
    let served: CounterFamily

    init(_ registry: MetricsRegistry) {
        published = registry.counter(
            "bus_published_messages_total", help: "Messages given to the broker, by what became of them.",
            labels: ["outcome": ["confirmed", "refused", "returned", "lost", "late"]])
        droppedEvents = registry.counter(
            "bus_dropped_events_total", help: "Events of a droppable stream that did not reach the broker.")
        consumed = registry.counter(
            "bus_consumed_messages_total", help: "Messages taken from queues, by what became of them.",
            labels: ["outcome": ["done", "requeued", "dead", "refused"]])
        disconnections = registry.counter(
            "bus_disconnections_total", help: "Connections to the broker that ended or did not come to be.",
            labels: ["connection": ["publish", "consume"]])
        isBlocked = registry.gauge(
            "bus_blocked", help: "1 while the broker takes nothing because it lacks memory or disk.")
        calls = registry.counter(
            "bus_calls_total", help: "Calls of other services, by outcome.",
            labels: ["outcome": ["answered", "failed", "late", "unavailable"]])
        callDuration = registry.histogram("bus_call_seconds", help: "From a call to its reply.")
        served = registry.counter(
            "bus_served_calls_total", help: "Calls of this service, by outcome.",
            labels: ["outcome": ["answered", "failed", "expired"]])
    }
}
