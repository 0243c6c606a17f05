import Core
import Foundation
import HTTP
import Reactor
import TLS
import TestSupport
import Testing

@testable import gateway

@Suite(.timeLimit(.minutes(2))) struct UpstreamTLSTests {
    /// A certificate that signs itself, so that it is its own authority.
    private static func certificate(for name: String) throws -> TLSCertificateFiles {
        let base = TestServers.freshFolder("upstream-certificate")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)", "-keyout", "\(base).key", "-out", "\(base).pem",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return TLSCertificateFiles(chain: "\(base).pem", key: "\(base).key")
    }

    @Test(arguments: [
        ("tls: { ca: CA, server_name: shop.internal }", 200), ("tls: { ca: CA, server_name: other.internal }", 502),
        ("tls: { ca: CA }", 502), ("tls: { server_name: shop.internal }", 502), ("tls: { insecure: true }", 200),
        ("slow_start: 0s", 502),
    ]) func `An upstream has to prove who it is, unless the file says that nobody needs to`(
        options: String, status: Int
    ) async throws {
        let files = try Self.certificate(for: "shop.internal")
        let group = try ReactorGroup(count: 1)
        let tls = try TLSServerContext(TLSServerConfiguration(certificates: [files]))
        let server = HTTPServer(
            HTTPServerConfiguration(address: .loopback(port: 0), tls: tls), group: group,
            handler: HTTPHandlerFunction { _, response in try await response.respond(.ok, text: "hello") })
        let address = try await server.start()
        let gateway = try await GatewayFixture(
            routesFile: """
                upstreams:
                  shop:
                    endpoints: ["https://\(address)"]
                    \(options.replacingOccurrences(of: "CA", with: files.chain))
                routes: [{ upstream: shop }]
                """)
        #expect(try await gateway.send(.get, "/").status == status)
    }
}
