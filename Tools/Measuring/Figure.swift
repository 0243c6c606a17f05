/// One measured number beside the bar it has to clear, as a line that people and scripts read:
/// `figure inspection.small-get 9.8 microseconds (bar <= 30) ok`.
package struct Figure {
    package enum Bar {
        case atMost(Double)
        case atLeast(Double)
        case none
    }

    package var name: String
    package var value: Double
    package var unit: String
    package var bar: Bar

    package init(name: String, value: Double, unit: String, bar: Bar = .none) {
        (self.name, self.value, self.unit, self.bar) = (name, value, unit, bar)
    }

    package var isMet: Bool {
        switch bar {
        case .atMost(let bound): value <= bound
        case .atLeast(let bound): value >= bound
        case .none: true
        }
    }

    package func report() {
        let rounded = (value * 100).rounded() / 100
        switch bar {
        case .atMost(let bound): print("figure \(name) \(rounded) \(unit) (bar <= \(bound)) \(isMet ? "ok" : "short")")
        case .atLeast(let bound): print("figure \(name) \(rounded) \(unit) (bar >= \(bound)) \(isMet ? "ok" : "short")")
        case .none: print("figure \(name) \(rounded) \(unit)")
        }
    }
}
