import Core
import TestSupport
import Testing

@testable import gateway

private let start = Deadline(uptimeNanoseconds: 1_000_000_000_000)

@Suite struct BalancerTests {
    private func upstream(_ weights: [Int], _ balance: Balance) -> Upstream {
        var upstream = Upstream(
            name: "shop",
            endpoints: weights.enumerated().map { UpstreamEndpoint(address: "10.0.0.\($0):80", weight: $1) })
        upstream.balance = balance
        return upstream
    }

    private static let balances: [Balance] = [
        .roundRobin, .leastRequest, .latency(memory: .seconds(10)), .consistentHash(.clientAddress, bound: 1.25),
    ]

    /// Requests that take one to `slowest` turns each, all endpoints alike.
    private func picks(
        _ balancer: inout Balancer, _ count: Int, random: inout SeededGenerator, endpoints: Int, slowest: Int = 8
    ) -> [Int] {
        var (served, underWay) = (Array(repeating: 0, count: endpoints), [(end: Int, index: Int)]())
        for turn in 0..<count {
            for done in underWay where done.end <= turn { balancer.ended(done.index) }
            underWay.removeAll { $0.end <= turn }
            let now = start + .milliseconds(turn)
            guard let index = balancer.pick(key: random.next(), excluding: [], now: now) else { continue }
            served[index] += 1
            balancer.began(index)
            balancer.answered(index, after: .milliseconds(5), isFailure: false, now: now)
            underWay.append((turn + 1 + random.below(slowest), index))
        }
        return served
    }

    @Test(arguments: balances) func `Requests are spread in proportion to the weights`(balance: Balance) {
        var random = SeededGenerator(seed: 7)
        let weights = [1, 2, 5]
        var balancer = Balancer(upstream(weights, balance), random: QuickRandom(seed: 3))
        let served = picks(&balancer, 16_000, random: &random, endpoints: 3, slowest: 200)
        for (index, weight) in weights.enumerated() {
            let share = Double(served[index]) / 16_000
            #expect(abs(share - Double(weight) / 8) < 0.04, "\(balance): \(served)")
        }
    }

    @Test func `In turn means exactly the weights in every run of their sum`() {
        var balancer = Balancer(upstream([1, 2, 5], .roundRobin))
        for _ in 0..<50 {
            var served = [0, 0, 0]
            for _ in 0..<8 { served[balancer.pick(key: 0, excluding: [], now: start) ?? 0] += 1 }
            #expect(served == [1, 2, 5])
        }
    }

    @Test(arguments: balances) func `What was tried or has no weight is never picked, and nothing left is nil`(
        balance: Balance
    ) {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            let count = 1 + random.below(6)
            var balancer = Balancer(upstream(Array(repeating: 1, count: count), balance))
            let weights = (0..<count).map { _ in Double(random.below(2)) }
            balancer.setWeights(weights)
            let tried = (0..<count).filter { _ in random.below(3) == 0 }
            let left = (0..<count).filter { weights[$0] > 0 && !tried.contains($0) }
            let pick = balancer.pick(key: random.next(), excluding: tried, now: start)
            if left.isEmpty { #expect(pick == nil) } else { #expect(pick.map(left.contains) == true) }
        }
    }

