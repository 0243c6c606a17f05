internal import CLinux
package import Core
internal import Glibc
internal import Synchronization

/// The signals a process has asked to hear of, as values in order of arrival.
///
/// A handler writes each signal's number into a pipe. signalfd would need the signals blocked in every thread, also in
/// those that Swift's runtime starts, and blocked signals are inherited by child processes; a handler needs neither.
/// There is one pipe, so a process has at most one `SignalStream` at a time.
package final class SignalStream: Sendable {
    private static let isTaken = Atomic(false)

    private let signals: [Int32]
    private let pipe: (read: Int32, write: Int32)
    private let watch: FileDescriptorWatch

    package init(_ signals: [Int32], on reactor: Reactor) async throws(ReactorFailure) {
        guard !Self.isTaken.exchange(true, ordering: .acquiringAndReleasing) else {
            throw .busy("the process's one signal stream")
        }
        var ends: [Int32] = [-1, -1]
        guard unsafe infinite_pipe(&ends, O_NONBLOCK | O_CLOEXEC) == 0 else {
            Self.isTaken.store(false, ordering: .releasing)
            throw .last("pipe2")
        }
        let (readEnd, writeEnd) = (ends[0], ends[1])
        do {
            watch = try await reactor.perform { () throws(ReactorFailure) in
                try FileDescriptorWatch(readEnd, on: reactor)
            }
        } catch {
            close(readEnd)
            close(writeEnd)
            Self.isTaken.store(false, ordering: .releasing)
            throw error
        }
        pipe = (readEnd, writeEnd)
        self.signals = signals
        for signal in signals { _ = infinite_signal_route(signal, writeEnd) }
    }

    deinit {
        for signal in signals { _ = infinite_signal_default(signal) }
        watch.reactor.onLoop { [watch, pipe] _ in
            watch.close()
            close(pipe.read)
            close(pipe.write)
            Self.isTaken.store(false, ordering: .releasing)
        }
    }

    /// The next signal. May be called from any task, one at a time.
    package func next(deadline: Deadline = .never) async throws(StreamFailure) -> Int32 {
        try await watch.reactor.perform { () async throws(StreamFailure) -> Int32 in
            var number: UInt8 = 0
            while unsafe read(pipe.read, &number, 1) != 1 {
                guard errno == EAGAIN || errno == EINTR else { throw StreamFailure(errno: errno, operation: "read") }
                try await watch.waitReadable(deadline: deadline)
            }
            return Int32(number)
        }
    }
}
