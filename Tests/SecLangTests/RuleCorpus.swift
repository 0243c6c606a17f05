import Foundation
import Inspection
import TestSupport
import Testing

/// The Core Rule Set and its tests, which stand beside the repository and are no part of it.
enum RuleCorpus {
    static var root: String { Repository.root + "/../shared/corpora" }

    /// Vectors that the authors of another engine test operators and transformations with.
    static let vectors = "vectors/coraza-operator-transformation-vectors.tar.gz"

    static func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// A version of the rule set with its tests.
    enum Version: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case debian = "3.3.4"
        case current = "4.28.0"

        var testDescription: String { rawValue }
        var testArchive: String { "crs-tests/crs-v\(rawValue)-regression-tests.tar.gz" }

        /// Why this version's suite cannot run here; nil if it can.
        var obstacle: String? {
            guard has(testArchive) else { return "../shared/corpora/\(testArchive) is not there" }
            switch self {
            case .debian:
                let exists = FileManager.default.fileExists(atPath: "/usr/share/modsecurity-crs/rules")
                return exists ? nil : "Debian's package modsecurity-crs is not installed"
            case .current:
                return has("crs-rules/crs-v4.28.0-rules.tar.gz") ? nil : "the archive of CRS 4.28.0 is not there"
            }
        }

        /// Runs `body` with the files to load, in order, after the preface.
        func withRules<Result>(_ body: ([String]) throws -> Result) throws -> Result {
            if self == .debian {
                return try body([
                    "/etc/modsecurity/crs/crs-setup.conf", "preface.conf", "/usr/share/modsecurity-crs/rules/*.conf",
                ])
            }
            let folder = try RuleCorpus.unpacked("crs-rules/crs-v4.28.0-rules.tar.gz")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            return try body(["\(folder)/crs-setup.conf.example", "preface.conf", "\(folder)/rules/*.conf"])
        }

        /// The program, with a preface between the set-up and the rules.
        func program(preface: String) throws -> SecLangProgram {
            try withRules { files in
                let source = SecLangSource(
                    read: { $0 == "preface.conf" ? Array(preface.utf8) : SecLangSource.files.read($0) },
                    expand: { $0 == "preface.conf" ? [$0] : SecLangSource.files.expand($0) })
                return try SecLangProgram(files: files, from: source)
            }
        }
    }

    static func unpacked(_ archive: String) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("seclang-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try output(of: "/usr/bin/tar", ["-xzf", root + "/" + archive, "-C", folder])
        return folder
    }

    static func output(of program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Missing(description: "\(program) \(arguments) ended with \(process.terminationStatus)")
        }
        return data
    }
}

/// One stage of one regression test: `corpus.py` writes them.
struct RegressionCase: Decodable, Sendable {
    struct Request: Decodable, Sendable {
        var method: String
        var target: Data
        var version: String
        var headers: [[String]]
        var body: Data
    }

    struct Response: Decodable, Sendable {
        var status: Int
        var headers: [[String]]
        var body: Data
    }

    var name: String
    var stage: Int
    var request: Request
    var response: Response
    var expect: [Int]
    var refuse: [Int]
    var status: [Int]
    var error: Bool

    static func load(_ version: RuleCorpus.Version) throws -> [RegressionCase] {
        let script = Repository.root + "/Tests/SecLangTests/corpus.py"
        let data = try RuleCorpus.output(of: "/usr/bin/python3", [script, RuleCorpus.root + "/" + version.testArchive])
        let decoder = JSONDecoder()
        return try data.split(separator: 0x0a).map { try decoder.decode(RegressionCase.self, from: Data($0)) }
    }

    var inspectedRequest: InspectedRequest {
        InspectedRequest(
            method: request.method, target: Array(request.target), headers: Self.headers(request.headers),
            body: Array(request.body))
    }

    var inspectedResponse: InspectedResponse {
        InspectedResponse(status: response.status, headers: Self.headers(response.headers), body: Array(response.body))
    }

    private static func headers(_ pairs: [[String]]) -> [InspectedRequest.Header] {
        pairs.map { InspectedRequest.Header($0[0], Array(Data(base64Encoded: $0[1]) ?? Data())) }
    }
}
