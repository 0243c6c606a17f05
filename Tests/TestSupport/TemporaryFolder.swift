internal import Core
internal import Foundation

/// A folder of a test's own, and files in it.
package struct TemporaryFolder: Sendable {
    package let path: String

    package init(_ purpose: String) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("\(purpose)-\(UUIDv7())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// By a rename: nobody reads half of it.
    package func write(_ name: String, _ text: String) throws {
        try text.write(toFile: file(name), atomically: true, encoding: .utf8)
    }

    package func writeInPlace(_ name: String, _ text: String) throws {
        try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    }

    package func delete(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

    /// As the kubelet lays out a ConfigMap: `name` → `..data/name`, and `..data` → a folder that is another each time,
    /// swapped by a rename.
    package func publish(_ name: String, _ text: String) throws {
        let version = "..\(UUIDv7())"
        let files = FileManager.default
        try files.createDirectory(atPath: file(version), withIntermediateDirectories: false)
        try writeInPlace("\(version)/\(name)", text)
        try files.createSymbolicLink(atPath: file("..data_tmp"), withDestinationPath: version)
        guard unsafe rename(file("..data_tmp"), file("..data")) == 0 else { throw CocoaError(.fileWriteUnknown) }
        if (try? files.destinationOfSymbolicLink(atPath: file(name))) == nil {
            try files.createSymbolicLink(atPath: file(name), withDestinationPath: "..data/\(name)")
        }
    }
}
