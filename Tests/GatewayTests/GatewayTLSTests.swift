import Core
import Foundation
import HTTP
import LocalServers
import Reactor
import ServiceKit
import TLS
import Telemetry
import TestSupport
import Testing

@testable import gateway

/// TLS at the gateway's own door.
@Suite(.timeLimit(.minutes(2))) struct GatewayTLSTests {
    private func files(_ authority: CertificateAuthority, _ name: String, names: String) throws -> TLSCertificateFiles {
        let certificate = try authority.issue(name, names: names)
        return TLSCertificateFiles(chain: certificate.chain, key: certificate.key)
    }

    private func client(
        _ group: ReactorGroup, _ authority: CertificateAuthority, host: String = "shop.test",
        certificate: TLSCertificateFiles? = nil, protocols: [String] = []
    ) throws -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        configuration.serverName = host
        configuration.tls = try TLSClientContext(
            TLSClientConfiguration(
                caFile: authority.file, certificate: certificate, applicationProtocols: protocols))
        return HTTPClient(configuration, group: group)
    }

    private func secure(_ gateway: GatewayFixture) throws -> HTTPEndpoint {
        guard case .address(let address) = gateway.endpoint.location else { throw HTTPFailure.misused("no address") }
        return HTTPEndpoint(address, isSecure: true)
    }

    @Test(arguments: [[], ["h2"]])
    func `The upstream learns who a client proved to be, and only from the gateway`(protocols: [String]) async throws {
        let authority = try CertificateAuthority()
        let tls = try TLSServerContext(
            TLSServerConfiguration(
                certificates: [files(authority, "shop", names: "DNS:shop.test")],
                applicationProtocols: ["h2", "http/1.1"], clientCertificates: .optional(caFile: authority.file)))
        let gateway = try await GatewayFixture(tls: tls)
        let known = try client(
            gateway.group, authority, certificate: try files(authority, "agent", names: "DNS:agent.test"),
            protocols: protocols)
        let anonymous = try client(gateway.group, authority, protocols: protocols)
        let lies: HTTPHeaders = [
            "X-Client-Certificate-Subject": "CN=admin", "X_Client_Certificate_Subject": "CN=admin",
            "x-client-certificate_sha256": "00", "X_Forwarded_For": "6.6.6.6", "Infinite_Intruder": "x",
            "X_Harmless": "1",
        ]
        for client in [known, anonymous] {
            let request = HTTPClientRequest(.get, "/", host: "shop.test", headers: lies)
            let response = try await client.send(request, to: try secure(gateway), deadline: .after(.seconds(20)))
            #expect(response.status == .ok)
            _ = try await response.body.collect(upTo: 1_000)
        }
        let seen = gateway.seen.value.upstream.map(\.headers)
        #expect(seen[0].values(of: "x-client-certificate-subject") == ["CN=agent,O=Infinite"])
        #expect(seen[0]["x-client-certificate-sha256"]?.utf8.count == 64)
        #expect(seen[1]["x-client-certificate-subject"] == nil && seen[1]["x-client-certificate-sha256"] == nil)
        for headers in seen {
            #expect(headers["x_client_certificate_subject"] == nil && headers["x-client-certificate_sha256"] == nil)
            #expect(headers["x_forwarded_for"] == nil && headers["infinite_intruder"] == nil)
            #expect(headers["x_harmless"] == "1")
        }
    }

    @Test func `New files are noticed, used for new connections, and drop none that stands`() async throws {
        let authority = try CertificateAuthority()
        let used = try files(authority, "old", names: "DNS:shop.test")
        let newer = try files(authority, "new", names: "DNS:shop.test")
        let folder = try TemporaryFolder("tls")
        defer { folder.remove() }
        let chain = folder.file("tls.crt")
        let key = folder.file("tls.key")
        func publish(_ source: String, _ target: String) throws {
            try String(contentsOfFile: source, encoding: .utf8).write(toFile: target, atomically: true, encoding: .utf8)
        }
        try publish(used.chain, chain)
        try publish(used.key, key)
        let configuration = try configuration("{ certificate: \(chain), certificate_key: \(key) }")
        let metrics = GatewayMetrics(MetricsRegistry())
        let keeper = try #require(try CertificatesKeeper(configuration, metrics: metrics, log: .silent))
        let gateway = try await GatewayFixture(tls: keeper.context)
        keeper.watch(on: gateway.group.reactors[0])
        defer { keeper.stop() }
        let standing = try client(gateway.group, authority)
        func ask(_ client: HTTPClient) async throws -> Int {
            let response = try await client.send(
                HTTPClientRequest(.get, "/", host: "shop.test"), to: try secure(gateway), deadline: .after(.seconds(20))
            )
            _ = try await response.body.collect(upTo: 1_000)
            return response.status.code
        }
        #expect(try await ask(standing) == 200)
        try publish(newer.chain, chain)
        try await eventually("half a change is refused") { metrics.certificatesRefused.value == 1 }
        #expect(try await ask(try client(gateway.group, authority)) == 200)
        try publish(newer.key, key)
        try await eventually("the whole change is used") { metrics.certificatesRefused.value == 0 }
        let reactor = gateway.group.reactors[0]
        let address = try #require(try secure(gateway).socketAddress)
        let context = try TLSClientContext(TLSClientConfiguration(caFile: authority.file))
        let subject = try await reactor.perform {
            let socket = try await StreamSocket.connect(to: address, on: reactor, deadline: .after(.seconds(20)))
            let stream = try await TLSStream.connect(socket, context, host: "shop.test", deadline: .after(.seconds(20)))
            defer { stream.close() }
            return stream.peerCertificate?.subject
        }
        #expect(subject == "CN=new,O=Infinite")
        #expect(try await ask(standing) == 200)
    }

    private func configuration(_ listen: String) throws -> GatewayConfiguration {
        let text = "{ routes_file: routes.yaml, labyrinth: { address: \"127.0.0.1:1\" }, listen: \(listen) }"
        var reader = ConfigurationReader(
            ConfigurationSources(service: .gateway, file: try YAMLNode.parse(text, file: "test.yaml"), environment: [:])
        )
        let configuration = GatewayConfiguration(from: &reader)
        let problems = reader.finish()
        guard problems.isEmpty else { throw GatewayFailure.routes(problems.map { "\($0)" }) }
        return configuration
    }

    @Test func `Certificates, who has to show one, and the oldest version are configured`() throws {
        let read = try configuration(
            """
            { certificate: a.pem, certificate_key: a.key, certificates: [{ certificate: b.pem, key: b.key }],
              minimum_tls: "1.3", client_certificates: { mode: required, ca: ca.pem },
              proxy_protocol: { trusted: [10.0.0.0/8, unix], timeout: 1s } }
            """)
        #expect(read.certificates.map(\.chain) == ["a.pem", "b.pem"])
        #expect(read.minimumTLS == .tls13 && read.clientCertificates == .required(caFile: "ca.pem"))
        #expect(read.proxyProtocol?.includesUnix == true && read.proxyProtocol?.networks.count == 1)
        for wrong in [
            "{ certificate: a.pem }", "{ certificates: [{ certificate: b.pem }] }", "{ certificates: [{}] }",
            "{ client_certificates: { mode: required } }", "{ proxy_protocol: { trusted: [10.0.0.1/8] } }",
        ] {
            #expect(throws: GatewayFailure.self, "\(wrong)") { try configuration(wrong) }
        }
    }

    /// sslscan is another program's opinion; see `docs/admission.md` for a run by hand.
    @Test func `A scanner finds nothing old and nothing weak`() async throws {
        let authority = try CertificateAuthority()
        let tls = try TLSServerContext(
            TLSServerConfiguration(
                certificates: [files(authority, "shop", names: "DNS:shop.test")],
                applicationProtocols: ["h2", "http/1.1"]))
        let gateway = try await GatewayFixture(tls: tls)
        let address = try #require(try secure(gateway).socketAddress)
        let report = try Self.scan(address)
        for version in ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"] {
            #expect(report.contains { $0.hasPrefix(version) && $0.hasSuffix("disabled") }, "\(version)")
        }
        #expect(report.contains { $0.hasPrefix("TLSv1.2") && $0.hasSuffix("enabled") })
        #expect(report.contains { $0.hasPrefix("TLSv1.3") && $0.hasSuffix("enabled") })
        let ciphers = report.filter { $0.hasPrefix("Preferred") || $0.hasPrefix("Accepted") }
        #expect(ciphers.count >= 6)
        for cipher in ciphers {
            #expect(cipher.contains("GCM") || cipher.contains("CHACHA20"), "\(cipher)")
            #expect(cipher.contains("ECDHE") || cipher.contains("TLSv1.3"), "\(cipher)")
        }
        #expect(report.contains { $0.contains("renegotiation not supported") })
    }

    private static func scan(_ address: SocketAddress) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sslscan")
        process.arguments = ["--no-colour", "--no-check-certificate", address.description]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

extension HTTPEndpoint {
    fileprivate var socketAddress: SocketAddress? {
        if case .address(let address) = location { address } else { nil }
    }
}
