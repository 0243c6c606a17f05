internal import Core
package import Reactor
internal import Synchronization
package import Telemetry

/// Keeps what is in force the same as the files it comes from: they are read again when somebody says so (a signal, a
/// word on the bus) and when one of them changes, ConfigMaps included. What is good is used at once; what is not is told,
/// and what was in force stays.
///
/// Reading happens on a thread of its own, one at a time: a large file holds up no request.
package final class FileKeeper<Value: Sendable>: Sendable {
    /// Reads the files and puts what they say in force, or throws why not. Gets and leaves what is known of what is in
    /// force; returns what the log says of it, nil when the files say nothing new.
    package typealias Read = @Sendable (_ value: inout Value, _ origin: String) throws -> LogFields?

    private struct State {
        var value: Value
        var refused: FileRefusal?
        var follower: FileFollower?
    }

    private let subject: String
    private let files: @Sendable (Value) -> Set<String>
    private let log: Logger
    private let concluded: @Sendable (FileOutcome) -> Void
    private let read: Read
    private let threads = BlockingThreads(maximum: 1, queueLimit: 16)
    /// Held as long as reading takes: only by threads that may wait.
    private let reading = Mutex(())
    private let state: Mutex<State>

    /// `subject` is what the log calls the files, `first` what was read at the start: what is wrong then is no matter of
    /// a keeper, it stops the start.
    package init(
        _ subject: String, _ first: Value, files: @escaping @Sendable (Value) -> Set<String>, log: Logger,
        concluded: @escaping @Sendable (FileOutcome) -> Void = { _ in }, read: @escaping Read
    ) {
        (self.subject, self.files, self.log) = (subject, files, log)
        (self.concluded, self.read) = (concluded, read)
        state = Mutex(State(value: first))
    }

    /// What is known of what is in force.
    package var value: Value { state.withLock { $0.value } }

    /// Of the files as they were when last read; nil when they are in force.
    package var refused: FileRefusal? { state.withLock { $0.refused } }

    /// `origin` says why: "signal", "file", "bus".
    @discardableResult
    package func reload(because origin: String) async -> FileOutcome {
        // As many readings as may wait do wait: one of them will see this change too.
        (try? await threads.run { [self] in readAgain(because: origin) }) ?? .same
    }

    private func readAgain(because origin: String) -> FileOutcome {
        let about: LogFields = ["of": .string(subject), "because": .string(origin)]
        do {
            guard let told = try change({ value throws in try read(&value, origin) }) else { return .same }
            log.info("files that changed are in force", about.merging(told))
            return .used
        } catch {
            let refusal = FileRefusal(error)
            state.withLock { $0.refused = refusal }
            concluded(.refused)
            log.error(
                "files that changed are not used, the old ones stay in force",
                about.merging(["problems": .list(refusal.problems)]))
            return .refused
        }
    }

    /// Puts in force what comes from elsewhere, between two readings; what it throws changes nothing. To be called where
    /// waiting is allowed.
    @discardableResult
    package func change<Failure: Error>(
        _ work: (inout Value) throws(Failure) -> LogFields?
    ) throws(Failure) -> LogFields? {
        try reading.withLock { _ throws(Failure) in
            var value = value
            let told = try work(&value)
            let follower = state.withLock { state in
                (state.value, state.refused) = (value, nil)
                return state.follower
            }
            follower?.follow(files(value))
            concluded(told == nil ? .same : .used)
            return told
        }
    }

    /// Puts in force what does not come from the files, and leaves what is said of them. What it throws changes nothing.
    package func amend(_ work: @escaping @Sendable (inout Value) throws -> Void) async throws {
        let done: Result<Void, any Error> = try await threads.run { [self] in
            reading.withLock { _ in
                Result {
                    var value = value
                    try work(&value)
                    state.withLock { $0.value = value }
                }
            }
        }
        try done.get()
    }

    /// From now on, until `stop`, a change of a file is noticed.
    package func watch(on reactor: Reactor) {
        let follower = FileFollower(subject, on: reactor, log: log) { [self] in await reload(because: "file") }
        let value = state.withLock { state in
            state.follower = follower
            return state.value
        }
        follower.follow(files(value))
    }

    package func stop() {
        let follower = state.withLock { state in
            defer { state.follower = nil }
            return state.follower
        }
        follower?.stop()
    }
}
