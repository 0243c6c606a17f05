package import Inspection
package import ServiceKit
package import Telemetry

/// Keeps the learned model of an engine the same as its file.
package final class TextModelKeeper: FollowsFiles {
    package let files: FileKeeper<[UInt8]>

    /// Reads the file for the first time; what is wrong then stops the start.
    package init(_ path: String, for engine: InspectionEngine, log: Logger) throws {
        let first = try SmallFile.read(path, upTo: InspectionModel.maximumFileBytes)
        let name = try engine.use(bytes: first)
        log.info("a text model is in force", ["name": .string(name), "file": .string(path)])
        files = FileKeeper("text model", first, files: { _ in [path] }, log: log) { known, _ in
            let bytes = try SmallFile.read(path, upTo: InspectionModel.maximumFileBytes)
            guard bytes != known else { return nil }
            let name = try engine.use(bytes: bytes)
            known = bytes
            return ["name": .string(name), "file": .string(path)]
        }
    }
}
