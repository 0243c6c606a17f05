/// The work from which a release build learns what the gateway does most (docs/decisions/0026): its executable alone, over
/// each protocol, asked for each shape, inspected and not. Nothing is measured.
enum GatewayTraining {
    static let role = "train-gateway"

    private static let protocols: [ProxiedProtocol] = [
        .http1, .http1TLS, .http2(connections: 64, streams: 1), .http2(connections: 8, streams: 16),
    ]

    static func run() async throws {
        try await BenchmarkFolder.use { folder in
            let upstream = try ProxyFleet.upstream(folder: folder)
            let certificate = try await TestCertificate.make(in: folder)
            for proxied in protocols {
                let gateway = try ProxyFleet.gateway(
                    before: upstream.port, proxied.isSecure ? certificate : nil, folder,
                    accessLog: "\(folder)/access.log")
                for shape in RequestShape.all {
                    for path in [ProxyFleet.plain, ProxyFleet.inspected] {
                        _ = try LoadGenerator.h2load(
                            proxied, port: gateway.port, path: path + shape.target, shape,
                            connections: proxied.connections, rate: nil, seconds: 1, folder: folder)
                    }
                }
                // Stopped in order, it writes down what it counted.
                await gateway.stop()
            }
            await upstream.stop()
        }
    }
}
