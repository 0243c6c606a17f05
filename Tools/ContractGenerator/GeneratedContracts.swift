internal import Foundation

/// Which contracts there are, and where what is made from them is checked in.
struct GeneratedContracts {
    var generator: ContractGenerator
    /// Their Swift.
    var folder: URL
    /// The public API's document, where they have one.
    var document: URL?

    /// The names of files that differ from what the contracts say now.
    func outdatedFiles() throws -> [String] {
        let outdated = try generator.outdatedFiles(in: folder)
        guard let document else { return outdated }
        let text = try? String(contentsOf: document, encoding: .utf8)
        return try text == documentText() ? outdated : outdated + [document.lastPathComponent]
    }

    func write() throws {
        try generator.write(to: folder)
        if let document { try documentText().write(to: document, atomically: true, encoding: .utf8) }
    }

    private func documentText() throws -> String { OpenAPIEmitter(schema: try generator.schema()).emit() }

    static func all(in top: URL) -> [GeneratedContracts] {
        let proto = top.appendingPathComponent("proto")
        let tests = top.appendingPathComponent("Tests/ContractsTests")
        return [
            GeneratedContracts(
                generator: ContractGenerator(protoRoot: proto),
                folder: top.appendingPathComponent("Shared/Contracts/Generated"),
                document: top.appendingPathComponent("Services/Gateway/Assets/openapi.json")),
            GeneratedContracts(
                generator: ContractGenerator(
                    protoRoot: tests.appendingPathComponent("proto"), importsContracts: true, includes: [proto]),
                folder: tests.appendingPathComponent("Generated")),
        ]
    }
}
