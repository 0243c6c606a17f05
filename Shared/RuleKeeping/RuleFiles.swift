internal import Cryptography
internal import Inspection
internal import Synchronization

/// What was read to load a rule set: every file with its digest, every pattern with what it stood for. So that another
/// look can tell whether reading it all again would give anything else.
struct RuleFiles: Sendable {
    private(set) var digests: [String: [UInt8]] = [:]
    private(set) var patterns: [String: [String]] = [:]

    /// A source that notes what it is asked for.
    final class Recorder: Sendable {
        private let files = Mutex(RuleFiles())
        private let source: SecLangSource

        init(_ source: SecLangSource) { self.source = source }

        var recorded: RuleFiles { files.withLock { $0 } }

        var recordingSource: SecLangSource {
            SecLangSource(
                read: { [self] path in
                    let bytes = source.read(path)
                    files.withLock { $0.digests[path] = bytes.map { SHA256.hash($0) } ?? [] }
                    return bytes
                },
                expand: { [self] pattern in
                    let paths = source.expand(pattern)
                    files.withLock { $0.patterns[pattern] = paths }
                    return paths
                })
        }
    }

    /// Of everything together.
    var digest: [UInt8] {
        var all: [UInt8] = []
        for path in digests.keys.sorted() {
            all += path.utf8
            all.append(0)
            all += digests[path] ?? []
        }
        return SHA256.hash(all)
    }

    /// What to look at for a change: the files, and the folders in which a pattern may find others.
    var paths: Set<String> { Set(digests.keys).union(patterns.keys.map(Self.folder)) }

    private static func folder(of pattern: String) -> String {
        let fixed = pattern.prefix { !"*?[".contains($0) }
        guard let slash = fixed.lastIndex(of: "/") else { return "." }
        return slash == fixed.startIndex ? "/" : String(fixed[..<slash])
    }

    func isUnchanged(_ source: SecLangSource) -> Bool {
        patterns.allSatisfy { source.expand($0.key) == $0.value }
            && digests.allSatisfy { path, digest in (source.read(path).map { SHA256.hash($0) } ?? []) == digest }
    }
}
