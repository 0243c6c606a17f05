internal import Core
internal import Glibc
internal import Reactor
internal import Telemetry

/// The `supervise` verb: it keeps the service's listening sockets, runs the service in a process of its own, starts it
/// again when it dies, and replaces it on SIGUSR2, by whatever executable stands at its path then. Who connects meanwhile
/// waits in the kernel's queue, for a moment.
struct Supervisor: Sendable {
    private static let readinessTime = Duration.seconds(60)
    private static let mostEvents = 256

    private let executable: String
    private let arguments: [String]
    private let environment: [String: String]
    private let sockets: [Int32]
    private let reactor: Reactor
    private let log: Logger
    private let events = AsyncQueue<Succession.Event>(capacity: mostEvents)

    /// Opens the sockets; `addresses` are those the service will ask for.
    init(
        _ addresses: [SocketAddress], arguments: [String], environment: [String: String], on reactor: Reactor,
        log: Logger
    ) async throws {
        var sockets: [Int32] = []
        // At a port the kernel chooses only the service itself can listen.
        for address in addresses where address.port != 0 {
            let descriptor = try await Listener.open(address, on: reactor)
            sockets.append(try WorkerProcess.moved(descriptor))
            close(descriptor)
        }
        (self.sockets, self.reactor, self.log) = (sockets, reactor, log)
        (self.arguments, self.environment) = (arguments, environment)
        executable = try Self.ownPath()
    }

    /// Until the last process has ended; its status.
    func run() async throws -> Int32 {
        let signals = try await SignalStream([SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD], on: reactor)
        let listening = reactor.run { await hear(signals) }
        defer { listening.cancel() }
        var succession = Succession()
        start(&succession)
        while let event = try await events.receive() {
            for action in succession.decide(event) {
                if case .end(let status) = action { return status }
                act(action, &succession)
            }
        }
        return ExitStatus.failure
    }

    private func act(_ action: Succession.Action, _ succession: inout Succession) {
        switch action {
        case .start: start(&succession)
        case .startAfter(let pause): say(.pauseEnded, after: pause)
        case .handOver(let process): kill(process, SIGUSR2)
        case .stop(let process): kill(process, SIGTERM)
        case .kill(let process): kill(process, SIGKILL)
        case .reload(let process): kill(process, SIGHUP)
        case .tell(let news): log.warning(news.text)
        case .end: break
        }
    }

    /// What fails is decided about like what ends: it must not take along the process that serves.
    private func start(_ succession: inout Succession) {
        let worker: WorkerProcess
        do throws(ReactorFailure) {
            worker = try WorkerProcess(
                executable: executable, arguments: arguments, environment: environment, sockets: sockets)
        } catch {
            log.error("a process could not be started", ["error": .error(error)])
            _ = events.offer(.notStarted)
            return
        }
        succession.started(worker.id)
        log.info("a process was started", ["process": .int(worker.id)])
        say(.late(worker.id), after: Self.readinessTime)
        reactor.run { [self] in await awaitReadiness(of: worker) }
    }

    private func say(_ event: Succession.Event, after pause: Duration) {
        reactor.run { [events] in
            try? await Reactor.sleep(for: pause)
            _ = events.offer(event)
        }
    }

    private func awaitReadiness(of worker: WorkerProcess) async {
        defer { close(worker.readiness) }
        guard let watch = try? FileDescriptorWatch(worker.readiness, on: reactor) else { return }
        defer { watch.close() }
        // Its end, too, wakes us up: then there is nothing to read.
        guard (try? await watch.waitReadable(deadline: .never)) != nil else { return }
        var byte: UInt8 = 0
        if unsafe read(worker.readiness, &byte, 1) == 1 { _ = events.offer(.ready(worker.id)) }
    }

    private func hear(_ signals: SignalStream) async {
        while let signal = try? await signals.next() {
            switch signal {
            case SIGCHLD: reap()
            case SIGHUP: _ = events.offer(.reloadWanted)
            case SIGUSR2: _ = events.offer(.replacementWanted)
            default: _ = events.offer(.stopWanted)
            }
        }
    }

    /// Several may have ended for one signal.
    private func reap() {
        var word: Int32 = 0
        while case let process = unsafe waitpid(-1, &word, WNOHANG), process > 0 {
            let status = ExitStatus.ofProcess(word)
            log.info("a process has ended", ["process": .int(process), "status": .int(status)])
            _ = events.offer(.ended(process, status: status))
        }
    }

    /// Asked once: later the name may be that of a newer executable, which is what is to be started then.
    private static func ownPath() throws(ReactorFailure) -> String {
        var path = [CChar](repeating: 0, count: 4_096)
        let length = unsafe readlink("/proc/self/exe", &path, path.count)
        guard length > 0 else { throw .last("readlink of our own executable") }
        return String(decoding: path.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
