internal import Foundation

/// From .proto files to Swift: runs protoc, reads its descriptors, checks our rules, writes the source.
struct ContractGenerator {
    /// The folder that imports are relative to.
    var protoRoot: URL
    var importsContracts = false
    /// Where `infinite/common/v1/field.proto` is found when `protoRoot` is not the contracts' own.
    var includes: [URL] = []

    func schema() throws -> Schema {
        let schema = try SchemaReader.read(try descriptorSet())
        try SchemaValidator(schema: schema).validate()
        return schema
    }

    func generate() throws -> [(name: String, text: String)] {
        SwiftEmitter(schema: try schema(), importsContracts: importsContracts).emit()
    }

    /// The names of generated files in `folder` that differ from what the contracts say now, or should not be there.
    func outdatedFiles(in folder: URL) throws -> [String] {
        let expected = Dictionary(uniqueKeysWithValues: try generate().map { ($0.name, $0.text) })
        let present = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        return Set(expected.keys).union(present).sorted().filter { name in
            let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            return text != expected[name]
        }
    }

    func write(to folder: URL) throws {
        let files = try generate()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in try outdatedFiles(in: folder) {
            let place = folder.appendingPathComponent(name)
            if let file = files.first(where: { $0.name == name }) {
                try file.text.write(to: place, atomically: true, encoding: .utf8)
            } else {
                try FileManager.default.removeItem(at: place)
            }
        }
    }

    private func protoFiles() -> [String] {
        let paths = FileManager.default.enumerator(atPath: protoRoot.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".proto") }.sorted()
    }

    private func descriptorSet() throws -> [UInt8] {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent("contracts-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        let protoc = Process()
        protoc.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let roots = ([protoRoot] + includes).flatMap { ["-I", $0.path] }
        protoc.arguments =
            ["protoc"] + roots + ["--include_source_info", "--descriptor_set_out=\(output.path)"] + protoFiles()
        let errors = Pipe()
        protoc.standardError = errors
        try protoc.run()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        protoc.waitUntilExit()
        guard protoc.terminationStatus == 0 else {
            throw GeneratorFailure.protocFailed(String(decoding: complaint, as: UTF8.self))
        }
        return Array(try Data(contentsOf: output))
    }
}
