import Foundation
import TestSupport

/// Google's protobuf for Python, asked in one batch: `peer.py` says how.
struct PythonPeer {
    struct NotInstalled: Error, CustomStringConvertible {
        let description: String
    }

    private let top = URL(fileURLWithPath: Repository.root)

    func answers(to commands: [String]) throws -> [String] {
        let python = top.appendingPathComponent(".venv/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw NotInstalled(description: ".venv with Python's protobuf is missing: run `make deps` first")
        }
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("peer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let (descriptors, input) = (scratch.appendingPathComponent("set"), scratch.appendingPathComponent("commands"))
        try run(URL(fileURLWithPath: "/usr/bin/env"), try protocArguments(output: descriptors.path))
        try commands.map { $0 + "\n" }.joined().write(to: input, atomically: true, encoding: .utf8)
        let script = top.appendingPathComponent("Tests/ContractsTests/peer.py").path
        let output = try run(python, [script, descriptors.path], input: input)
        return output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private func protocArguments(output: String) throws -> [String] {
        let roots = ["proto", "Tests/ContractsTests/proto"].map { top.appendingPathComponent($0) }
        let files = roots.flatMap { root in
            (FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? [])
                .filter { $0.hasSuffix(".proto") }
        }
        return ["protoc"] + roots.flatMap { ["-I", $0.path] }
            + ["--include_imports", "--descriptor_set_out=\(output)"] + files.sorted()
    }

    @discardableResult
    private func run(_ executable: URL, _ arguments: [String], input: URL? = nil) throws -> String {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw NotInstalled(description: "\(executable.path) \(arguments.first ?? "") failed: run `make deps` first")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
