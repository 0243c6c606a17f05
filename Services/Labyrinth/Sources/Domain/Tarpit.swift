/// How long an intruder is made to wait: a little at first, so that the bait is taken, then more with each step, never
/// more than `longest`. Only `seats` answers wait at a time; beyond them pages are served at once, so that many intruders
/// cannot fill the service with sleepers.
struct Tarpit: Sendable {
    var first: Duration
    var perStep: Duration
    var longest: Duration
    var seats: Int

    func delay(stepCount: UInt64, waiting: Int) -> Duration {
        guard waiting < seats else { return .zero }
        return min(longest, first + perStep * Int(clamping: min(stepCount, 1_000_000)))
    }
}
