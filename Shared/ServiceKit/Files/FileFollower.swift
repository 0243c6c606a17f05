internal import Core
package import Reactor
internal import Synchronization
package import Telemetry

/// Says when one of some files was written anew, replaced, or reached through another symlink.
package final class FileFollower: Sendable {
    private static let pauseAfterFailure = Duration.seconds(1)

    private struct Following {
        var paths: Set<String> = []
        var task: TaskHandle?
    }

    private let subject: String
    private let reactor: Reactor
    private let log: Logger
    private let changed: @Sendable () async -> Void
    private let following = Mutex(Following())

    /// `subject` is what the log calls the files.
    package init(_ subject: String, on reactor: Reactor, log: Logger, changed: @escaping @Sendable () async -> Void) {
        (self.subject, self.reactor, self.log, self.changed) = (subject, reactor, log, changed)
    }

    /// These and no others from now on. `changed` is called once at the beginning too: for what happened before.
    package func follow(_ paths: Set<String>) {
        following.withLock { following in
            guard paths != following.paths else { return }
            following.task?.cancel()
            following.paths = paths
            following.task = paths.isEmpty ? nil : reactor.run { [self] in await watch(paths) }
        }
    }

    package func stop() { follow([]) }

    private func watch(_ paths: Set<String>) async {
        while !Task.isCancelled {
            do {
                let files = try await FileWatch(paths, on: reactor)
                // What changed between the last reading and the first watching.
                await changed()
                while true {
                    try await files.next()
                    await changed()
                }
            } catch {
                guard !Task.isCancelled else { return }
                log.warning("files are not watched", ["of": .string(subject), "error": .error(error)])
                try? await Reactor.sleep(for: Self.pauseAfterFailure)
            }
        }
    }
}
