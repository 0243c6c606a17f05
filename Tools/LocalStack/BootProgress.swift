/// What is starting, what is ready and how long it took. On a terminal one line per part, redrawn in place; elsewhere a
/// line when a part is ready.
internal import Core
internal import Foundation
internal import LocalServers
internal import Synchronization

final class BootProgress: Sendable {
    private enum Part {
        case waiting
        case starting(Deadline)
        case ready(Duration)
    }

    private struct State {
        var names: [String] = []
        var parts: [String: Part] = [:]
        var drawnLines = 0
        var isFinished = false
    }

    private let state: Mutex<State>
    private let isShown: Bool

    init(parts: [String], isShown: Bool) {
        state = Mutex(State(names: parts, parts: Dictionary(uniqueKeysWithValues: parts.map { ($0, .waiting) })))
        self.isShown = isShown
        guard isShown, LogPrinter.isTerminal else { return }
        Thread.detachNewThread { self.redrawUntilFinished() }
    }

    /// Runs `work` as the part `name`.
    func part<Result: Sendable>(
        _ name: String, _ work: () async throws(LocalServerFailure) -> Result
    ) async throws(LocalServerFailure) -> Result {
        let started = Deadline.now
        state.withLock { $0.parts[name] = .starting(started) }
        let result = try await work()
        let taken = Deadline.now - started
        state.withLock { $0.parts[name] = .ready(taken) }
        if isShown, !LogPrinter.isTerminal { Terminal.write("ready: \(name) (\(Self.seconds(taken)))\n") }
        return result
    }

    func finish() {
        state.withLock { state in
            if isShown, LogPrinter.isTerminal { Self.draw(&state) }
            state.isFinished = true
        }
    }

    private func redrawUntilFinished() {
        while true {
            let isFinished = state.withLock { state in
                if !state.isFinished { Self.draw(&state) }
                return state.isFinished
            }
            if isFinished { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
    }

    private static func draw(_ state: inout State) {
        var picture = state.drawnLines > 0 ? "\u{1b}[\(state.drawnLines)A" : ""
        for name in state.names {
            let line =
                switch state.parts[name] ?? .waiting {
                case .waiting: "\u{1b}[2m  · \(name)\u{1b}[0m"
                case .starting(let since): "  \u{1b}[33m●\u{1b}[0m \(name) \u{1b}[2m\(seconds(.now - since))\u{1b}[0m"
                case .ready(let taken): "  \u{1b}[32m✓\u{1b}[0m \(name) \u{1b}[2m\(seconds(taken))\u{1b}[0m"
                }
            picture += "\u{1b}[2K\(line)\n"
        }
        state.drawnLines = state.names.count
        Terminal.write(picture)
    }

    private static func seconds(_ duration: Duration) -> String { String(format: "%.1f s", duration.inSeconds) }
}
