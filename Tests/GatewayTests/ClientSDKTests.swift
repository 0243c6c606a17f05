import Contracts
import Core
import Foundation
import LocalServers
import TestSupport
import Testing

@testable import gateway

/// The generated clients against a gateway, each run by its own language.
@Suite(.timeLimit(.minutes(3))) struct ClientSDKTests {
    private static let decision = UUIDv7()

    private static func gateway() async throws -> GatewayFixture {
        try await GatewayFixture(answers: { call in
            guard call.name == AgentCoordinatorRPC.listDecisions.name else {
                throw Failure(.notFound, "no such incident")
            }
            return ListDecisionsResponse(decisions: [Decision(decisionID: decision, reason: "probing")]).wireBytes()
        })
    }

    /// What a client says is the id of the first decision, what its body was about, and the problem of a missing incident.
    private static let expected = ["\(decision) probing", "404 no such incident"]

    @Test func `the Python client calls, and tells a problem`() async throws {
        let gateway = try await Self.gateway()
        let sdk = try await Self.generated()
        let said = try await Self.run(
            "python3",
            [
                "-c",
                """
                import sys, infinite_client
                client = infinite_client.Infinite(sys.argv[1], sys.argv[2])
                for decision in client.list_decisions(limit=5, active_only=True)["decisions"]:
                    print(decision["decision_id"], decision["reason"])
                try:
                    client.get_incident(incident_id=sys.argv[3])
                except infinite_client.InfiniteProblem as problem:
                    print(problem.status, problem.detail)
                """, "\(gateway.endpoint)", try GatewayFixture.token(roles: ["viewer"]), "\(UUIDv7())",
            ], in: sdk)
        #expect(said.split(separator: "\n").map(String.init) == Self.expected)
        let call = try #require(gateway.seen.value.calls.first)
        #expect(try ListDecisionsRequest(wireBytes: call.payload) == ListDecisionsRequest(limit: 5, activeOnly: true))
    }

    @Test func `the TypeScript client compiles strictly, calls, and tells a problem`() async throws {
        let gateway = try await Self.gateway()
        let sdk = try await Self.generated()
        let program = """
            import { Infinite, InfiniteProblem } from "./infinite";
            const [url, token, incident] = process.argv.slice(2);
            const client = new Infinite(url, token);
            (async () => {
              const answer = await client.listDecisions({ limit: 5, active_only: true });
              for (const decision of answer.decisions) console.log(decision.decision_id, decision.reason);
              try {
                await client.getIncident({ incident_id: incident });
              } catch (problem) {
                if (problem instanceof InfiniteProblem) console.log(problem.status, problem.problem.detail);
              }
            })();
            """
        try "declare const process: { argv: string[] };\n\(program)".write(
            toFile: "\(sdk)/use.ts", atomically: true, encoding: .utf8)
        _ = try await Self.run(
            "tsc", ["--strict", "--target", "es2022", "--lib", "es2022,dom", "--module", "commonjs", "use.ts"], in: sdk)
        let said = try await Self.run(
            "node",
            ["use.js", "\(gateway.endpoint)", try GatewayFixture.token(roles: ["viewer"]), "\(UUIDv7())"], in: sdk)
        #expect(said.split(separator: "\n").map(String.init) == Self.expected)
    }

    @Test func `the Swift client compiles as Swift 6`() async throws {
        let sdk = try await Self.generated()
        _ = try await Self.run("swiftc", ["-typecheck", "-swift-version", "6", "InfiniteClient.swift"], in: sdk)
    }

    /// A folder with the clients.
    private static func generated() async throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sdk-\(UUIDv7())").path
        _ = try await run(
            "python3", ["Tools/SDKGenerator/main.py", "Services/Gateway/Assets/openapi.json", folder],
            in: "\(Repository.root)")
        return folder
    }

    /// What to install where a program is missing.
    private static let packages = [
        "python3": "python3", "tsc": "node-typescript", "node": "nodejs", "swiftc": "swiftlang",
    ]

    private static func run(_ program: String, _ arguments: [String], in folder: String) async throws -> String {
        let package = try #require(packages[program])
        return try await Programs.run(
            ProcessLaunch(
                name: program, program: try Programs.find(program, package: package), arguments: arguments,
                environment: ProcessInfo.processInfo.environment, workingDirectory: folder, output: .file("")))
    }
}
