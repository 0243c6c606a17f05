internal import Core
internal import Glibc
internal import HTTP
internal import Reactor
internal import Telemetry

/// One life of a service, from its configuration to its exit status.
///
/// Order of a start: log, limits, crash report, reactors, signals, administration endpoint, broker and database, service.
/// Order of a stop: not ready, a delay for balancers to notice, service, then the rest in reverse.
struct ServiceRun<Served: Service>: Sendable {
    private enum End: Sendable {
        case signal(Int32)
        /// Another process listens at the same sockets.
        case handedOver
        case failed(String)
    }

    private let loaded: LoadedConfiguration<Served.Configuration>
    private let log: Logger
    private let runtime: ServiceRuntime
    private let reactor: Reactor
    private let end = Promise<End>()
    private let service = Promise<Served>()
    private let administration = Promise<HTTPServer>()
    private let phase = PhaseCheck()
    private let dependencies: Dependencies

    static func status(
        of arguments: CommandLineArguments, _ loaded: LoadedConfiguration<Served.Configuration>
    ) async -> Int32 {
        let log = makeLog(loaded.kit.logging)
        defer { log.flush(deadline: .after(.seconds(2))) }
        do {
            try prepareProcess(loaded, log)
            if arguments.verb == .supervise { return try await supervise(arguments, loaded, log) }
            let group = try ReactorGroup(count: loaded.kit.limits.reactors == 0 ? nil : loaded.kit.limits.reactors)
            switch arguments.verb {
            case .migrate:
                try await SchemaVersion(service: Served.name, keys: loaded.kit.database).migrate(group: group, log: log)
            case .deadLetters:
                let desk = try DeadLetterDesk(loaded.kit, service: Served.name, group: group, log: log)
                StandardStreams.out(try await desk.obey(arguments.deadLetterOrder))
            default:
                let run = try ServiceRun(loaded, group, log)
                return await group.reactors[0].perform { await run.untilEnd() }
            }
            return ExitStatus.success
        } catch {
            log.error("the command failed", ["verb": .string(arguments.verb.rawValue), "error": .error(error)])
            return ExitStatus.failure
        }
    }

    private static func supervise(
        _ arguments: CommandLineArguments, _ loaded: LoadedConfiguration<Served.Configuration>, _ log: Logger
    ) async throws -> Int32 {
        let group = try ReactorGroup(count: 1)
        let reactor = group.reactors[0]
        let addresses = [loaded.kit.administration.listen] + Served.addresses(of: loaded.service)
        let configuration = arguments.configurationFile.map { ["--config", $0] } ?? []
        return try await reactor.perform {
            try await Supervisor(
                addresses, arguments: [Verb.run.rawValue] + configuration, environment: ProcessEnvironment.read(),
                on: reactor, log: log
            ).run()
        }
    }

    private init(
        _ loaded: LoadedConfiguration<Served.Configuration>, _ group: ReactorGroup, _ log: Logger
    ) throws {
        self.loaded = loaded
        self.log = log
        reactor = group.reactors[0]
        let metrics = MetricsRegistry()
        ProcessMetrics.register(in: metrics)
        dependencies = try Dependencies(loaded.kit, service: Served.name, group: group, log: log, metrics: metrics)
        runtime = ServiceRuntime(
            group: group, log: log, metrics: metrics, health: HealthRegistry(),
            lifecycle: Lifecycle(on: reactor, log: log), clock: SystemClock(), bus: dependencies.bus,
            database: dependencies.database, outbox: dependencies.outbox, inbox: dependencies.inbox, admin: HTTPRouter()
        )
        runtime.health.add("service") { [phase] in phase.state }
        dependencies.addChecks(to: runtime.health, areRequired: Served.waitsForDependencies)
        AdministrationEndpoint.addRoutes(to: runtime.admin, runtime: runtime, keys: loaded.keys)
    }

