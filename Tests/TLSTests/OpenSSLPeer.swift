import Foundation
import Glibc
import LocalServers
import TLS
import TestSupport

extension CertificateAuthority {
    func files(_ commonName: String, names: String, keyType: [String] = ["ec"]) throws -> TLSCertificateFiles {
        let certificate = try issue(commonName, names: names, keyType: keyType)
        return TLSCertificateFiles(chain: certificate.chain, key: certificate.key)
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
