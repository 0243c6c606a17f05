import Core
import Glibc
import ServiceKit
import Telemetry

/// A folder whose files are lists of indicators: `*.txt` (plain), `*.csv`, `*.json` (STIX). A file that changed is taken
/// in again, one that is gone is forgotten. A ConfigMap may be mounted there.
final class IndicatorFolder: Sendable {
    /// Sources that come from here; nobody else may name his so.
    static let prefix = "folder:"
    private static let mostFiles = 64

    private let path: String
    private let lifetime: Duration
    private let store: IndicatorStore
    private let log: Logger
    private let clock: any WallClock

    init(_ path: String, lifetime: Duration, _ store: IndicatorStore, _ log: Logger, clock: any WallClock) {
        (self.path, self.lifetime, self.store, self.log, self.clock) = (path, lifetime, store, log, clock)
    }

    /// What is in the database already is left alone, so that replicas with the same folder do the work once.
    func look() async throws {
        let names = try fileNames()
        let known = try await store.digests().filter { $0.key.hasPrefix(Self.prefix) }
        for name in names {
            let source = Self.prefix + name
            guard let format = IndicatorReader.Format(fileName: name) else { continue }
            let content = try SmallFile.read("\(path)/\(name)", upTo: IndicatorReader.maximumLength)
            // A list is taken in anew every half of its lifetime, so that what is still listed does not expire.
            let age = UInt64(max(0, clock.now.seconds)) / UInt64(max(1, lifetime.wholeMilliseconds / 2_000))
            let digest = SeededHash(seed: age).hash(content)
            if known[source] != digest { try await take(content, format, source, digest) }
        }
        for source in known.keys where !names.contains(String(source.dropFirst(Self.prefix.count))) {
            try await store.remove(source)
            log.info("a list of indicators is gone", ["source": .string(source)])
        }
    }

    private func take(
        _ content: [UInt8], _ format: IndicatorReader.Format, _ source: String, _ digest: UInt64
    ) async throws {
        let result = IndicatorReader.read(content, format, source: source, at: clock.now, lifetime: lifetime)
        guard !result.indicators.isEmpty || result.skipped == 0 else {
            log.warning(
                "a list of indicators cannot be read; the one before stays",
                ["source": .string(source), "reason": .string(result.problems.first ?? "")])
            return
        }
        try await store.replace(source, result.indicators, digest: digest)
        log.info(
            "a list of indicators was taken in",
            [
                "source": .string(source), "indicators": .int(result.indicators.count),
                "skipped": .int(result.skipped),
            ])
    }

    private func fileNames() throws(FileFailure) -> Set<String> {
        guard let folder = unsafe opendir(path) else {
            throw FileFailure(reason: "the folder \(path) cannot be read; check intelligence.folder")
        }
        defer { unsafe closedir(folder) }
        var names: Set<String> = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix("."), name.utf8.count <= 64, names.count < Self.mostFiles { names.insert(name) }
        }
        return names
    }
}
