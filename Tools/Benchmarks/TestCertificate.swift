internal import Foundation
internal import LocalServers

/// A P-256 certificate for localhost that nobody checks: every server of a run shows the same one.
struct TestCertificate {
    let chain: String
    let key: String
    /// Both in one file, as HAProxy reads them.
    let bundle: String

    static func make(in folder: String) async throws -> TestCertificate {
        let certificate = TestCertificate(
            chain: "\(folder)/certificate.pem", key: "\(folder)/key.pem", bundle: "\(folder)/bundle.pem")
        _ = try await Programs.run(
            ProcessLaunch(
                name: "openssl", program: Programs.find("openssl", package: "openssl"),
                arguments: [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-out", certificate.chain,
                    "-keyout", certificate.key,
                ], output: .file("\(folder)/openssl.log")))
        let parts = try [certificate.chain, certificate.key].map { try String(contentsOfFile: $0, encoding: .utf8) }
        try parts.joined().write(toFile: certificate.bundle, atomically: true, encoding: .utf8)
        return certificate
    }

    var nginx: String {
        """
        ssl_certificate \(chain);
        ssl_certificate_key \(key);
        ssl_protocols TLSv1.2 TLSv1.3;
        """
    }
}
