internal import Telemetry

/// Every metric of the labyrinth and the label values it may have.
struct LabyrinthMetrics: Sendable {
    private let steps: CounterFamily
    let refused: Counter
    let droppedSteps: Counter
    let storedSteps: Counter
    let waiting: Gauge
    let intruders: Gauge
    let pageDuration: Histogram

    init(_ registry: MetricsRegistry) {
        steps = registry.counter(
            "labyrinth_steps_total", help: "Requests of intruders answered, by trap.",
            labels: ["trap": Trap.allCases.map(\.label)])
        refused = registry.counter(
            "labyrinth_refused_requests_total", help: "Requests without the header that names the intruder.")
        droppedSteps = registry.counter(
            "labyrinth_dropped_steps_total", help: "Steps given up because the database was away too long.")
        storedSteps = registry.counter("labyrinth_stored_steps_total", help: "Steps stored, and handed to the outbox.")
        waiting = registry.gauge("labyrinth_waiting_answers", help: "Answers that are being held back.")
        intruders = registry.gauge("labyrinth_remembered_intruders", help: "Intruders in memory.")
        pageDuration = registry.histogram(
            "labyrinth_page_duration_seconds", help: "Choosing and rendering a page, without the delay.",
            buckets: [0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.01])
    }

    func count(_ trap: Trap) { steps[trap.label].increment() }
}

extension Trap {
    var label: String {
        switch self {
        case .pages: "pages"
        case .database: "database"
        case .fileSystem: "file_system"
        case .login: "login"
        case .api: "api"
        case .text: "text"
        }
    }
}
