internal import Foundation
internal import Glibc
package import LocalServers

/// A throw-away certificate authority made with the `openssl` command, which is also the peer in several tests. Its
/// files go with the test process.
package struct CertificateAuthority: Sendable {
    private let directory = TestServers.freshFolder("authority")
    /// The authority's own certificate: whom a client has to trust.
    package var file: String { "\(directory)/ca.pem" }

    package init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=Test Authority", "-keyout", "\(directory)/ca.key", "-out", file)
    }

    /// A certificate for `names` (`DNS:…`, `IP:…`), signed by this authority.
    package func issue(
        _ commonName: String, names: String, keyType: [String] = ["ec"]
    ) throws -> ServerCertificate {
        let base = "\(directory)/\(UUID().uuidString)"
        let curve = keyType == ["ec"] ? ["-pkeyopt", "ec_paramgen_curve:P-256"] : []
        try openssl(
            ["req", "-newkey"] + keyType + curve + [
                "-nodes", "-subj", "/O=Infinite/CN=\(commonName)", "-keyout", "\(base).key", "-out", "\(base).csr",
            ])
        try "subjectAltName=\(names)".write(toFile: "\(base).ext", atomically: true, encoding: .utf8)
        try openssl(
            "x509", "-req", "-in", "\(base).csr", "-CA", file, "-CAkey", "\(directory)/ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "\(base).ext", "-out", "\(base).pem")
        return ServerCertificate(chain: "\(base).pem", key: "\(base).key")
    }

    private func openssl(_ arguments: String...) throws { try openssl(arguments) }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw OpenSSLRefused(description: "openssl \(arguments): \(String(decoding: text, as: UTF8.self))")
        }
    }

    struct OpenSSLRefused: Error, CustomStringConvertible {
        let description: String
    }
}
