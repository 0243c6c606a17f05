import Foundation
import Glibc
import TLS
import Testing

/// A throw-away certificate authority made with the `openssl` command, which is also the peer in several tests.
struct CertificateAuthority {
    let directory: String
    var file: String { "\(directory)/ca.pem" }

    init() throws {
        directory = NSTemporaryDirectory() + "infinite-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=Test Authority", "-keyout", "\(directory)/ca.key", "-out", file)
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    /// A certificate for `names` (`DNS:…`, `IP:…`), signed by this authority.
    func issue(_ commonName: String, names: String, keyType: [String] = ["ec"]) throws -> TLSCertificateFiles {
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
        return TLSCertificateFiles(chain: "\(base).pem", key: "\(base).key")
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
        try #require(process.terminationStatus == 0, "openssl \(arguments): \(String(decoding: text, as: UTF8.self))")
    }
}

/// `openssl s_client` or `s_server` with its input and output in our hands.
final class OpenSSLPeer {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(_ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    func send(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }
    func endInput() { try? input.fileHandleForWriting.close() }

    /// Everything it said until it ended.
    func finish() -> String {
        endInput()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    func kill() {
        if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }
}
