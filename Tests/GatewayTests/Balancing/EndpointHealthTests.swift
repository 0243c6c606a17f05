import Core
import TestSupport
import Testing

@testable import gateway

private let start = Deadline(uptimeNanoseconds: 1_000_000_000_000)

@Suite struct OutlierTests {
    private func tracker(_ count: Int, share: Double = 0.5) -> OutlierTracker {
        OutlierTracker(
            OutlierPolicy(
                consecutiveFailures: 3, ejection: .seconds(10), longestEjection: .seconds(25), share: share),
            count: count)
    }

    @Test func `The third failure in a row takes an endpoint out, a success in between does not`() {
        var tracker = tracker(2)
        #expect(tracker.failed(0, now: start) == false)
        #expect(tracker.failed(0, now: start) == false)
        tracker.succeeded(0)
        #expect(tracker.failed(0, now: start) == false)
        #expect(tracker.failed(0, now: start) == false)
        #expect(tracker.failed(0, now: start) == true)
        #expect(tracker.isOut(0, now: start + .seconds(9)))
        #expect(!tracker.isOut(0, now: start + .seconds(10)))
    }

    @Test func `It stays out longer each time, up to a limit, and begins anew after a good while`() {
        var tracker = tracker(2)
        var now = start
        var times: [Duration] = []
        for _ in 0..<4 {
            for _ in 0..<3 { _ = tracker.failed(0, now: now) }
            times.append(tracker.entries[0].until - now)
            now = tracker.entries[0].until
        }
        #expect(times == [.seconds(10), .seconds(20), .seconds(25), .seconds(25)])
        now = now + .seconds(26)
        for _ in 0..<3 { _ = tracker.failed(0, now: now) }
        #expect(tracker.entries[0].until - now == .seconds(10))
    }

    @Test func `Never more than the share is out, whatever fails and when`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<60 {
            let count = 1 + random.below(10)
            let share = Double(random.below(11)) / 10
            var tracker = tracker(count, share: share)
            var now = start
            for _ in 0..<300 {
                now = now + .milliseconds(random.below(2_000))
                let index = random.below(count)
                if random.below(5) == 0 { tracker.succeeded(index) } else { _ = tracker.failed(index, now: now) }
                let out = (0..<count).count { tracker.isOut($0, now: now) }
                #expect(Double(out) <= share * Double(count) + 1e-9)
            }
        }
    }

    @Test func `An endpoint alone is never taken out`() {
        var tracker = tracker(1)
        for _ in 0..<100 { #expect(tracker.failed(0, now: start) == false) }
    }
}

@Suite struct EndpointShareTests {
    private func upstream(_ zones: [String?] = [nil, nil, nil], slowStart: Duration = .zero) -> Upstream {
        var upstream = Upstream(
            name: "shop",
            endpoints: zones.enumerated().map { UpstreamEndpoint(address: "10.0.0.\($0):80", weight: 2, zone: $1) })
        upstream.slowStart = slowStart
        return upstream
    }

    @Test func `The unhealthy and the ejected get nothing, until their time is over`() {
        var states = Array(repeating: EndpointState(), count: 3)
        states[0].isHealthy = false
        states[1].outUntil = start + .seconds(10)
        let shares = EndpointShares(upstream(), states, now: start)
        #expect(shares.weights == [0, 0, 2])
        #expect(shares.validUntil == start + .seconds(10))
        #expect(EndpointShares(upstream(), states, now: start + .seconds(10)).weights == [0, 2, 2])
    }

    @Test func `When nobody is well all are asked`() {
        let states = Array(repeating: EndpointState(isHealthy: false), count: 3)
        let shares = EndpointShares(upstream(), states, now: start)
        #expect(shares.isPanic)
        #expect(shares.weights == [2, 2, 2])
    }

    @Test func `An endpoint that comes back grows into its share`() {
        var states = Array(repeating: EndpointState(), count: 3)
        states[1].usableSince = start
        let upstream = upstream(slowStart: .seconds(10))
        var last = 0.0
        for tenth in 0...12 {
            let weight = EndpointShares(upstream, states, now: start + .seconds(tenth)).weights[1]
            #expect(weight >= last && weight >= 0.2)
            last = weight
        }
        #expect(last == 2)
        #expect(abs(EndpointShares(upstream, states, now: start + .seconds(5)).weights[1] - 1) < 0.001)
    }

    @Test func `Requests stay in their zone while half of it is well`() {
        let upstream = upstream(["a", "a", "b"])
        var states = Array(repeating: EndpointState(), count: 3)
        #expect(EndpointShares(upstream, states, zone: "a", now: start).weights == [2, 2, 0])
        states[0].isHealthy = false
        #expect(EndpointShares(upstream, states, zone: "a", now: start).weights == [0, 2, 0])
        states[1].isHealthy = false
        #expect(EndpointShares(upstream, states, zone: "a", now: start).weights == [0, 0, 2])
        #expect(EndpointShares(upstream, states, zone: "elsewhere", now: start).weights == [0, 0, 2])
    }

    @Test func `The first check decides at once, later ones after as many in a row as the policy says`() {
        let policy = HealthPolicy(healthyAfter: 2, unhealthyAfter: 3)
        var judge = HealthJudge()
        #expect(judge.note(isWell: false, policy) == true)
        #expect(!judge.isHealthy)
        #expect(judge.note(isWell: true, policy) == false)
        #expect(judge.note(isWell: false, policy) == false)
        #expect(judge.note(isWell: true, policy) == false)
        #expect(judge.note(isWell: true, policy) == true)
        #expect(judge.isHealthy)
        #expect(judge.note(isWell: false, policy) == false)
        #expect(judge.note(isWell: false, policy) == false)
        #expect(judge.note(isWell: false, policy) == true)
    }
}
