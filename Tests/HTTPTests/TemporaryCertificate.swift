import Foundation
import Glibc
import TLS

/// A self-signed certificate of `localhost`, made with the `openssl` command.
struct TemporaryCertificate {
    private let directory: String
    let files: TLSCertificateFiles

    init() throws {
        directory = NSTemporaryDirectory() + "infinite-http-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        files = TLSCertificateFiles(chain: directory + "/chain.pem", key: directory + "/key.pem")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", files.key, "-out",
            files.chain,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }
}
