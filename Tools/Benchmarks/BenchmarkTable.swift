internal import Measuring

/// Everything that can be measured, by the name `make bench-NAME` uses.
enum BenchmarkTable {
    static let names = ["addresses", "bus", "detector", "gateway", "idle", "inspection", "runtime", "store"]

    static func run(_ name: String) async throws -> [Figure] {
        switch name {
        case "addresses": try await AddressBenchmark.run()
        case "bus": try await BusBenchmark.run()
        case "detector": try await DetectorBenchmark.run()
        case "gateway": try await GatewayBenchmark.run()
        case "idle": try await IdleBenchmark.run()
        case "inspection": try InspectionBenchmark.run()
        case "runtime": try await RuntimeBenchmark.run()
        case "store": try await StoreBenchmark.run()
        default: []
        }
    }
}
