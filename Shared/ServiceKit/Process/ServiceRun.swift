internal import Core
internal import Glibc
internal import Reactor
internal import Telemetry

/// One life of a service, from its configuration to its exit status.
///
/// Order of a start: log, limits, crash report, reactors, signals, administration endpoint, broker and database, service.
/// Order of a stop: not ready, a delay for balancers to notice, service, then the rest in reverse.
struct ServiceRun<Served: Service>: Sendable {
    private enum End: Sendable {
        case signal(Int32)
        case failed(String)
    }

    private let loaded: LoadedConfiguration<Served.Configuration>
    private let log: Logger
    private let runtime: ServiceRuntime
    private let reactor: Reactor
    private let end = Promise<End>()
    private let service = Promise<Served>()
    private let phase = PhaseCheck()

    static func status(of verb: Verb, _ loaded: LoadedConfiguration<Served.Configuration>) async -> Int32 {
        let log = makeLog(loaded.kit.logging)
        defer { log.flush(deadline: .after(.seconds(2))) }
        do {
            try prepareProcess(loaded, log)
            let group = try ReactorGroup(count: loaded.kit.limits.reactors == 0 ? nil : loaded.kit.limits.reactors)
            let run = ServiceRun(loaded, group, log)
            return await group.reactors[0].perform { await run.untilEnd() }
        } catch {
            log.error("the process could not be set up", ["error": .error(error)])
            return ExitStatus.failure
        }
    }

    private init(_ loaded: LoadedConfiguration<Served.Configuration>, _ group: ReactorGroup, _ log: Logger) {
        self.loaded = loaded
        self.log = log
        reactor = group.reactors[0]
        let metrics = MetricsRegistry()
        ProcessMetrics.register(in: metrics)
        runtime = ServiceRuntime(
            group: group, log: log, metrics: metrics, health: HealthRegistry(),
            lifecycle: Lifecycle(on: reactor, log: log), clock: SystemClock())
        runtime.health.add("service") { [phase] in phase.state }
    }

    private func untilEnd() async -> Int32 {
        do {
            let signals = try await SignalStream([SIGTERM, SIGINT, SIGHUP], on: reactor)
            let listening = reactor.run { await obey(signals) }
            let starting = reactor.run { await start() }
            let end = try await end.value()
            phase.set(.stopping)
            starting.cancel()
            let status = await stop(after: end)
            listening.cancel()
            return status
        } catch {
            log.error("the process could not listen to signals", ["error": .error(error)])
            return ExitStatus.failure
        }
    }

    private func start() async {
        do {
            let made = try await Served(loaded.service, runtime)
            runtime.lifecycle.started(Served.name.operatorName) { deadline in await made.stop(deadline: deadline) }
            try await made.start()
            service.fulfil(made)
            phase.set(.serving)
            log.info("serving")
        } catch {
            end.fulfil(.failed("\(error)"))
        }
    }

    /// The first SIGTERM or SIGINT asks for a graceful stop, the second one ends the process at once.
    private func obey(_ signals: SignalStream) async {
        while let signal = try? await signals.next() {
            if signal == SIGHUP {
                await reload()
            } else if !end.fulfil(.signal(signal)) {
                log.warning("stopping at once, because a second signal came", ["signal": .int(signal)])
                log.flush(deadline: .after(.milliseconds(200)))
                exit(ExitStatus.forced(by: signal))
            }
        }
    }

    private func reload() async {
        guard let service = service.current else { return }
        log.info("reloading")
        await service.reload()
    }

    private func stop(after end: End) async -> Int32 {
        switch end {
        case .signal(let signal):
            log.info("stopping", ["signal": .int(signal)])
            if service.current != nil { try? await Reactor.sleep(for: loaded.kit.limits.drainDelay) }
        case .failed(let reason):
            log.error("the service could not start", ["error": .string(reason)])
        }
        await runtime.lifecycle.stop(deadline: .after(loaded.kit.limits.stopTimeout))
        log.info("stopped")
        if case .failed = end { return ExitStatus.failure }
        return ExitStatus.success
    }

    private static func makeLog(_ logging: KitConfiguration.Logging) -> Logger {
        let isText = logging.format == .text || (logging.format == .auto && StandardStreams.errorIsTerminal)
        return Logger(
            service: Served.name, sink: DescriptorLogSink.standardError, format: isText ? .terminal : .json,
            level: logging.level)
    }

    private static func prepareProcess(
        _ loaded: LoadedConfiguration<Served.Configuration>, _ log: Logger
    ) throws(FileFailure) {
        signal(SIGPIPE, SIG_IGN)
        ResourceLimits.setCoreDumps(loaded.kit.limits.allowsCoreDumps)
        let openFiles = ResourceLimits.raiseOpenFiles(to: loaded.kit.limits.openFiles)
        try CrashReport.install(
            title: "\(Served.name.operatorName) \(Version.current)", service: Served.name.operatorName,
            directory: loaded.kit.logging.crashDirectory)
        log.info(
            "starting", ["version": .string(Version.current), "process": .int(getpid()), "open_files": .int(openFiles)])
        for key in loaded.keys where !key.overridden.isEmpty {
            log.info(
                "a configured value hides another",
                [
                    "key": .string(key.name), "from": .describing(key.origin),
                    "hides": .list(key.overridden.map(\.description)),
                ])
        }
    }
}
