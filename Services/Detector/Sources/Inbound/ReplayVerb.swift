import Core
import Glibc
import Inspection
import JSON
import ServiceKit

/// `detector replay [--settings FILE] FILE…`: judges recorded traffic, offline: the gateway's access log, one JSON line a
/// request. With `--settings` (a file with the configuration's keys `behaviour.*` and the like) a second time under
/// those, and what would be different.
enum ReplayVerb {
    private static let usage = "usage: detector replay [--settings FILE.yaml] FILE.jsonl… (the gateway's access log)\n"
    private static let shownClients = 20

    static func run(_ arguments: [String]) -> Never {
        var files = arguments
        var settings: Detection.Settings?
        do {
            if files.first == "--settings" {
                guard files.count >= 2, let bytes = OfflineVerb.read(files[1]) else {
                    OfflineVerb.end(usage, status: 64)
                }
                settings = try CandidateSettings.read(bytes, file: files[1], base: Detection.Settings())
                files.removeFirst(2)
            }
            guard !files.isEmpty else { OfflineVerb.end(usage, status: 64) }
            var replay = try Replay(candidate: settings)
            for file in files {
                let isRead = LineFile.read(file) { replay.add($0) }
                guard isRead else { OfflineVerb.end("detector: \(file) cannot be read\n", status: 66) }
            }
            OfflineVerb.say(replay.report(clients: shownClients))
            exit(0)
        } catch {
            OfflineVerb.end("detector: \(error)\n", status: 65)
        }
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
