internal import Synchronization

/// Every metric of a process. Declaring one that exists with the same shape returns the existing one, so two instances
/// of a shared module count together; declaring it with another shape is a mistake of the program and stops it.
package final class MetricsRegistry: Sendable {
    static let maximumFamilies = 512

    struct Family {
        let name: String
        let help: String
        let labels: MetricLabels
        let series: Series
    }

    enum Series {
        case counters([Counter])
        case gauges([Gauge])
        case histograms([Histogram])
        case observed(isCounter: Bool, @Sendable () -> Double)
    }

    private let families = Mutex<[Family]>([])

    package init() {}

    package func counter(_ name: String, help: String) -> Counter { counter(name, help: help, labels: [:]).series[0] }

    /// Counters end in `_total`; the suffix is added where it is missing.
    package func counter(_ name: String, help: String, labels: MetricLabels) -> CounterFamily {
        let fullName = name.hasSuffix("_total") ? name : name + "_total"
        return declare(fullName, help, labels) {
            Counter()
        } wrap: {
            .counters($0)
        } unwrap: {
            if case .counters(let existing) = $0 { existing } else { nil }
        }
    }

    package func gauge(_ name: String, help: String) -> Gauge { gauge(name, help: help, labels: [:]).series[0] }

    package func gauge(_ name: String, help: String, labels: MetricLabels) -> GaugeFamily {
        declare(name, help, labels) {
            Gauge()
        } wrap: {
            .gauges($0)
        } unwrap: {
            if case .gauges(let existing) = $0 { existing } else { nil }
        }
    }

    package func histogram(_ name: String, help: String, buckets: [Double] = Histogram.latencyBounds) -> Histogram {
        histogram(name, help: help, labels: [:], buckets: buckets).series[0]
    }

    package func histogram(
        _ name: String, help: String, labels: MetricLabels, buckets: [Double] = Histogram.latencyBounds
    ) -> HistogramFamily {
        declare(name, help, labels) {
            Histogram(bounds: buckets)
        } wrap: {
            .histograms($0)
        } unwrap: {
            if case .histograms(let existing) = $0, existing.first?.bounds == buckets { existing } else { nil }
        }
    }

    /// A gauge whose value is asked for when somebody looks; a second declaration of the name replaces the first.
    package func observedGauge(_ name: String, help: String, _ read: @escaping @Sendable () -> Double) {
        observe(Family(name: name, help: help, labels: [:], series: .observed(isCounter: false, read)))
    }

    package func observedCounter(_ name: String, help: String, _ read: @escaping @Sendable () -> Double) {
        observe(Family(name: name, help: help, labels: [:], series: .observed(isCounter: true, read)))
    }

    /// What a scrape reads, families in the order of their names.
    package func exposition(_ format: ExpositionFormat = .prometheusText) -> [UInt8] {
        let snapshot = families.withLock { $0 }
        var writer = ExpositionWriter(format: format)
        for family in snapshot.sorted(by: { $0.name < $1.name }) { writer.write(family) }
        return writer.finished()
    }

    private func observe(_ family: Family) {
        check(family.name)
        families.withLock { families in
            families.removeAll { $0.name == family.name }
            families.append(family)
        }
    }

    private func declare<Metric: Sendable>(
        _ name: String, _ help: String, _ labels: MetricLabels, make: () -> Metric, wrap: ([Metric]) -> Series,
        unwrap: (Series) -> [Metric]?
    ) -> MetricFamily<Metric> {
        check(name)
        return families.withLock { families in
            if let existing = families.first(where: { $0.name == name }) {
                guard existing.labels == labels, let series = unwrap(existing.series) else {
                    preconditionFailure("metric \(name) was declared before with another shape")
                }
                return MetricFamily(labels: labels, series: series)
            }
            precondition(
                families.count < Self.maximumFamilies, "more than \(Self.maximumFamilies) metrics are declared")
            let series = (0..<labels.seriesCount).map { _ in make() }
            families.append(Family(name: name, help: help, labels: labels, series: wrap(series)))
            return MetricFamily(labels: labels, series: series)
        }
    }

    private func check(_ name: String) {
        precondition(MetricLabels.isName(name), "metric names are lower case letters, digits and _: \(name)")
    }
}
