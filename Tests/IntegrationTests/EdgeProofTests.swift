import Foundation
import LocalServers
import TestSupport
import Testing

/// What other servers and clients make of the gateway: Tools/EdgeProof, of which the longer proofs are `make prove-edge`.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EdgeProofTests {
    @Test func `no byte stream is understood differently by a server behind the gateway`() async throws {
        #expect(try await prove("smuggling.py").contains("0 streams understood differently"))
    }

    @Test func `clients of many languages work unmodified`() async throws {
        #expect(try await prove("clients.py").contains("0 failures"))
    }

    /// What the proof said; it fails with what it said.
    private func prove(_ script: String) async throws -> String {
        try await Programs.run(
            ProcessLaunch(
                name: script, program: "\(Repository.root)/.venv/bin/python",
                arguments: ["\(Repository.root)/Tools/EdgeProof/\(script)", try BuiltExecutables.path("gateway")],
                environment: ProcessInfo.processInfo.environment, output: .file("")))
    }
}
