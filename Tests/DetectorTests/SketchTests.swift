import Core
import TestSupport
import Testing

@testable import detector

@Suite("Sketches")
struct SketchTests {
    private let hash = SeededHash(seed: 7)
    private let now = Timestamp(seconds: 1_000_000)

    @Test("The hash spreads: no bit of a thousand hashes is stuck, and another seed is another function")
    func spread() {
        let hashes = (0..<1_000).map { hash.hash("thing-\($0)".utf8) }
        #expect(Set(hashes).count == 1_000)
        for bit in 0..<64 {
            let ones = hashes.count { $0 >> UInt64(bit) & 1 == 1 }
            #expect((400...600).contains(ones), "bit \(bit): \(ones)")
        }
        #expect(hash.hash("x".utf8) != SeededHash(seed: 8).hash("x".utf8))
        #expect(hash.hash([]) != hash.hash([0]))
    }

    @Test("HyperLogLog counts to about a tenth", arguments: [1, 10, 100, 1_000, 20_000])
    func hyperLogLog(wanted: Int) throws {
        var count = HyperLogLog()
        for _ in 0..<2 {
            for index in 0..<wanted { count.insert(hash.hash("member-\(index)".utf8)) }
        }
        #expect(abs(count.estimate - Double(wanted)) <= max(1, 0.2 * Double(wanted)))
        #expect(try #require(HyperLogLog(registers: count.registers)) == count)
        #expect(HyperLogLog(registers: [1, 2, 3]) == nil)
        #expect(HyperLogLog(registers: [UInt8](repeating: 200, count: 256)) == nil)
    }

    @Test("count-min never counts too little, hardly too much, and forgets by half-lives, over weeks too")
    func countMin() {
        var sketch = CountMinSketch(width: 1_024, halfLife: .seconds(60))
        for index in 0..<2_000 { _ = sketch.add(hash.hash("noise-\(index % 500)".utf8), at: now) }
        let key = hash.hash("the one".utf8)
        var estimate = 0.0
        for _ in 0..<50 { estimate = sketch.add(key, at: now) }
        #expect(estimate >= 50 && estimate < 60)
        #expect(abs(sketch.estimate(key, at: now + .seconds(60)) - estimate / 2) < 1)
        for day in 1...30 { estimate = sketch.add(key, at: now + .seconds(86_400 * day)) }
        #expect(abs(estimate - 1) < 0.1)
    }

    @Test("a baseline tells what stands out, and is not taught by it")
    func baseline() throws {
        var baseline = RobustBaseline()
        var random = SeededGenerator(seed: 4)
        for _ in 0..<200 { _ = baseline.add(.random(in: 8...12, using: &random), floor: 0.1) }
        let level = baseline.level
        #expect(abs(level - 10) < 1)
        let first = baseline.add(1_000, floor: 0.1)
        #expect(try #require(first) > 100)
        #expect(baseline.level < level + 2)
        let usual = baseline.add(11, floor: 0.1)
        #expect(abs(try #require(usual)) < 3)
    }

    @Test("half-space trees find the lonely point")
    func halfSpaceTrees() {
        var random = SeededGenerator(seed: 5)
        var trees = HalfSpaceTrees(dimensions: 3, seed: 9)
        #expect(!trees.isTrained)
        func usual() -> [Float] { (0..<3).map { _ in .random(in: 0.2...0.3, using: &random) } }
        for _ in 0..<2_000 { _ = trees.add(usual()) }
        #expect(trees.isTrained)
        let crowded = (0..<100).map { _ in trees.add(usual()) }.min() ?? 0
        #expect(trees.add([0.95, 0.9, 0.05]) < crowded - 2)
    }

    @Test("a crowd needs an entry only when it is one, and entries are bounded")
    func crowds() {
        var crowds = Crowds(gate: 4)
        for index in 0..<20_000 {
            _ = crowds.add(hash.hash("single-\(index)".utf8), member: 1, thing: 1, [.requests], at: now)
        }
        let few = crowds.entries.count
        for index in 0..<5_000 {
            for _ in 0..<8 {
                _ = crowds.add(hash.hash("crowd-\(index)".utf8), member: 1, thing: 1, [.requests], at: now)
            }
        }
        #expect(few < 200)
        #expect(crowds.entries.count == Crowds.capacity)
        #expect(crowds.refused > 0)
        // What has faded makes room.
        let later = now + .seconds(3_000)
        for _ in 0..<8 { _ = crowds.add(hash.hash("new".utf8), member: 1, thing: 1, [.requests], at: later) }
        #expect(crowds.entries.count == 1)
    }
}
