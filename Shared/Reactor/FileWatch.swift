internal import CLinux
package import Core
internal import Glibc
internal import Synchronization

/// Tells when what one of some paths leads to has changed: written anew, replaced by a rename, or reached through another
/// symlink; of a directory, when an entry came or went. All paths share one inotify descriptor: a user has few of them.
///
/// Kubernetes updates a mounted ConfigMap by renaming a symlink (`..data`) beside the files, so the files' own inodes
/// never change. What is watched is therefore the directory of every step of the path's resolution, and what is reported
/// is a different identity (device, inode, size, time of change) at its end.
package final class FileWatch: Sendable {
    /// Events come in bursts (create, write, rename); one report is enough.
    private static let settleTime = Duration.milliseconds(20)
    /// A directory that is missing cannot be watched, so it is looked for at this pace.
    private static let missingDirectoryPace = Duration.seconds(1)
    private static let longestChain = 40

    package let paths: Set<String>
    private let descriptor: Int32
    private let watch: FileDescriptorWatch
    private let reported: Mutex<[String: Identity]>

    private struct Identity: Equatable, Sendable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var changedNanoseconds: Int64
    }

    package init(_ paths: Set<String>, on reactor: Reactor) async throws(ReactorFailure) {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw .last("inotify_init1") }
        do {
            watch = try await reactor.perform { () throws(ReactorFailure) in
                try FileDescriptorWatch(descriptor, on: reactor)
            }
        } catch {
            close(descriptor)
            throw error
        }
        self.paths = paths
        self.descriptor = descriptor
        _ = Self.watchDirectories(of: paths, with: descriptor)
        reported = Mutex(Self.identities(of: paths))
    }

    deinit {
        watch.reactor.onLoop { [watch, descriptor] _ in
            watch.close()
            close(descriptor)
        }
    }

    /// Returns when a file differs from what it was at the last return (or at the start). One caller at a time.
    package func next(deadline: Deadline = .never) async throws(StreamFailure) {
        try await watch.reactor.perform { () async throws(StreamFailure) in
            while true {
                let isComplete = Self.watchDirectories(of: paths, with: descriptor)
                if isNews(Self.identities(of: paths)) { return }
                let pace = isComplete ? deadline : min(deadline, .after(Self.missingDirectoryPace))
                try await waitForEvents(until: pace, deadline: deadline)
            }
        }
    }

    /// A file that is gone is none: it may be on its way back.
    private func isNews(_ found: [String: Identity]) -> Bool {
        reported.withLock { reported in
            let fresh = reported.merging(found) { _, found in found }
            defer { reported = fresh }
            return fresh != reported
        }
    }

    private func waitForEvents(until pace: Deadline, deadline: Deadline) async throws(StreamFailure) {
        do throws(StreamFailure) {
            try await watch.waitReadable(deadline: pace)
        } catch {
            guard error == .deadlineExceeded, !deadline.hasPassed else { throw error }
            return
        }
        do { try await Reactor.sleep(for: Self.settleTime) } catch { throw .cancelled }
        drain()
    }

    /// What the events say does not matter: the identity decides.
    private func drain() {
        unsafe withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 8) { buffer in
            while unsafe read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
        }
    }

    /// Watching a directory twice changes nothing. False when one of them is missing.
    private static func watchDirectories(of paths: Set<String>, with descriptor: Int32) -> Bool {
        let events = UInt32(
            IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF)
        var isComplete = true
        for directory in directories(ofResolving: paths) {
            let number = unsafe inotify_add_watch(descriptor, directory, events)
            isComplete = isComplete && number >= 0
        }
        // Where a path is a directory itself, what comes and goes in it counts; a file is refused, which is right.
        for path in paths { _ = unsafe inotify_add_watch(descriptor, path, events | UInt32(IN_ONLYDIR)) }
        return isComplete
    }

    /// The files' own directories, and that of every symlink on the way to them.
    private static func directories(ofResolving paths: Set<String>) -> Set<String> {
        var found: Set<String> = []
        var pending = Array(paths)
        var seen: Set<String> = []
        var steps = 0
        while let next = pending.popLast(), steps < longestChain * paths.count {
            steps += 1
            found.insert(split(next).directory)
            for prefix in prefixes(of: next) where seen.insert(prefix).inserted {
                guard let target = readLink(prefix) else { continue }
                let directory = split(prefix).directory
                found.insert(directory)
                pending.append(target.hasPrefix("/") ? target : "\(directory)/\(target)")
            }
        }
        return found
    }

    /// `/a/b/c`: `/a`, `/a/b`, `/a/b/c`.
    private static func prefixes(of path: String) -> [String] {
        path.indices.filter { path[$0] == "/" && $0 != path.startIndex }.map { String(path[..<$0]) } + [path]
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }

    private static func readLink(_ path: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4_096) { buffer in
            let count = unsafe buffer.withMemoryRebound(to: CChar.self) { characters -> Int in
                guard let start = characters.baseAddress else { return -1 }
                return unsafe readlink(path, start, characters.count)
            }
            return count > 0 ? unsafe String(decoding: buffer.prefix(count), as: UTF8.self) : nil
        }
    }

    private static func identities(of paths: Set<String>) -> [String: Identity] {
        var found: [String: Identity] = [:]
        for path in paths { found[path] = identity(of: path) }
        return found
    }

    private static func identity(of path: String) -> Identity? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Identity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            changedNanoseconds: Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec))
    }
}
