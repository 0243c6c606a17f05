import Core

/// Retries may be a share of requests and no more, so that an upstream in trouble is not buried under them.
///
/// Only what was sent counts: a refused connection costs nobody anything.
///
/// Invariant: retries ≤ `reserve` + share × requests, over any time.
struct RetryBudget {
    /// What may be repeated before there were any requests.
    static let reserve = 10.0
    /// What a time without trouble saves up.
    static let most = 100.0

    private let share: Double
    private var saved = RetryBudget.reserve

    init(share: Double) { self.share = share }

    mutating func addRequest() { saved = min(Self.most, saved + share) }

    mutating func spend() -> Bool {
        guard share > 0, saved >= 1 else { return false }
        saved -= 1
        return true
    }
}

/// Whether what failed may be sent again: only what certainly repeats nothing, or what may be repeated.
struct RetryRule {
    var policy: RetryPolicy
    /// RFC 9110 §9.2.2.
    var isIdempotent: Bool
    /// Whether the request can be sent from its first byte again.
    var isReplayable: Bool

    func allows(_ cause: RetryPolicy.Cause, hasSentAny: Bool, attempt: Int) -> Bool {
        attempt < policy.attempts && policy.causes.contains(cause) && isReplayable && (isIdempotent || !hasSentAny)
    }

    /// Jittered in full: those who failed together must not come back together.
    func pause(before attempt: Int, _ random: inout QuickRandom) -> Duration {
        let longest = min(policy.longestBackoff, policy.backoff * (1 << min(max(0, attempt - 2), 20)))
        return .nanoseconds(Int64(Double(longest.wholeNanoseconds) * random.fraction()))
    }
}
