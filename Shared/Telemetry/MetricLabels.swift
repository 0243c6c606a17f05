/// Label names with every value each may take, declared up front. That is what bounds the number of series: a value
/// that was not declared, such as one a client chose, is counted under `other`.
package struct MetricLabels: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    package static let undeclared = "other"
    package static let maximumSeries = 1_024

    let names: [String]
    /// For each name its values, `other` last.
    let values: [[String]]

    package init(_ declarations: [(name: String, values: [String])]) {
        names = declarations.map(\.name)
        values = declarations.map { $0.values.filter { $0 != Self.undeclared } + [Self.undeclared] }
        precondition(
            names.allSatisfy(Self.isName) && Set(names).count == names.count, "label names are [a-z_]+ and differ")
        precondition(values.allSatisfy { Set($0).count == $0.count }, "a label value is declared twice")
        precondition(seriesCount <= Self.maximumSeries, "labels multiply to more than \(Self.maximumSeries) series")
    }

    package init(dictionaryLiteral elements: (String, [String])...) {
        self.init(elements.map { (name: $0.0, values: $0.1) })
    }

    var seriesCount: Int { values.reduce(1) { $0 * $1.count } }

    /// Where the series of these values stands among all, counting the last label fastest.
    func position(_ dimension: Int, _ value: String, after partial: Int = 0) -> Int {
        let declared = values[dimension]
        return partial * declared.count + (declared.firstIndex(of: value) ?? declared.count - 1)
    }

    /// The values of the series at a position: the inverse of `position`.
    func valuesOfSeries(at position: Int) -> [String] {
        var rest = position
        var reversed: [String] = []
        for declared in values.reversed() {
            reversed.append(declared[rest % declared.count])
            rest /= declared.count
        }
        return reversed.reversed()
    }

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (97...122).contains($0) || $0 == 95 || (48...57).contains($0) }
            && !(48...57).contains(text.utf8.first ?? 48)
    }
}

/// One metric of several series. Look a series up once and keep it where every request passes.
package struct MetricFamily<Metric: Sendable>: Sendable {
    let labels: MetricLabels
    let series: [Metric]

    package subscript(_ value: String) -> Metric {
        precondition(labels.names.count == 1, "this metric has \(labels.names.count) labels, not 1")
        return series[labels.position(0, value)]
    }

    package subscript(_ first: String, _ second: String) -> Metric {
        precondition(labels.names.count == 2, "this metric has \(labels.names.count) labels, not 2")
        return series[labels.position(1, second, after: labels.position(0, first))]
    }

    package subscript(_ first: String, _ second: String, _ third: String) -> Metric {
        precondition(labels.names.count == 3, "this metric has \(labels.names.count) labels, not 3")
        return series[labels.position(2, third, after: labels.position(1, second, after: labels.position(0, first)))]
    }
}

package typealias CounterFamily = MetricFamily<Counter>
package typealias GaugeFamily = MetricFamily<Gauge>
package typealias HistogramFamily = MetricFamily<Histogram>
