/// Everything that can be measured, by the name `make bench-NAME` uses.
enum BenchmarkTable {
    static let names = ["inspection"]

    static func run(_ name: String) async throws -> [Figure] {
        switch name {
        case "inspection": try InspectionBenchmark.run()
        default: []
        }
    }
}
