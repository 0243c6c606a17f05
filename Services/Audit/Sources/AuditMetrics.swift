internal import Telemetry

struct AuditMetrics: Sendable {
    let appended: Counter
    let repeated: Counter
    let failedBatches: Counter
    let appendSeconds: Histogram
    let size: Gauge

    init(_ registry: MetricsRegistry) {
        appended = registry.counter("audit_entries_appended", help: "Entries appended to the log by this replica.")
        repeated = registry.counter("audit_messages_repeated", help: "Messages that were in the log already.")
        failedBatches = registry.counter(
            "audit_batches_failed", help: "Batches that could not be appended; they come again.")
        appendSeconds = registry.histogram("audit_append_seconds", help: "From taking a batch to its commit.")
        size = registry.gauge("audit_log_entries", help: "Entries in the log, as this replica last saw it.")
    }
}
