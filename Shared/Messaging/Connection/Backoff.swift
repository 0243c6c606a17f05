internal import Core

/// How long to wait before the next attempt: twice as long each time up to a limit, and somewhere in the upper half of
/// that, so that many who lost the same broker do not come back as one.
struct Backoff {
    let shortest: Duration
    let longest: Duration
    private(set) var attempts = 0

    init(shortest: Duration = .milliseconds(100), longest: Duration = .seconds(5)) {
        self.shortest = shortest
        self.longest = longest
    }

    mutating func reset() { attempts = 0 }

    mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let doubled = shortest * (1 << min(attempts, 20))
        attempts += 1
        let ceiling = min(doubled, longest).wholeNanoseconds
        return .nanoseconds(Int64.random(in: (ceiling / 2)...ceiling, using: &generator))
    }
}
