/// The patience with a server that starts: polls pass through here until the limit, which fails with the log's end.
internal import Core

package struct StartLimit {
    let server: String
    let limit: Duration
    let log: String
    let deadline: Deadline

    package init(server: String, limit: Duration, log: String) {
        self.server = server
        self.limit = limit
        self.log = log
        deadline = .after(limit)
    }

    package func pause(_ duration: Duration = .milliseconds(20)) async throws(LocalServerFailure) {
        guard !deadline.hasPassed, (try? await Task.sleep(for: duration)) != nil else {
            throw .notReadyInTime(
                server: server, seconds: Int(limit.components.seconds), log: PrivateFiles.tail(log))
        }
    }

    /// Before the next attempt with a server that stopped at once; what stops it three seconds long is no race.
    func pause(after child: ChildProcess) async throws(LocalServerFailure) {
        guard limit - deadline.remaining < .seconds(3) else {
            throw .exitedDuringStart(
                server: server, exit: child.exit ?? .code(0), log: PrivateFiles.tail(log))
        }
        try await pause(.milliseconds(200))
    }
}
