/// Folders and files of the private servers: created for the account that uses them, secrets readable by it alone.
internal import Foundation
internal import Glibc

package enum PrivateFiles {
    package static func makeFolder(_ path: String, account: ServerAccount?, mode: UInt32 = 0o700)
        throws(LocalServerFailure)
    {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .system(operation: "creating the folder \(path)", code: errno)
        }
        try account?.takeOwnership(of: path)
        guard unsafe chmod(path, mode) == 0 else { throw .system(operation: "chmod \(path)", code: errno) }
    }

    /// Writes a file of mode 0600 in one step: readers see the old content or the new, never a part.
    package static func write(_ text: String, to path: String, account: ServerAccount? = nil, mode: UInt32 = 0o600)
        throws(LocalServerFailure)
    {
        let unfinished = path + ".new"
        unsafe unlink(unfinished)
        let file = unsafe open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw .system(operation: "creating \(path)", code: errno) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(file, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
            guard count > 0 else { throw .system(operation: "writing \(path)", code: errno) }
            written += count
        }
        try account?.takeOwnership(of: unfinished)
        guard unsafe rename(unfinished, path) == 0 else { throw .system(operation: "replacing \(path)", code: errno) }
    }

    package static func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    package static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    /// Removes a folder of thousands of files, in a process of its own that nobody waits for.
    package static func removeInBackground(_ path: String) {
        let launch = ProcessLaunch(
            name: "rm", program: "/bin/sh", arguments: ["-c", #"rm -rf "$0" &"#, path], output: .file("/dev/null"))
        guard let shell = try? launch.spawn() else { return remove(path) }
        var status: Int32 = 0
        while unsafe waitpid(shell, &status, 0) < 0, errno == EINTR {}
    }

    /// The last lines of a log, for the message of a failure.
    package static func tail(_ path: String, lines: Int = 15) -> String {
        (read(path) ?? "(no log was written)").split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    /// A value made once and kept: a password, a port.
    package static func remembered(
        _ path: String, account: ServerAccount?, make: () throws(LocalServerFailure) -> String
    ) throws(LocalServerFailure) -> String {
        if let kept = read(path), !kept.isEmpty { return kept }
        let value = try make()
        try write(value, to: path, account: account)
        return value
    }
}
