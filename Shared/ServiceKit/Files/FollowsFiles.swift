package import Reactor

/// What keeps something in force the same as its files. A service has several of them and treats all alike.
package protocol FollowsFiles: Sendable {
    /// What is known of what is in force.
    associatedtype InForce: Sendable
    var files: FileKeeper<InForce> { get }
}

extension FollowsFiles {
    package var inForce: InForce { files.value }

    /// Of the files as they were when last read; nil when they are in force.
    package var refused: FileRefusal? { files.refused }

    /// `origin` says why: "signal", "file", "bus".
    @discardableResult
    package func reload(because origin: String) async -> FileOutcome { await files.reload(because: origin) }

    /// From now on, until `stop`, a change of a file is noticed.
    package func watch(on reactor: Reactor) { files.watch(on: reactor) }

    package func stop() { files.stop() }
}
