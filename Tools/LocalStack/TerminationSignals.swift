/// Ctrl-C and its relatives: the first asks for an orderly stop, the second ends at once.
internal import Foundation
internal import Glibc
internal import LocalServers
internal import Reactor
internal import Synchronization

final class TerminationSignals: Sendable {
    private struct State {
        var received = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let group: ReactorGroup

    /// Signal masks would not do: while an asynchronous `main` waits, libdispatch has the main thread take every signal.
    init() async throws(ReactorFailure) {
        group = try ReactorGroup(count: 1)
        let reactor = group.next()
        let signals = try await SignalStream([SIGINT, SIGTERM, SIGHUP], on: reactor)
        signal(SIGPIPE, SIG_IGN)
        _ = reactor.run { [self] in
            while (try? await signals.next()) != nil { received() }
        }
    }

    /// Runs `work`, then `afterwards`; a signal, a failure or a result of `afterwards` stops the stack in order.
    func race(
        stopping stack: Stack, _ work: @escaping @Sendable () async throws(LocalServerFailure) -> Void,
        afterwards: @escaping @Sendable () async throws(LocalServerFailure) -> Int32?
    ) async throws(LocalServerFailure) -> Int32 {
        let start = Task { () async -> Result<Int32?, LocalServerFailure> in
            do throws(LocalServerFailure) {
                try await work()
                return .success(try await afterwards())
            } catch {
                return .failure(error)
            }
        }
        let outcome = await withTaskGroup(of: Result<Int32?, LocalServerFailure>?.self) { group in
            group.addTask { await start.value }
            group.addTask {
                await self.wait()
                return nil
            }
            // A start that ends well goes on running: only a signal ends it.
            var outcome: Result<Int32?, LocalServerFailure>?
            for await one in group {
                outcome = one
                if case .success(nil)? = one { continue }
                break
            }
            group.cancelAll()
            self.release()
            start.cancel()
            return outcome
        }
        stack.log.setQuiet(true)
        if outcome == nil || (try? outcome?.get()) != nil { Terminal.write("\nstopping …\n") }
        await stack.stop()
        Terminal.write("stopped\n")
        return try outcome?.get() ?? 0
    }

    private func wait() async {
        await withCheckedContinuation { continuation in
            let isLate = state.withLock { state in
                if state.received == 0 { state.waiter = continuation }
                return state.received > 0
            }
            if isLate { continuation.resume() }
        }
    }

    /// Ends `wait` without a signal.
    private func release() {
        state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }?.resume()
    }

    private func received() {
        let (count, waiter) = state.withLock { state in
            state.received += 1
            defer { state.waiter = nil }
            return (state.received, state.waiter)
        }
        waiter?.resume()
        if count > 1 {
            ChildProcess.killAll()
            exit(130)
        }
    }
}

/// One stack per folder: a lock that the kernel lets go when its owner dies.
struct StackLock {
    private let path: String
    private let descriptor: Int32

    init(folder: String) {
        path = "\(folder)/lock"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    }

    var owner: String { PrivateFiles.read(path)?.split(separator: "\n").first.map(String.init) ?? "unknown" }

    func take() -> Bool {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return false }
        ftruncate(descriptor, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = unsafe text.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        return true
    }
}
