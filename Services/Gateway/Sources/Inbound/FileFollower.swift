import Core
import Reactor
import Synchronization
import Telemetry

/// Says when one of some files was written anew, replaced, or reached through another symlink.
final class FileFollower: Sendable {
    private static let pauseAfterFailure = Duration.seconds(1)

    private let purpose: String
    private let reactor: Reactor
    private let log: Logger
    private let changed: @Sendable () async -> Void
    private let followed = Mutex<[String: TaskHandle]>([:])

    /// `purpose` is what the log calls the files.
    init(_ purpose: String, on reactor: Reactor, log: Logger, changed: @escaping @Sendable () async -> Void) {
        (self.purpose, self.reactor, self.log, self.changed) = (purpose, reactor, log, changed)
    }

    /// These and no others from now on.
    func follow(_ paths: Set<String>) {
        followed.withLock { followed in
            for (path, task) in followed where !paths.contains(path) {
                task.cancel()
                followed[path] = nil
            }
            for path in paths where followed[path] == nil {
                followed[path] = reactor.run { [self] in await watch(path) }
            }
        }
    }

    func stop() { follow([]) }

    private func watch(_ path: String) async {
        while !Task.isCancelled {
            do {
                let file = try await FileWatch(path, on: reactor)
                // What changed between the last reading and the first watching.
                await changed()
                while true {
                    try await file.next()
                    await changed()
                }
            } catch {
                guard !Task.isCancelled else { return }
                log.warning(
                    "a file is not watched",
                    ["of": .string(purpose), "file": .string(path), "error": .error(error)])
                try? await Reactor.sleep(for: Self.pauseAfterFailure)
            }
        }
    }
}
