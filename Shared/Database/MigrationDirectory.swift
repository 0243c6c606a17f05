package import Core
internal import Glibc

/// Where a service finds its `Migrations/` (see docs/decisions on migrations): the configured directory, or the one
/// that is shipped with the program.
package enum MigrationDirectory {
    private static let maximumFileSize = 1 << 20
    private static let maximumFiles = 10_000

    package static func find(for service: ServiceName, configured: String?) throws(DatabaseFailure) -> String {
        if let configured {
            guard ShippedFolder.isFolder(configured) else {
                throw .migration("database.migrations: \(configured) is no directory")
            }
            return configured
        }
        let found = ShippedFolder.find(
            shipped: "\(service.operatorName)/Migrations", source: "Services/\(folderName(of: service))/Migrations")
        guard let found else {
            throw .migration(
                "no Migrations directory was found near \(ShippedFolder.executable); set database.migrations to it")
        }
        return found
    }

    /// The migrations of `directory` in order; numbers must be 1, 2, 3, … without a gap.
    package static func read(_ directory: String) throws(DatabaseFailure) -> [Migration] {
        var migrations: [Migration] = []
        for name in try fileNames(in: directory).sorted() {
            migrations.append(try Migration.parse(fileName: name, text: try readText("\(directory)/\(name)")))
        }
        for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
            throw .migration("\(directory): \(migration.title) should have the number \(index + 1)")
        }
        return migrations
    }

    /// The folder below `Services/`: `agent-coordinator` lives in `AgentCoordinator`.
    package static func folderName(of service: ServiceName) -> String {
        service.operatorName.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func fileNames(in directory: String) throws(DatabaseFailure) -> [String] {
        guard let handle = unsafe opendir(directory) else { throw .migration("\(directory) cannot be read") }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle), names.count < maximumFiles {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func readText(_ path: String) throws(DatabaseFailure) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .migration("\(path) cannot be opened") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumFileSize + 1)
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            }
            guard count >= 0 else { throw .migration("\(path) cannot be read") }
            if count == 0 { break }
            filled += count
        }
        guard filled <= maximumFileSize, let text = String(validating: bytes.prefix(filled), as: UTF8.self) else {
            throw .migration("\(path) is larger than 1 MiB or not UTF-8")
        }
        return text
    }
}