    private func untilEnd() async -> Int32 {
        do {
            let signals = try await SignalStream([SIGTERM, SIGINT, SIGHUP, SIGUSR2], on: reactor)
            let listening = reactor.run { await obey(signals) }
            let startEnded = Promise<Void>()
            let starting = reactor.run {
                await start()
                startEnded.fulfil(())
            }
            let end = try await end.value()
            phase.set(.stopping)
            starting.cancel()
            try? await startEnded.value(deadline: .after(loaded.kit.limits.stopTimeout))
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
            try await startAdministration()
            watchClock()
            await dependencies.start(on: reactor, lifecycle: runtime.lifecycle)
            if Served.waitsForDependencies { try await waitForDependencies() }
            let made = try await Served(loaded.service, runtime)
            // Above what it starts itself, so that it is told to stop first; also when it started only in part.
            defer { runtime.lifecycle.started(Served.name.operatorName) { await made.stop(deadline: $0) } }
            try await made.start()
            service.fulfil(made)
            phase.set(.serving)
            log.info("serving")
            Supervised.sayReady()
            for address in InheritedSockets.unused {
                log.warning(
                    "a socket was passed to this process at which it does not listen: who connects there waits for ever",
                    ["address": .describing(address)])
            }
        } catch {
            end.fulfil(.failed("\(error)"))
        }
    }

    private func startAdministration() async throws {
        let configuration = HTTPServerConfiguration(address: loaded.kit.administration.listen)
        let server = HTTPServer(configuration, group: runtime.group, handler: runtime.admin)
        let address = try await server.start()
        administration.fulfil(server)
        runtime.lifecycle.started("administration endpoint") { deadline in await server.stop(deadline: deadline) }
        log.info("the administration endpoint listens", ["address": .describing(address)])
    }

    /// Tokens, decisions and records go by the wall clock: who wonders about them finds here that it was set. Timers do
    /// not go by it.
    private func watchClock() {
        let watching = reactor.run { [log] in
            var clock = WallClockWatch()
            while (try? await Reactor.sleep(for: .seconds(1))) != nil {
                guard let jump = clock.jump() else { continue }
                log.warning("this machine's clock was set", ["by_milliseconds": .milliseconds(jump)])
            }
        }
        runtime.lifecycle.started("clock watch") { _ in watching.cancel() }
    }

    private func waitForDependencies() async throws {
        for monitor in dependencies.monitors {
            phase.set(.starting(waitingFor: monitor.name))
            try await monitor.firstReady.value()
        }
        phase.set(.starting(waitingFor: nil))
    }

    /// The first SIGTERM or SIGINT asks for a graceful stop, the second one ends the process at once.
    private func obey(_ signals: SignalStream) async {
        var stops = 0
        while let signal = try? await signals.next() {
            if signal == SIGHUP {
                await reload()
                continue
            }
            if signal == SIGUSR2 {
                end.fulfil(.handedOver)
                continue
            }
            stops += 1
            if !end.fulfil(.signal(signal)), stops > 1 {
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
        case .handedOver:
            log.info("stopping, because another process listens from now on")
            // First of all: whoever asks now is to meet the other one.
            await administration.current?.stop(deadline: .after(.seconds(1)))
        case .failed(let reason):
            log.error("the service could not start", ["error": .string(reason)])
        }
        await runtime.lifecycle.stop(deadline: .after(loaded.kit.limits.stopTimeout))
        log.info("stopped")
        if case .failed = end { return ExitStatus.failure }
        return ExitStatus.success
    }

    private static func makeLog(_ logging: KitConfiguration.Logging) -> Logger {
        let format: LogFormat =
            switch (logging.format, StandardStreams.errorIsTerminal) {
            case (.json, _), (.auto, false): .json
            case (.text, false): .text
            case (.text, true), (.auto, true): .terminal
            }
        return Logger(
            service: Served.name, sink: DescriptorLogSink.standardError, format: format, level: logging.level)
    }

    private static func prepareProcess(
        _ loaded: LoadedConfiguration<Served.Configuration>, _ log: Logger
    ) throws(FileFailure) {
        Supervised.endWithSupervisor()
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
