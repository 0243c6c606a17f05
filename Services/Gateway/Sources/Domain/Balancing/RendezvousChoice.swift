import Core
import Glibc

/// Consistent hashing without a ring: every endpoint draws a number from the key and itself, and the best draw wins
/// (weighted rendezvous hashing). An endpoint that leaves moves only its own keys, one that comes takes only its own
/// share, and weights hold exactly. It costs one logarithm an endpoint, which at some dozens is less than a search in a
/// ring of thousands of points.
///
/// Bounded load: an endpoint with more than `bound` times its fair share of what is under way is passed over, and its
/// keys go to the next best draw, always the same one.
struct RendezvousChoice {
    private let seeds: [UInt64]
    private let bound: Double

    init(_ addresses: [String], bound: Double) {
        seeds = addresses.map { KeyHash($0.utf8).mixed }
        self.bound = bound
    }

    func pick(_ key: UInt64, _ weights: [Double], _ underWay: [Int]) -> Int? {
        var (totalWeight, totalLoad) = (0.0, 1)
        for index in weights.indices where weights[index] > 0 {
            totalWeight += weights[index]
            totalLoad += underWay[index]
        }
        guard totalWeight > 0 else { return nil }
        var best: (index: Int, score: Double)?
        for index in weights.indices where weights[index] > 0 {
            let fair = Double(totalLoad) * weights[index] / totalWeight
            guard Double(underWay[index]) + 1 <= (bound * fair).rounded(.up) else { continue }
            let score = score(key, index, weights[index])
            if best.map({ score > $0.score }) ?? true { best = (index, score) }
        }
        return best?.index
    }

    private func score(_ key: UInt64, _ index: Int, _ weight: Double) -> Double {
        let draw = KeyHash.fraction(KeyHash.mix(key ^ seeds[index]))
        return -weight / log(max(draw, .leastNormalMagnitude))
    }
}
