import Core
import ServiceKit

/// Every key of the metrics service's configuration beyond the kit's own.
struct MetricsConfiguration: ServiceConfiguration {
    /// How long minutes are kept.
    var retention: Duration
    /// Messages counted in one transaction.
    var batch: Int
    /// How long the first of them may wait for others.
    var linger: Duration

    init(from reader: inout ConfigurationReader) {
        let counting = reader.section("counting")
        retention = counting.duration(
            "retention", default: .seconds(14 * 86_400), in: .seconds(3_600) ... .seconds(400 * 86_400))
        batch = counting.integer("batch", default: 64, in: 1...1_000)
        linger = counting.duration("linger", default: .milliseconds(200), in: .zero ... .seconds(10))
    }
}
