/// Everything that can be measured, by the name `make bench-NAME` uses.
enum BenchmarkTable {
    static let names = ["inspection", "runtime", "store"]

    static func run(_ name: String) async throws -> [Figure] {
        switch name {
        case "inspection": try InspectionBenchmark.run()
        case "runtime": try await RuntimeBenchmark.run()
        case "store": try await StoreBenchmark.run()
        default: []
        }
    }
}
