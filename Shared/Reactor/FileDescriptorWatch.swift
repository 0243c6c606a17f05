package import Core

/// Readiness of a descriptor that somebody else owns and closes (libpq's socket, for example).
///
/// Level-triggered: a wait returns at once while the condition holds. Close the watch before the descriptor.
package final class FileDescriptorWatch: Sendable {
    package var reactor: Reactor { source.reactor }
    private let source: EventSource

    /// Call it on `reactor`.
    package init(_ descriptor: Int32, on reactor: Reactor) throws(ReactorFailure) {
        source = try EventSource(
            descriptor, on: reactor, isWritable: false, isOneShot: true, ownsDescriptor: false)
    }

    deinit { close() }

    package func waitReadable(deadline: Deadline) async throws(StreamFailure) {
        try await wait(.input, deadline)
    }

    package func waitWritable(deadline: Deadline) async throws(StreamFailure) {
        try await wait(.output, deadline)
    }

    /// Whichever comes first: for a peer that may stop reading until we have read.
    package func waitReadableOrWritable(deadline: Deadline) async throws(StreamFailure) {
        source.inputEndsOutputWait = true
        defer { source.inputEndsOutputWait = false }
        try await wait(.output, deadline)
    }

    /// From any thread; a task that waits fails with `closed`.
    package func close() {
        reactor.onLoop { [source] _ in source.close() }
    }

    private func wait(_ direction: Direction, _ deadline: Deadline) async throws(StreamFailure) {
        precondition(reactor.isCurrent, "a watch is used on its reactor only: see Reactor.perform")
        source.clearReadiness(direction)
        switch await source.wait(direction, until: deadline) {
        case .ready: break
        case .closed: throw .closed
        case .expired: throw .deadlineExceeded
        case .cancelled: throw .cancelled
        }
    }
}
