import Core
import Glibc
import Inspection
import JSON
import ServiceKit

/// `detector replay [--settings FILE] [--text-model FILE] [--core-rule-set FOLDER …] FILE…`: judges recorded traffic,
/// offline: the gateway's access log, one JSON line a request. With options a second time as a candidate with these would
/// (settings are a file with the configuration's keys `behaviour.*` and the like), and what would be different.
enum ReplayVerb {
    private static let usage = """
        usage: detector replay [--settings FILE.yaml] [--text-model FILE] [--core-rule-set FOLDER [--setup-file FILE]
               [--paranoia-level 1…4] [--rules-before FILE]… [--rules-after FILE]…] FILE.jsonl… (the gateway's access log)

        """
    private static let shownClients = 20

    /// What a candidate would change.
    struct Arguments: Equatable {
        var settingsFile: String?
        var modelFile: String?
        var rules: CoreRuleSet?
        var files: [String] = []

        var hasCandidate: Bool { settingsFile != nil || modelFile != nil || rules != nil }

        /// Nil for what is no call of this verb.
        init?(_ words: [String]) {
            var rest = words[...]
            while let word = rest.popFirst() {
                guard word.hasPrefix("--") else {
                    files.append(word)
                    continue
                }
                guard let value = rest.popFirst() else { return nil }
                switch word {
                case "--settings": settingsFile = value
                case "--text-model": modelFile = value
                default:
                    var rules = rules ?? CoreRuleSet(folder: "")
                    guard ExplainVerb.set(word, value, &rules) else { return nil }
                    self.rules = rules
                }
            }
            // The other options say nothing without a rule set.
            guard !files.isEmpty, rules?.folder.isEmpty != true else { return nil }
        }
    }

    static func run(_ words: [String]) -> Never {
        guard let arguments = Arguments(words) else { OfflineVerb.end(usage, status: 64) }
        do {
            let base = Detection.Settings()
            let settings = try arguments.settingsFile.map { file in
                try CandidateSettings.read(bytes(of: file), file: file, base: base)
            }
            var replay = try Replay(
                candidate: arguments.hasCandidate ? settings ?? base : nil,
                model: try arguments.modelFile.map { try InspectionModel(bytes(of: $0)) },
                rules: try arguments.rules.map { try RuleSetInForce(try $0.load()) })
            for file in arguments.files {
                let isRead = LineFile.read(file) { replay.add($0) }
                guard isRead else { OfflineVerb.end("detector: \(file) cannot be read\n", status: 66) }
            }
            OfflineVerb.say(replay.report(clients: shownClients))
            exit(0)
        } catch {
            OfflineVerb.end("detector: \(error)\n", status: 65)
        }
    }

    private static func bytes(of file: String) -> [UInt8] {
        guard let bytes = OfflineVerb.read(file) else {
            OfflineVerb.end("detector: \(file) cannot be read\n", status: 66)
        }
        return bytes
    }
}

/// A file of any length, line by line.
private enum LineFile {
    private static let longestLine = 64 << 10

    static func read(_ path: String, _ use: (ArraySlice<UInt8>) -> Void) -> Bool {
        let descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var rest: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else {
                if !rest.isEmpty { use(rest[...]) }
                return count == 0
            }
            rest += buffer.prefix(count)
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: 0x0a) {
                use(rest[start..<end])
                start = end + 1
            }
            rest.removeFirst(start)
            // No line of ours is so long: what it begins is given up.
            if rest.count > longestLine { rest.removeAll() }
        }
    }
}
