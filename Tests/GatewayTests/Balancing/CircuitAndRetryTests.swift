import Core
import TestSupport
import Testing

@testable import gateway

private let start = Deadline(uptimeNanoseconds: 1_000_000_000_000)

@Suite struct CircuitBreakerTests {
    private let policy = BreakerPolicy(
        errorRate: 0.5, minimumRequests: 10, window: .seconds(10), openFor: .seconds(5), probes: 2)

    private func opened() -> CircuitBreaker {
        var breaker = CircuitBreaker(policy)
        for _ in 0..<10 {
            #expect(breaker.admit(now: start) == true)
            breaker.ended(isFailure: true, now: start)
        }
        return breaker
    }

    @Test func `It opens above the error rate, not at it, and not before there were enough requests`() {
        var breaker = CircuitBreaker(policy)
        for number in 0..<20 { breaker.ended(isFailure: number % 2 == 1, now: start) }
        #expect(breaker.state == .closed)
        breaker.ended(isFailure: true, now: start)
        #expect(breaker.state == .open(until: start + .seconds(5)))
    }

    @Test func `What lies before the window does not count`() {
        var breaker = CircuitBreaker(policy)
        for _ in 0..<9 { breaker.ended(isFailure: true, now: start) }
        for _ in 0..<9 { breaker.ended(isFailure: true, now: start + .seconds(11)) }
        #expect(breaker.state == .closed)
    }

    @Test func `Half open lets one request at a time through and closes after enough successes`() {
        var breaker = opened()
        let early = breaker.admit(now: start + .seconds(4))
        #expect(!early)
        let later = start + .seconds(5)
        #expect(breaker.admit(now: later) == true)
        #expect(breaker.admit(now: later) == false)
        breaker.ended(isFailure: nil, now: later)
        for _ in 0..<2 {
            #expect(breaker.admit(now: later) == true)
            breaker.ended(isFailure: false, now: later)
        }
        #expect(breaker.state == .closed)
    }

    @Test func `A probe that fails opens it for twice as long`() {
        var breaker = opened()
        let later = start + .seconds(5)
        #expect(breaker.admit(now: later) == true)
        breaker.ended(isFailure: true, now: later)
        #expect(breaker.state == .open(until: later + .seconds(10)))
    }

    @Test func `Without an error rate everything passes`() {
        var breaker = CircuitBreaker(BreakerPolicy())
        for _ in 0..<1_000 {
            #expect(breaker.admit(now: start) == true)
            breaker.ended(isFailure: true, now: start)
        }
    }

    @Test func `Whatever happens, an open breaker becomes half open when its time is over`() {
        var random = SeededGenerator(seed: 77)
        var (breaker, now, admitted) = (CircuitBreaker(policy), start, 0)
        for _ in 0..<20_000 {
            now = now + .milliseconds(random.below(400))
            let state = breaker.state
            let isAdmitted = breaker.admit(now: now)
            if case .open(let until) = state { #expect(isAdmitted == (until <= now)) }
            if isAdmitted { admitted += 1 }
            breaker.ended(isFailure: [true, false, nil][random.below(3)], now: now)
        }
        #expect(admitted > 300)
    }
}

@Suite struct RetryTests {
    @Test(arguments: [0.0, 0.1, 0.2, 1.0]) func `The budget is never exceeded`(share: Double) {
        var random = SeededGenerator(seed: 13)
        var budget = RetryBudget(share: share)
        var (requests, retries) = (0, 0)
        for _ in 0..<50_000 {
            if random.below(3) == 0 {
                requests += 1
                budget.addRequest()
            }
            if random.below(2) == 0, budget.spend() { retries += 1 }
            #expect(Double(retries) <= RetryBudget.reserve + share * Double(requests) + 1e-6)
        }
        if share > 0 { #expect(Double(retries) >= share * Double(requests) * 0.9) }
    }

    private static let all: Set<RetryPolicy.Cause> = [.connect, .reset, .status(503)]

    @Test(arguments: [
        // cause, idempotent, sent, replayable, attempt, allowed
        (RetryPolicy.Cause.connect, false, false, true, 1, true), (.connect, false, false, false, 1, false),
        (.reset, true, true, true, 1, true), (.reset, false, true, true, 1, false),
        (.reset, true, true, false, 1, false),
        (.reset, false, false, true, 1, true), (.status(503), true, true, true, 2, true),
        (.status(503), false, true, true, 1, false), (.status(502), true, true, true, 1, false),
        (.connect, true, false, true, 3, false),
    ]) func `Only what repeats nothing, or may be repeated, is sent again`(
        cause: RetryPolicy.Cause, isIdempotent: Bool, hasSentAny: Bool, isReplayable: Bool, attempt: Int,
        isAllowed: Bool
    ) {
        let rule = RetryRule(
            policy: RetryPolicy(attempts: 3, causes: Self.all), isIdempotent: isIdempotent, isReplayable: isReplayable)
        #expect(rule.allows(cause, hasSentAny: hasSentAny, attempt: attempt) == isAllowed)
    }

    @Test func `Pauses double up to their limit and are drawn from all of it`() {
        let policy = RetryPolicy(backoff: .milliseconds(10), longestBackoff: .milliseconds(50))
        let rule = RetryRule(policy: policy, isIdempotent: true, isReplayable: true)
        var random = QuickRandom(seed: 5)
        for (attempt, longest) in [(2, 10), (3, 20), (4, 40), (5, 50), (60, 50)] {
            let pauses = (0..<500).map { _ in rule.pause(before: attempt, &random) }
            #expect(pauses.allSatisfy { $0 >= .zero && $0 <= .milliseconds(longest) })
            #expect(pauses.contains { $0 > .milliseconds(longest) * 0.9 })
            #expect(pauses.contains { $0 < .milliseconds(longest) * 0.1 })
        }
    }
}
