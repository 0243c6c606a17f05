/// One program that is kept running: when it ends by itself it is started again, later each time it fails quickly.
internal import Core
internal import Foundation
internal import Glibc
internal import LocalServers
internal import Synchronization

final class SupervisedProcess: Sendable {
    private struct State {
        var child: ChildProcess?
        var isStopping = false
        var restarts = 0
        var keeper: Task<Void, Never>?
    }

    private static let firstPause = Duration.milliseconds(250)
    private static let longestPause = Duration.seconds(10)
    private static let lastWords = Duration.seconds(1)
    /// Who lived so long starts with a short pause again.
    private static let goodLife = Duration.seconds(20)

    let name: String
    private let launch: ProcessLaunch
    private let log: LogPrinter
    private let state = Mutex(State())

    init(_ launch: ProcessLaunch, log: LogPrinter) {
        name = launch.name
        self.launch = launch
        self.log = log
    }

    var processID: Int32? { state.withLock { $0.child?.processID } }
    var restarts: Int { state.withLock { $0.restarts } }

    func start() throws(LocalServerFailure) {
        let life = try startChild()
        let keeper = Task { await keep(life) }
        state.withLock { $0.keeper = keeper }
    }

    /// SIGTERM, then SIGKILL after the limit.
    func stop(limit: Duration = .seconds(12)) async {
        let child = state.withLock { state in
            state.isStopping = true
            return state.child
        }
        await child?.stop(limit: limit)
        state.withLock { $0.keeper }?.cancel()
    }

    private struct Life {
        let child: ChildProcess
        let output: LogPipe
    }

    private func startChild() throws(LocalServerFailure) -> Life {
        var launch = launch
        let pipe = try log.pipe(for: name)
        defer { close(pipe.writingEnd) }
        launch.output = .descriptor(pipe.writingEnd)
        let child = try ChildProcess.start(launch)
        state.withLock { $0.child = child }
        return Life(child: child, output: pipe)
    }

    private func keep(_ first: Life) async {
        var life = first
        var pause = Self.firstPause
        while true {
            let started = Deadline.now
            let exit = await life.child.waitForExit()
            // What it said last comes before the news of its end.
            await life.output.waitUntilCopied(limit: Self.lastWords)
            if state.withLock({ $0.isStopping }) { return }
            pause = Deadline.now - started > Self.goodLife ? Self.firstPause : min(pause * 2, Self.longestPause)
            log.write("ended (\(exit)); starts again in \(pause.wholeMilliseconds) ms", from: name)
            guard (try? await Task.sleep(for: pause)) != nil, !state.withLock({ $0.isStopping }),
                let next = try? startChild()
            else { return }
            state.withLock { $0.restarts += 1 }
            // `stop` may have come while the child was being started, and met its predecessor.
            if state.withLock({ $0.isStopping }) { next.child.send(SIGTERM) }
            life = next
        }
    }
}
