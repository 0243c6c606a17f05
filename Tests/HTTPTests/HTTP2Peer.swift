import Foundation
import Reactor
import TestSupport

/// Programs of others that speak HTTP/2: `http2_peer.py` on PyPI's hpack, curl, h2load.
enum HTTP2Peer {
    struct NotInstalled: Error, CustomStringConvertible {
        let description: String
    }

    /// What the peer heard, a line a frame.
    static func talk(to address: SocketAddress, _ script: String) async throws -> [String] {
        let python = Repository.root + "/.venv/bin/python"
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw NotInstalled(description: ".venv with Python's hpack is missing: run `make deps` first")
        }
        let peer = Repository.root + "/Tests/HTTPTests/http2_peer.py"
        let output = try await run(python, [peer, "\(address.port ?? 0)"], input: script)
        return output.split(separator: "\n").map(String.init)
    }

    static func curl(_ arguments: String...) async throws -> String {
        try await run("/usr/bin/curl", ["--silent", "--show-error", "--max-time", "20"] + arguments)
    }

    /// On a thread of its own: the reactors and the other tests go on.
    static func run(_ executable: String, _ arguments: [String], input: String = "") async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try runHere(executable, arguments, input) })
            }
        }
    }

    private static func runHere(_ executable: String, _ arguments: [String], _ input: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        let (output, standardInput) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardInput = standardInput
        process.standardError = output
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }
}
