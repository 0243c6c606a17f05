import TestSupport
import Testing

@testable import gateway

@Suite struct SieveStoreTests {
    private func filled(_ keys: [Int], entries: Int = 3, cost: Int = 1_000) -> SieveStore<Int, String> {
        var store = SieveStore<Int, String>(maximumEntries: entries, maximumCost: cost)
        for key in keys { store.set(key, "\(key)", cost: 10) }
        return store
    }

    @Test func `Who was asked for stays, who was not makes room, oldest first`() {
        var store = filled([1, 2, 3])
        #expect(store.find(1) == "1")
        #expect(store.set(4, "4", cost: 10) == 1)
        #expect((store[1], store[2], store[3], store[4]) == ("1", nil, "3", "4"))
        // The hand stands where it took the last one, and has taken the mark of 1.
        #expect(store.set(5, "5", cost: 10) == 1)
        #expect((store[1], store[3]) == ("1", nil))
    }

    @Test func `A crowd that nobody asks for twice does not displace what is asked for`() {
        var store = filled([], entries: 10)
        for key in 0..<5 { store.set(key, "hot", cost: 10) }
        for stranger in 100..<1_000 {
            for key in 0..<5 { #expect(store.find(key) == "hot") }
            store.set(stranger, "cold", cost: 10)
        }
        #expect((0..<5).allSatisfy { store[$0] == "hot" })
        #expect(store.count == 10)
    }

    @Test func `What is larger than the store is not kept, and neither is what it replaces`() {
        var store = filled([1, 2], cost: 100)
        store.set(1, "large", cost: 101)
        #expect((store[1], store[2], store.cost) == (nil, "2", 10))
        #expect(store.makeRoom(for: 101) == nil)
        #expect(store.makeRoom(for: 95) == 1)
    }

    @Test func `Cost and number never pass their bounds, whatever is done`() {
        var random = SeededGenerator(seed: 7)
        var store = SieveStore<Int, Int>(maximumEntries: 50, maximumCost: 2_000)
        var costs: [Int: Int] = [:]
        for _ in 0..<20_000 {
            let key = Int.random(in: 0..<200, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                costs[key] = Int.random(in: 0...300, using: &random)
                store.set(key, key, cost: costs[key] ?? 0)
            case 5..<9:
                if let found = store.find(key) { #expect(found == key) }
            default: store.remove(key)
            }
            #expect(store.count <= 50 && store.cost <= 2_000)
        }
        let sum = (0..<200).reduce(0) { $0 + (store[$1] == nil ? 0 : costs[$1] ?? 0) }
        #expect(store.cost == sum)
    }
}
