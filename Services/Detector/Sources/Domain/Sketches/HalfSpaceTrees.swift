import Glibc

/// Half-space trees (Tan, Ting and Liu, IJCAI 2011): how crowded the part of the space is that a point lies in, learnt
/// from the stream itself, in fixed memory and constant time. The cuts are random under the secret seed.
///
/// Points have coordinates of 0 to 1. Two windows: the masses of the last one judge, those of this one are being counted.
struct HalfSpaceTrees: Sendable {
    private static let trees = 25
    private static let depth = 8
    private static let nodes = 1 << (depth + 1)
    private static let window = 512
    /// A node with less is not looked below.
    private static let fewest: Float = 10

    private var cuts: [(dimension: UInt8, value: Float)] = []
    private var reference: [Float]
    private var latest: [Float]
    private var seen = 0
    private var windows = 0

    init(dimensions: Int, seed: UInt64) {
        reference = [Float](repeating: 0, count: Self.trees * Self.nodes)
        latest = reference
        cuts.reserveCapacity(reference.count)
        var random = SplitMix(state: seed)
        for _ in 0..<Self.trees {
            let ranges = (0..<dimensions).map { _ in
                let middle = random.fraction()
                let reach = 2 * max(middle, 1 - middle)
                return (middle - reach, middle + reach)
            }
            var tree = [(dimension: UInt8, value: Float)](repeating: (0, 0), count: Self.nodes)
            Self.cut(1, ranges, &tree, &random)
            cuts += tree
        }
    }

    /// Whether a whole window has been seen, so that scores mean something.
    var isTrained: Bool { windows > 0 }

    /// The binary logarithm of how crowded the point's surroundings are; the lower the lonelier. Counts the point.
    mutating func add(_ point: [Float]) -> Float {
        var sum: Float = 0
        for tree in 0..<Self.trees {
            let base = tree * Self.nodes
            var (node, level, judged) = (1, 0, false)
            while true {
                latest[base + node] += 1
                if !judged, reference[base + node] <= Self.fewest || level == Self.depth - 1 {
                    sum += reference[base + node] * Float(1 << level)
                    judged = true
                }
                guard level < Self.depth - 1 else { break }
                let cut = cuts[base + node]
                node = 2 * node + (point[Int(cut.dimension)] < cut.value ? 0 : 1)
                level += 1
            }
        }
        seen += 1
        if seen == Self.window { turnWindow() }
        return log2(1 + sum / Float(Self.trees))
    }

    private mutating func turnWindow() {
        swap(&reference, &latest)
        for index in latest.indices { latest[index] = 0 }
        seen = 0
        windows += 1
    }

    private static func cut(
        _ node: Int, _ ranges: [(Float, Float)], _ tree: inout [(dimension: UInt8, value: Float)],
        _ random: inout SplitMix
    ) {
        guard node < nodes / 2 else { return }
        let dimension = Int(random.next() % UInt64(ranges.count))
        let middle = (ranges[dimension].0 + ranges[dimension].1) / 2
        tree[node] = (UInt8(dimension), middle)
        var (lower, upper) = (ranges, ranges)
        lower[dimension].1 = middle
        upper[dimension].0 = middle
        cut(2 * node, lower, &tree, &random)
        cut(2 * node + 1, upper, &tree, &random)
    }
}

/// splitmix64: a stream of numbers from one seed.
struct SplitMix: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return SeededHash.spread(state)
    }

    mutating func fraction() -> Float { Float(next() >> 40) / Float(1 << 24) }
}
