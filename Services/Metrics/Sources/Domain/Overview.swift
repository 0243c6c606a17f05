import Core

/// Minutes put together from their counts: every minute is there, also those without traffic.
struct Overview: Sendable {
    struct Window: Equatable, Sendable {
        var minute: Int64
        var minutes = 1
        var amounts: [Measure: Int64] = [:]
        var latency = LatencySketch()

        subscript(measure: Measure) -> UInt64 { UInt64(clamping: amounts[measure] ?? 0) }
    }

    private(set) var windows: [Window]
    private(set) var total: Window
    private(set) var categories: [Int32: Int64] = [:]

    init(from first: Int64, through last: Int64) {
        windows = first <= last ? (first...last).map { Window(minute: $0) } : []
        total = Window(minute: first, minutes: windows.count)
    }

    mutating func add(minute: Int64, measure: Measure, key: String, amount: Int64) {
        guard let first = windows.first, minute >= first.minute, minute - first.minute < Int64(windows.count) else {
            return
        }
        let position = Int(minute - first.minute)
        switch measure {
        case .latency:
            guard let bucket = Int(key) else { return }
            windows[position].latency.add(amount, toBucket: bucket)
            total.latency.add(amount, toBucket: bucket)
        case .category:
            guard let number = Int32(key) else { return }
            categories[number, default: 0] += amount
        default:
            windows[position].amounts[measure, default: 0] += amount
            total.amounts[measure, default: 0] += amount
        }
    }
}
