internal import Core
internal import Foundation
internal import LocalServers
internal import Measuring

/// Fifty thousand clients of the gateway that were served once and then rest, and what that costs: its memory for each,
/// and the response times of those who are served beside them.
///
/// A process may open only so many files, so several gateways and several clients share the connections.
enum IdleBenchmark {
    private static let connections = 50_000
    /// What a process needs beside its connections: to its upstream, to those who measure it, its own files.
    private static let otherFiles = 1_500
    private static let rate = 2_000.0
    private static let activeConnections = 64

    static func run() async throws -> [Figure] {
        try await BenchmarkFolder.use { folder in
            let upstream = try ProxyFleet.upstream(folder: folder)
            let processes = (connections - 1) / max(1, OpenFiles.limit - otherFiles) + 1
            let gateways = try (0..<processes).map { _ in
                try ProxyFleet.gateway(before: upstream.port, nil, folder, maximumConnections: connections)
            }
            let empty = try ProxyFleet.gateway(before: upstream.port, nil, folder)
            var holders: [ChildProcess] = []
            let before = try gateways.reduce(0) { try $0 + $1.privateBytes() }
            for (index, gateway) in gateways.enumerated() {
                let share = connections * (index + 1) / processes - connections * index / processes
                holders.append(
                    try await HeldConnections.start(
                        share, to: gateway.port, path: "\(ProxyFleet.plain)hello", folder: folder))
            }
            // Until the last of them rest as well.
            try await Task.sleep(for: .seconds(2))
            let bytes = try gateways.reduce(0) { try $0 + $1.privateBytes() } - before
            let figures =
                [
                    Figure(name: "idle.connections", value: Double(connections), unit: "connections", bar: .none),
                    Figure(name: "idle.processes", value: Double(processes), unit: "gateways", bar: .none),
                    Figure(
                        name: "idle.memory-per-connection", value: Double(bytes) / Double(connections), unit: "bytes",
                        bar: .atMost(8_192)),
                ] + (try responseTimes(gateways[0].named("holding"), empty.named("empty"), folder))
            for holder in holders { await holder.stop() }
            for gateway in gateways + [empty] { await gateway.stop() }
            await upstream.stop()
            return figures
        }
    }

    private static func responseTimes(
        _ holding: MeasuredServer, _ empty: MeasuredServer, _ folder: String
    ) throws -> [Figure] {
        let times = try Comparison.run(
            "gateway with and without idle connections, \(Int(rate)) requests/s", [holding, empty]
        ) { server in
            try LoadGenerator.h2load(
                .http1, port: server.port, path: "\(ProxyFleet.plain)hello", .hello, connections: activeConnections,
                rate: rate, folder: folder)
        }
        return [
            Figure(
                name: "idle.p50-vs-none-idle", value: times.ratio(\.p50, of: holding, to: empty), unit: "ratio",
                bar: .none),
            Figure(
                name: "idle.p99-vs-none-idle", value: times.ratio(\.p99, of: holding, to: empty), unit: "ratio",
                bar: .atMost(1.2)),
        ]
    }
}
