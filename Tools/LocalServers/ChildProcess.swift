/// A program that lives no longer than this process.
///
/// Each child has a thread of its own that spawns it, waits for it and reaps it. The thread is not a convenience: the
/// kernel sends the parent-death signal when the *thread* that spawned the child ends, so a child spawned from a
/// pooled thread would die whenever the pool shrinks.
internal import Dispatch
internal import Foundation
internal import Glibc
internal import Synchronization

package final class ChildProcess: Sendable {
    private struct State {
        var exit: ExitStatus?
        var waiters: [CheckedContinuation<ExitStatus, Never>] = []
    }

    package let name: String
    package let processID: Int32
    private let state = Mutex(State())
    private static let living = Mutex<[Int32: ChildProcess]>([:])

    private init(name: String, processID: Int32) {
        self.name = name
        self.processID = processID
    }

    package static func start(_ launch: ProcessLaunch) throws(LocalServerFailure) -> ChildProcess {
        let handover = Handover()
        Thread.detachNewThread {
            do throws(LocalServerFailure) {
                let child = ChildProcess(name: launch.name, processID: try launch.spawn())
                living.withLock { $0[child.processID] = child }
                handover.fill(.success(child))
                child.reap()
            } catch {
                handover.fill(.failure(error))
            }
        }
        return try handover.take().get()
    }

    package var exit: ExitStatus? { state.withLock { $0.exit } }
    package var isRunning: Bool { exit == nil }

    /// Sends a signal unless the child is gone. The child is reaped under the same lock, so the number cannot have
    /// been given to another process meanwhile.
    package func send(_ signal: Int32) {
        state.withLock { state in
            if state.exit == nil { _ = kill(processID, signal) }
        }
    }

    package func waitForExit() async -> ExitStatus {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state in
                if state.exit == nil { state.waiters.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Sends `signal`, and SIGKILL when the child is still there after `limit`.
    @discardableResult
    package func stop(signal: Int32 = SIGTERM, limit: Duration = .seconds(15)) async -> ExitStatus {
        send(signal)
        let enforcer = Task {
            try await Task.sleep(for: limit)
            send(SIGKILL)
        }
        defer { enforcer.cancel() }
        return await waitForExit()
    }

    /// The last resort of a process about to end, so that its children do not write into folders it removes.
    package static func killAll() {
        for child in living.withLock({ Array($0.values) }) { child.send(SIGKILL) }
    }

    private func reap() {
        var information = unsafe siginfo_t()
        // Waits without reaping, so that `send` and the reaping below exclude each other.
        while unsafe waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
        let (exit, waiters) = state.withLock { state in
            var status: Int32 = 0
            while unsafe waitpid(processID, &status, 0) == -1 && errno == EINTR {}
            let exit = ExitStatus(waitStatus: status)
            state.exit = exit
            defer { state.waiters = [] }
            return (exit, state.waiters)
        }
        Self.living.withLock { $0[processID] = nil }
        for waiter in waiters { waiter.resume(returning: exit) }
    }

    /// Carries the started child from its thread to the caller.
    private final class Handover: Sendable {
        private let result = Mutex<Result<ChildProcess, LocalServerFailure>>(.failure(.noFreePort))
        private let filled = DispatchSemaphore(value: 0)

        func fill(_ result: Result<ChildProcess, LocalServerFailure>) {
            self.result.withLock { $0 = result }
            filled.signal()
        }

        func take() -> Result<ChildProcess, LocalServerFailure> {
            filled.wait()
            return result.withLock { $0 }
        }
    }
}

/// How a process ended.
package enum ExitStatus: Equatable, Sendable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .code((waitStatus >> 8) & 0xff) : .signal(signal)
    }

    package var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let signal): "killed by signal \(signal)"
        }
    }
}
