import Foundation
import Testing

@Suite("Tidy: lines")
struct LineTests {
    @Test("Nothing banned is in the tree", arguments: LineRule.all)
    func banned(rule: LineRule) throws {
        for violation in try rule.violations(in: SourceTree.files) {
            Issue.record("\(violation)\n  banned: \(rule.ban). Instead: \(rule.instead).")
        }
    }

    @Test("Every rule matches its own example", arguments: LineRule.all)
    func ruleMatches(rule: LineRule) throws {
        let places = [
            "Services/X/Sources/X.swift", "Tests/XTests/X.swift", "Shared/X/X.swift", "Shared/CLibraries/X/shim.h",
        ]
        let files = places.map { SourceFile(path: $0, text: "// first line\n\(rule.example)\n") }
        #expect(try !rule.violations(in: files).isEmpty)
    }

    /// Their signatures name types that would all have to be opened: inlined within their module only.
    private static let closedOnPurpose: Set<Substring> = ["HTTPBody", "HTTPResponseWriter"]

    /// A `package` type's inside is closed to other modules unless it says otherwise, and then `@inlinable` does nothing.
    @Test("What is inlinable belongs to a type that other modules may look into")
    func inlinableIsInlined() throws {
        let declaration = /^(@\w+ )*package (final )?(struct|class|enum|protocol) (?<name>\w+)/
        let owner = /^((@\w+ )*package (final )?(struct|class|enum|protocol)|(package )?extension) (?<name>\w+)/
        var closed: Set<Substring> = []
        var inlined: [(type: Substring, place: String)] = []
        for file in SourceTree.linkedByServices {
            var current: Substring?
            for (index, line) in file.lines.enumerated() {
                if let match = line.prefixMatch(of: owner) { current = match.name }
                if let match = line.prefixMatch(of: declaration), !line.contains("@usableFromInline") {
                    closed.insert(match.name)
                }
                if line.contains("@inlinable"), let current { inlined.append((current, "\(file.path):\(index + 1)")) }
            }
        }
        #expect(!inlined.isEmpty)
        for (type, place) in inlined where closed.subtracting(Self.closedOnPurpose).contains(type) {
            Issue.record("\(place): nothing is inlined before \(type) is declared @usableFromInline package")
        }
    }

    @Test("An unchecked promise to the compiler is explained beside it")
    func uncheckedPromises() {
        for file in SourceTree.linkedByServices {
            let lines = file.lines
            for (index, line) in lines.enumerated()
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                let neighbourhood = lines[max(0, index - 12)...index]
                #expect(
                    neighbourhood.contains { $0.contains("//") },
                    "\(file.path):\(index + 1): say in a comment why this is safe")
            }
        }
    }
}

@Suite("Tidy: modules")
struct ModuleTests {
    /// The one or two modules that may touch each C library.
    private static let wrappers: [String: [String]] = [
        "CLinux": ["Shared/Reactor"],
        "CSpawn": ["Tools/LocalServers", "Shared/ServiceKit/Supervision"],
        "COpenSSL": ["Shared/TLS", "Shared/Cryptography"],
        "CNGHTTP2": ["Shared/HTTP"],
        "CRabbitMQ": ["Shared/Messaging"],
        "CPostgreSQL": ["Shared/Database"],
        "CProtobufC": ["Tools/ContractGenerator", "Tests/ContractsTests"],
        "CYAML": ["Shared/ServiceKit"],
        "CPCRE2": ["Shared/PatternMatching"],
        "CArgon2": ["Shared/Cryptography"],
        "CBrotli": ["Shared/Compression"],
        "CZlib": ["Shared/Compression"],
        "CCrashReport": ["Shared/ServiceKit"],
        "CModSecurity": ["Tools/DetectionBenchmark"],
    ]

    @Test("Every C library has its wrapper")
    func everyLibraryIsListed() {
        #expect(Set(SourceTree.folders(in: "Shared/CLibraries")) == Set(Self.wrappers.keys))
    }

    @Test("A C library is imported by its wrapper alone", arguments: wrappers.keys.sorted())
    func onlyWrappers(library: String) throws {
        let allowed = try #require(Self.wrappers[library])
        for file in SourceTree.swift where file.imports.contains(library) {
            #expect(
                allowed.contains { file.path.hasPrefix($0 + "/") },
                "\(file.path) imports \(library), which belongs to \(allowed.joined(separator: " and "))")
        }
    }

    @Test("Every shared module and every service has its tests")
    func mirrored() {
        let modules = SourceTree.folders(in: "Shared").filter { !$0.hasPrefix("C") || $0 == "Core" }
            .filter { $0 != "CLibraries" && $0 != "CContracts" }
        let withoutTests = (modules + ["Contracts", "Cryptography"] + SourceTree.folders(in: "Services")).filter {
            module in
            !SourceTree.swift.contains { $0.isBelow("Tests/\(module)Tests") && $0.text.contains("@Test") }
        }
        #expect(withoutTests.isEmpty, "these have no test in Tests/<name>Tests")
    }

    /// Ratchet: a file over the limit is listed with its size then; it may shrink, never grow.
    private static let largeFiles: [String: Int] = ["Shared/HTTP/Server/HTTPServerConnection.swift": 421]

    @Test("Files stay small enough to read at one sitting")
    func fileSizes() {
        for file in SourceTree.swift {
            let limit = Self.largeFiles[file.path] ?? (file.isBelow("Tests") ? 900 : 400)
            #expect(file.lines.count <= limit, "\(file.path) has \(file.lines.count) lines (limit \(limit)): split it")
        }
    }

    @Test("No drawer for odds and ends")
    func folderNames() {
        let banned: Set<String> = [
            "utils", "util", "helpers", "common", "extras", "misc", "manager", "new", "deprecated",
        ]
        for file in SourceTree.files where file.isBelow("Shared", "Services", "Tools", "Tests") {
            for part in file.path.split(separator: "/") {
                let stem = part.split(separator: ".").first.map { $0.lowercased() } ?? ""
                #expect(!banned.contains(stem), "\(file.path): \(part) says nothing; name what is in it")
            }
        }
    }
}
