import Foundation
import Testing

@Suite("Tidy: services")
struct ServiceShapeTests {
    static let services = SourceTree.folders(in: "Services")

    /// What a pure decision may know. Glibc is for its arithmetic: Swift itself has no logarithm.
    private static let domainLibraries: Set<String> = [
        "AddressSets", "Core", "Cryptography", "Glibc", "Inspection", "JSON", "PatternMatching", "Synchronization",
    ]
    private static let sourceFolders: Set<String> = ["Inbound", "Domain", "Outbound", "Storage", "Resources"]

    @Test("There are seven services")
    func seven() {
        #expect(
            Self.services == ["AgentCoordinator", "Audit", "Auth", "Detector", "Gateway", "Labyrinth", "Metrics"])
    }

    @Test("Every service has the same inside", arguments: services)
    func sameInside(service: String) {
        let folder = "Services/\(service)"
        let required = [
            "README.md", "schema.sql", "Migrations", "Sources/main.swift", "Sources/Configuration.swift",
            "Sources/\(service)Service.swift", "Sources/\(service)Failure.swift", "Sources/\(service)Metrics.swift",
            "Sources/Inbound", "Sources/Domain",
        ]
        let missing = required.filter { !SourceTree.exists("\(folder)/\($0)") }
        #expect(missing.isEmpty, "\(folder) lacks what every service has")
        for extra in Set(SourceTree.folders(in: "\(folder)/Sources")).subtracting(Self.sourceFolders) {
            Issue.record("\(folder)/Sources/\(extra): no other service has such a folder")
        }
    }

    @Test("main.swift only names the service", arguments: services)
    func thinMain(service: String) throws {
        let main = try #require(SourceTree.files.first { $0.path == "Services/\(service)/Sources/main.swift" })
        let code = main.lines.filter { !$0.isEmpty && !$0.hasPrefix("//") && !$0.contains("import ") }
        #expect(code.count <= 3, "\(main.path) has \(code.count) lines of code: move them into the service")
    }

    @Test("Domain decides and knows nothing of wires, tables and sockets", arguments: services)
    func pureDomain(service: String) {
        for file in SourceTree.swift where file.isBelow("Services/\(service)/Sources/Domain") {
            for module in Set(file.imports).subtracting(Self.domainLibraries) {
                Issue.record("\(file.path) imports \(module); Domain is pure: Inbound → Domain ← Outbound, Storage")
            }
            #expect(!file.text.contains(" await "), "\(file.path) waits; Domain decides, others act")
        }
    }

    @Test("Only Storage speaks to tables", arguments: services)
    func tablesOnlyInStorage(service: String) {
        for file in SourceTree.swift
        where file.isBelow("Services/\(service)/Sources/Inbound", "Services/\(service)/Sources/Outbound") {
            for word in [".queryRow(", ".execute(", "SQLValue", "database.query("] where file.text.contains(word) {
                Issue.record("\(file.path) uses \(word); tables belong to Storage")
            }
        }
    }

    @Test("A README says what the service is for and what is thin", arguments: services)
    func readme(service: String) throws {
        let readme = try #require(SourceTree.files.first { $0.path == "Services/\(service)/README.md" })
        for subject in ["thin", "attacker"] {
            #expect(readme.text.lowercased().contains(subject), "\(readme.path) says nothing about: \(subject)")
        }
    }
}
