import Core
import Glibc

/// How often each of any number of things came lately, in fixed memory: never too low, and too high by a small share of
/// all that came. Counts forget by half-lives; instead of shrinking every cell, what is added later weighs more.
struct CountMinSketch: Sendable {
    private static let rows = 4
    private static let largestWeight: Float = 1e12

    private let width: Int
    private let halfLife: Duration
    private var cells: [Float]
    private var epoch: Timestamp?

    /// `width` is a power of two.
    init(width: Int = 8_192, halfLife: Duration) {
        precondition(width.nonzeroBitCount == 1, "the width of a sketch is a power of two")
        self.width = width
        self.halfLife = halfLife
        cells = [Float](repeating: 0, count: Self.rows * width)
    }

    /// Adds one and returns the estimate after it. Only the smallest cells grow, which keeps the error down.
    mutating func add(_ hash: UInt64, at now: Timestamp) -> Double {
        let weight = weight(at: now)
        let positions = positions(of: hash)
        let least = (0..<Self.rows).reduce(Float.infinity) { min($0, cells[positions[$1]]) } + weight
        for row in 0..<Self.rows where cells[positions[row]] < least { cells[positions[row]] = least }
        return Double(least / weight)
    }

    func estimate(_ hash: UInt64, at now: Timestamp) -> Double {
        guard let epoch else { return 0 }
        let positions = positions(of: hash)
        let least = (0..<Self.rows).reduce(Float.infinity) { min($0, cells[positions[$1]]) }
        return Double(least) / exp2(max(0, (now - epoch).inSeconds) / halfLife.inSeconds)
    }

    /// What one event weighs now; everything is brought down before the numbers become too large.
    private mutating func weight(at now: Timestamp) -> Float {
        let start = epoch ?? now
        epoch = start
        let weight = Float(exp2(max(0, (now - start).inSeconds) / halfLife.inSeconds))
        guard weight > Self.largestWeight else { return weight }
        for index in cells.indices { cells[index] /= weight }
        epoch = now
        return 1
    }

    /// Four positions from the two halves of one hash.
    private func positions(of hash: UInt64) -> SIMD4<Int> {
        let (first, second) = (Int(hash & 0xffff_ffff), Int(hash >> 32) | 1)
        let lanes = SIMD4<Int>(0, 1, 2, 3)
        let columns = (SIMD4<Int>(repeating: first) &+ lanes &* second) & (width - 1)
        return columns &+ lanes &* width
    }
}
