/// The two text formats scrapers ask for.
package enum ExpositionFormat: Sendable {
    /// Prometheus text format 0.0.4.
    case prometheusText
    /// OpenMetrics 1.0: counter families are named without `_total`, and the text ends with `# EOF`.
    case openMetrics

    package var contentType: String {
        switch self {
        case .prometheusText: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// What an `Accept` header asks for.
    package init(accept: String?) {
        self = accept?.contains("application/openmetrics-text") == true ? .openMetrics : .prometheusText
    }
}

struct ExpositionWriter {
    let format: ExpositionFormat
    private var bytes: [UInt8] = []

    init(format: ExpositionFormat) {
        self.format = format
        bytes.reserveCapacity(16 << 10)
    }

    mutating func write(_ family: MetricsRegistry.Family) {
        switch family.series {
        case .counters(let counters):
            head(family, type: "counter")
            for (position, counter) in counters.enumerated() {
                sample(family.name, labels(family, position), String(counter.value))
            }
        case .gauges(let gauges):
            head(family, type: "gauge")
            for (position, gauge) in gauges.enumerated() {
                sample(family.name, labels(family, position), String(gauge.value))
            }
        case .histograms(let histograms):
            head(family, type: "histogram")
            for (position, histogram) in histograms.enumerated() {
                write(histogram, name: family.name, labels: labels(family, position))
            }
        case .observed(let isCounter, let read):
            head(family, type: isCounter ? "counter" : "gauge")
            sample(family.name, "", Self.number(read()))
        }
    }

    mutating func finished() -> [UInt8] {
        if format == .openMetrics { line("# EOF") }
        return bytes
    }

    private mutating func write(_ histogram: Histogram, name: String, labels: String) {
        let counts = histogram.cumulativeCounts
        let separator = labels.isEmpty ? "" : ","
        for (position, count) in counts.enumerated() {
            let bound = position < histogram.bounds.count ? Self.number(histogram.bounds[position]) : "+Inf"
            sample(name + "_bucket", "\(labels)\(separator)le=\"\(bound)\"", String(count))
        }
        sample(name + "_sum", labels, Self.number(histogram.sum))
        sample(name + "_count", labels, String(counts[counts.count - 1]))
    }

    private mutating func head(_ family: MetricsRegistry.Family, type: String) {
        let isShortened = format == .openMetrics && type == "counter" && family.name.hasSuffix("_total")
        let name = isShortened ? String(family.name.dropLast(6)) : family.name
        line("# HELP \(name) \(Self.escaped(family.help, quotes: format == .openMetrics))")
        line("# TYPE \(name) \(type)")
    }

    private func labels(_ family: MetricsRegistry.Family, _ position: Int) -> String {
        zip(family.labels.names, family.labels.valuesOfSeries(at: position))
            .map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }.joined(separator: ",")
    }

    private mutating func sample(_ name: String, _ labels: String, _ value: String) {
        line(labels.isEmpty ? "\(name) \(value)" : "\(name){\(labels)} \(value)")
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// Whole numbers without a fraction; the rest as Swift prints them, with the names Prometheus knows.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? value.description
    }
}
