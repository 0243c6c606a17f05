/// Everything the processes say, line by line: into one file each, and with a coloured prefix to the terminal.
///
/// While the boot display owns the terminal, lines go to the files only.
internal import Foundation
internal import Glibc
internal import LocalServers
internal import Synchronization

final class LogPrinter: Sendable {
    private struct State {
        var isQuiet = true
        var files: [String: LogFile] = [:]
        var colours: [String: Int] = [:]
    }

    static let isTerminal = isatty(STDOUT_FILENO) == 1
    private static let palette = [36, 35, 33, 32, 34, 95, 96, 93, 92, 94]

    private let folder: String
    private let state = Mutex(State())

    init(folder: String) {
        self.folder = folder
    }

    func setQuiet(_ isQuiet: Bool) { state.withLock { $0.isQuiet = isQuiet } }
    func path(_ name: String) -> String { "\(folder)/\(name).log" }

    func write(_ line: String, from name: String) {
        state.withLock { state in
            state.files[name, default: LogFile(path: path(name))].append(line)
            if !state.isQuiet { Terminal.write(prefixed(line, name, &state) + "\n") }
        }
    }

    /// A pipe for a child; what arrives is written line by line until the last writer closes it.
    func pipe(for name: String) throws(LocalServerFailure) -> LogPipe {
        var ends: [Int32] = [0, 0]
        // No other child inherits these: ProcessLaunch closes everything but the standard three.
        guard unsafe Glibc.pipe(&ends) == 0 else { throw .system(operation: "opening a pipe", code: errno) }
        let reading = ends[0]
        let (ended, end) = AsyncStream<Void>.makeStream()
        Thread.detachNewThread {
            self.copyLines(from: reading, name)
            end.finish()
        }
        return LogPipe(writingEnd: ends[1], ended: ended)
    }

    private func copyLines(from descriptor: Int32, _ name: String) {
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var rest: [UInt8] = []
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            rest += buffer[..<count]
            let lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            for line in lines.dropLast() { write(String(decoding: line, as: UTF8.self), from: name) }
            // A line longer than this is cut: no child can make us hold more.
            rest = Array(lines.last?.prefix(65_536) ?? [])
        }
        if !rest.isEmpty { write(String(decoding: rest, as: UTF8.self), from: name) }
    }

    private func prefixed(_ line: String, _ name: String, _ state: inout State) -> String {
        let padded = name.padding(toLength: max(17, name.count), withPad: " ", startingAt: 0)
        guard Self.isTerminal else { return "\(padded) | \(line)" }
        let colour = state.colours[name] ?? Self.palette[state.colours.count % Self.palette.count]
        state.colours[name] = colour
        return "\u{1b}[\(colour)m\(padded)\u{1b}[0m │ \(line)"
    }
}

/// The writing end of a pipe whose lines are copied to a log.
struct LogPipe: Sendable {
    /// Whoever asked for the pipe closes it.
    let writingEnd: Int32
    fileprivate let ended: AsyncStream<Void>

    /// Waits until everything has been copied; no longer than `limit`, because a child's own child may hold the pipe.
    func waitUntilCopied(limit: Duration) async {
        await withTaskGroup { group in
            group.addTask { for await _ in ended {} }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}

/// A log file that starts anew at 16 MiB, keeping one predecessor.
private struct LogFile {
    private static let limitBytes = 16 << 20
    private let path: String
    private var descriptor: Int32
    private var sizeBytes: Int

    init(path: String) {
        self.path = path
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        sizeBytes = Int(lseek(descriptor, 0, SEEK_END))
    }

    mutating func append(_ line: String) {
        if sizeBytes > Self.limitBytes {
            close(descriptor)
            _ = unsafe rename(path, path + ".1")
            self = LogFile(path: path)
        }
        let bytes = Array((line + "\n").utf8)
        sizeBytes += unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}

enum Terminal {
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(STDOUT_FILENO, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
            guard count > 0 else { return }
            written += count
        }
    }

    static func bold(_ text: String) -> String { LogPrinter.isTerminal ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
    static func faint(_ text: String) -> String { LogPrinter.isTerminal ? "\u{1b}[2m\(text)\u{1b}[0m" : text }
}
