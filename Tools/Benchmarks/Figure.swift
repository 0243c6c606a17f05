/// One measured number beside the bar it has to clear, as a line that people and scripts read:
/// `figure inspection.small-get 9.8 microseconds (bar <= 30) ok`.
struct Figure {
    enum Bar {
        case atMost(Double)
        case atLeast(Double)
        case none
    }

    var name: String
    var value: Double
    var unit: String
    var bar: Bar

    var isMet: Bool {
        switch bar {
        case .atMost(let bound): value <= bound
        case .atLeast(let bound): value >= bound
        case .none: true
        }
    }

    func report() {
        let rounded = (value * 100).rounded() / 100
        switch bar {
        case .atMost(let bound): print("figure \(name) \(rounded) \(unit) (bar <= \(bound)) \(isMet ? "ok" : "short")")
        case .atLeast(let bound): print("figure \(name) \(rounded) \(unit) (bar >= \(bound)) \(isMet ? "ok" : "short")")
        case .none: print("figure \(name) \(rounded) \(unit)")
        }
    }
}
