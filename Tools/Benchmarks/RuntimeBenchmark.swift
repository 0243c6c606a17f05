internal import Core
internal import Foundation
internal import LocalServers
internal import Reactor

/// A hello answer by us and by nginx in the same run: processor time per request, and memory per idle connection.
///
/// Servers share one core in turn, the load generator has the other. Rounds are interleaved and compared pair by pair,
/// and the median of the pairs' ratios counts, so that what else the machine does falls on both alike.
enum RuntimeBenchmark {
    private static let rounds = 5
    private static let secondsPerRound = 2
    private static let idleConnections = 8_000

    static func run() async throws -> [Figure] {
        let folder = NSTemporaryDirectory() + "infinite-bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let nginx = try MeasuredServer.nginx(port: FreePort.choose(), folder: folder)
        var servers: [MeasuredServer] = []
        for (name, what) in [("http", "http"), ("reactor", "raw")] {
            servers.append(try .ours(name, serving: what, port: FreePort.choose(), log: "\(folder)/\(what).log"))
        }
        var figures: [Figure] = []
        for connections in [64, 512] {
            figures += try compare(servers, with: nginx, connections: connections)
        }
        for server in servers + [nginx] {
            figures.append(try await idleMemory(of: server))
            await server.stop()
        }
        return figures
    }

    private static func compare(
        _ servers: [MeasuredServer], with nginx: MeasuredServer, connections: Int
    ) throws -> [Figure] {
        var ratios = [[Double]](repeating: [], count: servers.count)
        var costs = [[Double]](repeating: [], count: servers.count + 1)
        var rates = costs
        for round in 0...rounds {
            var results: [(cost: Double, rate: Double)] = []
            for server in servers + [nginx] {
                results.append(try measure(server, connections: connections))
            }
            guard round > 0 else { continue }  // The first warms caches up.
            for (index, result) in results.enumerated() {
                costs[index].append(result.cost)
                rates[index].append(result.rate)
                if index < servers.count { ratios[index].append(result.cost / results[servers.count].cost) }
            }
        }
        print("\nhello, keep-alive, \(connections) connections, one core each (median of \(rounds) rounds)")
        print("  server       µs of processor per request    requests/s")
        for (index, server) in (servers + [nginx]).enumerated() {
            print(
                "  \(pad(server.name, 12)) \(pad(String(format: "%.2f", median(costs[index])), 30))"
                    + " \(Int(median(rates[index])))")
        }
        return zip(servers, ratios).map { server, ratios in
            Figure(
                name: "runtime.\(server.name)-\(connections).cpu-vs-nginx", value: median(ratios), unit: "ratio",
                bar: .atMost(1.0))
        }
    }

    private static func measure(
        _ server: MeasuredServer, connections: Int
    ) throws -> (cost: Double, rate: Double) {
        let before = try server.processorNanoseconds()
        let load = try LoadGenerator.run(port: server.port, connections: connections, seconds: secondsPerRound)
        let spent = try server.processorNanoseconds() - before
        return (Double(spent) / 1_000 / Double(load.requests), load.requestsPerSecond)
    }

    /// Each connection has been served once and then rests.
    private static func idleMemory(of server: MeasuredServer) async throws -> Figure {
        let group = try ReactorGroup(count: 1)
        defer { group.shutdown() }
        let reactor = group.next()
        let before = try server.privateBytes()
        let port = UInt16(server.port)
        let held = try await reactor.perform { () async throws -> [StreamSocket] in
            var sockets: [StreamSocket] = []
            for _ in 0..<idleConnections {
                let deadline = Deadline.after(.seconds(20))
                let socket = try await StreamSocket.connect(
                    to: .loopback(port: port), on: reactor, deadline: deadline)
                try await socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", deadline: deadline)
                guard try await !socket.read(upTo: 4_096, deadline: deadline).isEmpty else {
                    throw BenchmarkFailure("\(server.name) closed an idle connection")
                }
                sockets.append(socket)
            }
            return sockets
        }
        let bytes = Double(try server.privateBytes() - before) / Double(held.count)
        return Figure(
            name: "runtime.\(server.name).idle-connection", value: bytes, unit: "bytes",
            bar: server.name == "nginx" ? .none : .atMost(8_192))
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
