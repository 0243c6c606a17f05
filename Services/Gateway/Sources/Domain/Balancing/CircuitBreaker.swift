import Core

/// Closed: all pass, and failures are counted. Open: nothing passes for a while, longer each time. Half open: one request
/// at a time passes; when `probes` in a row succeed it closes, when one fails it opens again.
struct CircuitBreaker {
    enum State: Equatable {
        case closed
        case open(until: Deadline)
        case halfOpen(isProbing: Bool, succeeded: Int)
    }

    private static let slices = 10
    private static let longestOpen = Duration.seconds(60)

    private struct Slice {
        var number: Int64 = -1
        var total = 0
        var failures = 0
    }

    private let policy: BreakerPolicy
    private let slice: Int64
    private var counts = Array(repeating: Slice(), count: CircuitBreaker.slices)
    private var openings = 0
    private(set) var state = State.closed

    init(_ policy: BreakerPolicy) {
        self.policy = policy
        slice = max(1, policy.window.wholeNanoseconds / Int64(Self.slices))
    }

    /// Whether a request may pass. One that may has to be followed by `ended`.
    mutating func admit(now: Deadline) -> Bool {
        guard policy.errorRate != nil else { return true }
        switch state {
        case .closed:
            return true
        case .open(let until):
            guard until <= now else { return false }
            state = .halfOpen(isProbing: true, succeeded: 0)
            return true
        case .halfOpen(true, _):
            return false
        case .halfOpen(false, let succeeded):
            state = .halfOpen(isProbing: true, succeeded: succeeded)
            return true
        }
    }

    /// `isFailure` is nil when the request says nothing about the upstream, such as one its client gave up.
    mutating func ended(isFailure: Bool?, now: Deadline) {
        guard let limit = policy.errorRate else { return }
        switch state {
        case .closed:
            guard let isFailure else { return }
            count(isFailure, now)
            let (total, failures) = recent(now)
            if total >= policy.minimumRequests, Double(failures) > limit * Double(total) { open(now) }
        case .halfOpen(_, let succeeded):
            switch isFailure {
            case nil: state = .halfOpen(isProbing: false, succeeded: succeeded)
            case true?: open(now)
            case false?: close(after: succeeded + 1)
            }
        case .open:
            break  // It began before the breaker opened.
        }
    }

    private mutating func close(after succeeded: Int) {
        guard succeeded >= policy.probes else {
            state = .halfOpen(isProbing: false, succeeded: succeeded)
            return
        }
        state = .closed
        openings = 0
        counts = Array(repeating: Slice(), count: Self.slices)
    }

    private mutating func open(_ now: Deadline) {
        let longer = 1 << min(openings, 16)
        openings += 1
        state = .open(until: now + min(policy.openFor * longer, max(Self.longestOpen, policy.openFor)))
    }

    private mutating func count(_ isFailure: Bool, _ now: Deadline) {
        let number = now.uptimeNanoseconds / slice
        let index = Int(number % Int64(Self.slices))
        if counts[index].number != number { counts[index] = Slice(number: number) }
        counts[index].total += 1
        if isFailure { counts[index].failures += 1 }
    }

    private func recent(_ now: Deadline) -> (total: Int, failures: Int) {
        let oldest = now.uptimeNanoseconds / slice - Int64(Self.slices)
        return counts.reduce((0, 0)) { sum, slice in
            slice.number > oldest ? (sum.0 + slice.total, sum.1 + slice.failures) : sum
        }
    }
}
