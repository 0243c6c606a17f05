import Core
import Testing

@testable import auth

@Suite struct LoginThrottleTests {
    private let here = IPAddress(v4: 1)
    private let elsewhere = IPAddress(v4: 2)
    private let start = Deadline(uptimeNanoseconds: 1_000_000_000_000)

    @Test func `people may mistype, then each failure costs twice as much, up to a bound`() {
        var throttle = LoginThrottle()
        var now = start
        var delays: [Duration?] = []
        for _ in 0..<12 {
            _ = throttle.failed(name: "ann", address: here, now: now)
            let delay = throttle.delay(name: "ann", address: here, now: now)
            delays.append(delay)
            now = now + (delay ?? .zero)
            #expect(throttle.delay(name: "ann", address: here, now: now) == nil, "after waiting it may be tried again")
        }
        let seconds: [Int?] = [nil, nil, nil, 1, 2, 4, 8, 16, 32, 60, 60, 60]
        #expect(delays == seconds.map { $0.map { .seconds($0) } })
    }

    @Test func `nobody can lock a victim out from elsewhere`() {
        var throttle = LoginThrottle()
        for _ in 0..<1_000 { _ = throttle.failed(name: "ann", address: elsewhere, now: start) }
        #expect(throttle.delay(name: "ann", address: elsewhere, now: start) == .seconds(60))
        #expect(throttle.delay(name: "ann", address: here, now: start) == nil)
    }

    @Test func `one password on many names is slowed down too, and one good account does not pay for it`() {
        var throttle = LoginThrottle()
        for index in 0..<21 { _ = throttle.failed(name: "user\(index)", address: here, now: start) }
        #expect(throttle.delay(name: "fresh", address: here, now: start) == .seconds(1))
        throttle.succeeded(name: "user3", address: here)
        #expect(throttle.delay(name: "fresh", address: here, now: start) == .seconds(1))
    }

    @Test func `the right secret and time both forget`() {
        var throttle = LoginThrottle()
        for _ in 0..<6 { _ = throttle.failed(name: "ann", address: here, now: start) }
        throttle.succeeded(name: "ann", address: here)
        #expect(throttle.delay(name: "ann", address: here, now: start) == nil)
        for _ in 0..<6 { _ = throttle.failed(name: "ann", address: here, now: start) }
        #expect(throttle.delay(name: "ann", address: here, now: start + .seconds(900)) == nil)
        #expect(throttle.failed(name: "ann", address: here, now: start + .seconds(901)) == 1)
    }

    @Test func `memory is bounded and the newest failures stay`() {
        var limits = LoginThrottle.Limits()
        limits.maximumCounts = 100
        var throttle = LoginThrottle(limits)
        for index in 0..<10_000 {
            let now = start + .milliseconds(index)
            for _ in 0..<5 { _ = throttle.failed(name: "n\(index)", address: IPAddress(v4: UInt32(index)), now: now) }
            #expect(throttle.count <= 100)
            #expect(throttle.delay(name: "n\(index)", address: IPAddress(v4: UInt32(index)), now: now) != nil)
        }
    }
}