    @Test func `Of two endpoints the one with less under way is taken`() {
        var balancer = Balancer(upstream([1, 1], .leastRequest))
        for _ in 0..<10 { balancer.began(0) }
        for _ in 0..<50 { #expect(balancer.pick(key: 0, excluding: [], now: start) == 1) }
    }

    @Test func `The load of the fullest endpoint stays near the mean with the power of two choices`() {
        var random = SeededGenerator(seed: 5)
        var balancer = Balancer(upstream(Array(repeating: 1, count: 16), .leastRequest), random: QuickRandom(seed: 9))
        var (underWay, worst) = ([Int](), 0)
        for _ in 0..<20_000 {
            if underWay.count >= 320 {
                balancer.ended(underWay.swapRemove(random.below(underWay.count)))
            }
            let index = balancer.pick(key: 0, excluding: [], now: start) ?? 0
            balancer.began(index)
            underWay.append(index)
            worst = max(worst, balancer.underWay.max() ?? 0)
        }
        #expect(worst <= 28, "the mean is 20")
    }

    @Test func `An endpoint that becomes slow loses its share with the first slow answer and earns it back`() {
        var balancer = Balancer(upstream([1, 1, 1], .latency(memory: .seconds(1))), random: QuickRandom(seed: 1))
        for index in 0..<3 { balancer.answered(index, after: .milliseconds(10), isFailure: false, now: start) }
        balancer.answered(0, after: .seconds(2), isFailure: false, now: start)
        var served = [0, 0, 0]
        for _ in 0..<300 { served[balancer.pick(key: 0, excluding: [], now: start) ?? 0] += 1 }
        #expect(served[0] == 0)
        let later = start + .seconds(60)
        for index in 1..<3 { balancer.answered(index, after: .milliseconds(10), isFailure: false, now: later) }
        for _ in 0..<300 { served[balancer.pick(key: 0, excluding: [], now: later) ?? 0] += 1 }
        #expect(served[0] > 50)
    }

    @Test func `An endpoint that fails at once does not look quick`() {
        var balancer = Balancer(upstream([1, 1], .latency(memory: .seconds(10))))
        balancer.answered(1, after: .milliseconds(50), isFailure: false, now: start)
        balancer.answered(0, after: .microseconds(80), isFailure: true, now: start)
        for _ in 0..<50 { #expect(balancer.pick(key: 0, excluding: [], now: start) == 1) }
    }
}

@Suite struct ConsistentHashTests {
    private func names(_ numbers: some Sequence<Int>) -> [String] { numbers.map { "10.0.0.\($0):80" } }

    private func owners(_ addresses: [String], _ weights: [Double]? = nil, keys: Int = 5_000) -> [String] {
        let choice = RendezvousChoice(addresses, bound: 100)
        let weights = weights ?? Array(repeating: 1, count: addresses.count)
        let idle = Array(repeating: 0, count: addresses.count)
        return (0..<keys).map { key in
            choice.pick(KeyHash("key-\(key)".utf8).mixed, weights, idle).map { addresses[$0] } ?? ""
        }
    }

    @Test func `An endpoint that leaves moves only its own keys, wherever it stands in the list`() {
        let before = owners(names(0..<10))
        let after = owners(names([9, 8, 7, 5, 4, 3, 2, 1, 0]))
        let gone = "10.0.0.6:80"
        for (old, new) in zip(before, after) where old != gone { #expect(old == new) }
        #expect(!after.contains(gone))
    }

    @Test func `An endpoint that comes takes its share and nothing else moves`() {
        let (before, after) = (owners(names(0..<9)), owners(names(0..<10)))
        let moved = zip(before, after).filter { $0 != $1 }
        #expect(moved.allSatisfy { $0.1 == "10.0.0.9:80" })
        #expect((350...650).contains(moved.count), "a tenth of 5,000: \(moved.count)")
    }

    @Test func `More weight takes keys from the others and moves none between them`() {
        let before = owners(names(0..<4))
        let after = owners(names(0..<4), [3, 1, 1, 1])
        for (old, new) in zip(before, after) where old != new { #expect(new == "10.0.0.0:80") }
        let share = Double(after.count { $0 == "10.0.0.0:80" }) / 5_000
        #expect(abs(share - 0.5) < 0.03)
    }

    @Test func `No endpoint is given more than the bound, however unfair the keys are`() {
        var random = SeededGenerator(seed: 23)
        for bound in [1.1, 1.25, 2] {
            let count = 2 + random.below(8)
            let choice = RendezvousChoice(names(0..<count), bound: bound)
            let weights = (0..<count).map { _ in Double(1 + random.below(3)) }
            var underWay = Array(repeating: 0, count: count)
            for step in 0..<2_000 {
                // Nine of ten requests have one key.
                let key = random.below(10) == 0 ? random.next() : 42
                guard let index = choice.pick(key, weights, underWay) else {
                    Issue.record("there is always somebody below the bound")
                    continue
                }
                underWay[index] += 1
                let total = Double(underWay.reduce(0, +))
                let fair = total * weights[index] / weights.reduce(0, +)
                #expect(Double(underWay[index]) <= (bound * fair).rounded(.up))
                if step % 3 == 0, let busy = underWay.indices.filter({ underWay[$0] > 0 }).randomElement(using: &random)
                {
                    underWay[busy] -= 1
                }
            }
        }
    }
}

extension Array {
    fileprivate mutating func swapRemove(_ index: Int) -> Element {
        swapAt(index, count - 1)
        return removeLast()
    }
}
