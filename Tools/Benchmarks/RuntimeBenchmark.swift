internal import Foundation
internal import LocalServers
internal import Measuring
internal import Reactor

/// A hello answer by us and by nginx in the same run: processor time per request, and memory per idle connection.
///
/// Servers share one core in turn, the load generator has the other.
enum RuntimeBenchmark {
    private static let idleConnections = 8_000

    static func run() async throws -> [Figure] {
        try await BenchmarkFolder.use { folder in
            try await plain(in: folder) + secure(in: folder)
        }
    }

    private static func plain(in folder: String) async throws -> [Figure] {
        let nginx = try MeasuredServer.helloNginx(port: FreePort.choose(), folder: folder)
        let servers = try [("http", "http"), ("reactor", "raw")].map { name, what in
            try MeasuredServer.hello(name, serving: what, port: FreePort.choose(), folder: folder)
        }
        var figures: [Figure] = []
        for connections in [64, 512] {
            let costs = try Comparison.run(
                "hello, keep-alive, \(connections) connections", servers + [nginx]
            ) { server in
                try LoadGenerator.wrk("http://127.0.0.1:\(server.port)", connections: connections)
            }
            for server in servers {
                figures.append(cost("\(server.name)-\(connections)", costs, of: server, beside: nginx))
            }
        }
        for server in servers + [nginx] { figures.append(try await idleMemory(of: server)) }
        for server in servers + [nginx] { await server.stop() }
        return figures
    }

    /// TLS 1.3 with one P-256 certificate: connections that stay, and a full handshake for each request.
    private static func secure(in folder: String) async throws -> [Figure] {
        let certificate = try await TestCertificate.make(in: folder)
        let nginx = try MeasuredServer.helloNginx(port: FreePort.choose(), folder: folder, certificate: certificate)
        let ours = try MeasuredServer.hello(
            "https", serving: "http", port: FreePort.choose(), folder: folder, certificate: certificate)
        var figures: [Figure] = []
        for (name, headers) in [("keep-alive", []), ("handshake", ["Connection: close"])] {
            let costs = try Comparison.run("hello over TLS 1.3, \(name), 64 connections", [ours, nginx]) { server in
                try LoadGenerator.wrk("https://127.0.0.1:\(server.port)", connections: 64, headers: headers)
            }
            figures.append(cost("tls-\(name)", costs, of: ours, beside: nginx))
        }
        for server in [ours, nginx] { await server.stop() }
        return figures
    }

    private static func cost(
        _ name: String, _ comparison: Comparison, of server: MeasuredServer, beside nginx: MeasuredServer
    ) -> Figure {
        Figure(
            name: "runtime.\(name).cpu-vs-nginx", value: comparison.ratio(\.cost, of: server, to: nginx),
            unit: "ratio", bar: .atMost(1.0))
    }

    /// Each connection has been served once and then rests.
    private static func idleMemory(of server: MeasuredServer) async throws -> Figure {
        let group = try ReactorGroup(count: 1)
        defer { group.shutdown() }
        let before = try server.privateBytes()
        let held = try await HeldConnections.open(idleConnections, to: server.port, path: "/", on: group.next())
        let bytes = Double(try server.privateBytes() - before) / Double(held.count)
        return Figure(
            name: "runtime.\(server.name).idle-connection", value: bytes, unit: "bytes",
            bar: server.name == "nginx" ? .none : .atMost(8_192))
    }
}
