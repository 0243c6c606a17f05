internal import Foundation

/// Which contracts there are, and where their Swift is checked in.
struct GeneratedContracts {
    var generator: ContractGenerator
    var folder: URL

    static func all(in top: URL) -> [GeneratedContracts] {
        let proto = top.appendingPathComponent("proto")
        let tests = top.appendingPathComponent("Tests/ContractsTests")
        return [
            GeneratedContracts(
                generator: ContractGenerator(protoRoot: proto),
                folder: top.appendingPathComponent("Shared/Contracts/Generated")),
            GeneratedContracts(
                generator: ContractGenerator(
                    protoRoot: tests.appendingPathComponent("proto"), importsContracts: true, includes: [proto]),
                folder: tests.appendingPathComponent("Generated")),
        ]
    }
}
