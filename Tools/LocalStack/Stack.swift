/// The whole suite on one machine: a private PostgreSQL, a private RabbitMQ, the seven services and the sample app.
///
/// Order of a start: servers side by side, then what they contain (roles, schemas, topology), then every service's
/// migrations, then the services. Order of a stop: the reverse, the edge first.
internal import Core
internal import Foundation
internal import LocalServers
internal import Synchronization

final class Stack: Sendable {
    let layout: StackLayout
    let ports: StackPorts
    let postgreSQL: PrivatePostgreSQL
    let broker: PrivateRabbitMQ
    let log: LogPrinter
    private let processes = Mutex<[SupervisedProcess]>([])
    private let isStopping = Mutex(false)

    /// The edge comes last, so that it opens when what stands behind it does.
    static let startOrder: [ServiceName] = [
        .auth, .audit, .metrics, .detector, .agentCoordinator, .labyrinth, .gateway,
    ]
    static let sampleApp = "sample-app"
    static var partNames: [String] {
        ["postgresql", "rabbitmq", "schemas", sampleApp] + startOrder.map(\.operatorName)
    }

    init(folder: String, executables: String) throws(LocalServerFailure) {
        layout = try StackLayout(folder: folder, executables: executables)
        log = LogPrinter(folder: layout.logs)
        postgreSQL = try PrivatePostgreSQL(folder: "\(folder)/postgresql")
        let layout = layout
        broker = try PrivateRabbitMQ(folder: "\(folder)/rabbitmq") { password throws(LocalServerFailure) in
            try StackProvisioning.brokerDefinitions(layout, administratorPassword: password)
        }
        ports = try StackPorts(layout)
    }

    func start(_ progress: BootProgress) async throws(LocalServerFailure) {
        try configuration.writeAll()
        try await startServers(progress)
        try await progress.part("schemas") { () async throws(LocalServerFailure) in
            try await StackProvisioning.prepareDatabase(postgreSQL, layout)
            try await migrateAll()
        }
        try await progress.part(Self.sampleApp) { () async throws(LocalServerFailure) in
            try launch(sampleAppLaunch)
            try await waitUntilReady(Self.sampleApp, port: ports.sampleApp, target: "/healthz")
        }
        try await startServices(progress)
    }

    /// Stops what runs, in reverse order; safe to call at any moment of a start.
    func stop() async {
        isStopping.withLock { $0 = true }
        for process in processes.withLock({ $0 }).reversed() { await process.stop() }
        await broker.stop()
        await postgreSQL.stop()
    }

    /// From now on a server that ends (a full disk, a kill) is started again, as the services are.
    func keepServers() {
        Task { await keep("postgresql", postgreSQL.waitForExit, { try? await self.postgreSQL.start() }) }
        Task { await keep("rabbitmq", broker.waitForExit, { try? await self.broker.start() }) }
    }

    private func keep(_ name: String, _ exit: () async -> Void, _ start: () async -> Void?) async {
        while true {
            await exit()
            if isStopping.withLock({ $0 }) { return }
            log.write("ended; is started again", from: name)
            while await start() == nil, !isStopping.withLock({ $0 }) {
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    func process(_ name: String) -> SupervisedProcess? {
        processes.withLock { $0.first { $0.name == name } }
    }

    private var configuration: StackConfiguration {
        StackConfiguration(layout: layout, ports: ports, postgreSQL: postgreSQL, broker: broker)
    }

    private func startServers(_ progress: BootProgress) async throws(LocalServerFailure) {
        let (postgreSQL, broker) = (postgreSQL, broker)
        async let database = progress.part("postgresql") { () async throws(LocalServerFailure) in
            try await postgreSQL.start()
        }
        async let messages = progress.part("rabbitmq") { () async throws(LocalServerFailure) in
            try await broker.start()
        }
        do {
            _ = try await (database, messages)
        } catch {
            throw error as? LocalServerFailure ?? .commandFailed(command: "starting the servers", output: "\(error)")
        }
    }

    private func migrateAll() async throws(LocalServerFailure) {
        _ = try layout.secret(StackProvisioning.migratorSecret)
        for service in Self.startOrder {
            var launch = serviceLaunch(service, verb: "migrate")
            // Only `migrate` gets it: a running service cannot change its schema.
            launch.environment["INFINITE_\(service.schemaName.uppercased())_DATABASE_MIGRATOR_PASSWORD_FILE"] =
                layout.secretFile(StackProvisioning.migratorSecret)
            _ = try await Programs.run(launch)
        }
    }

    /// All at once; each is ready when it says so itself.
    private func startServices(_ progress: BootProgress) async throws(LocalServerFailure) {
        let result = await withTaskGroup(of: Result<Void, LocalServerFailure>.self) { group in
            for service in Self.startOrder {
                group.addTask { await self.startOne(service, progress) }
            }
            var result = Result<Void, LocalServerFailure>.success(())
            for await one in group { if case .failure = one { result = one } }
            return result
        }
        try result.get()
    }

    private func startOne(_ service: ServiceName, _ progress: BootProgress) async -> Result<Void, LocalServerFailure> {
        do throws(LocalServerFailure) {
            try await progress.part(service.operatorName) { () async throws(LocalServerFailure) in
                try self.launch(self.serviceLaunch(service))
                let port = self.ports.administration[service] ?? 0
                try await self.waitUntilReady(service.operatorName, port: port, target: "/readyz")
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func launch(_ launch: ProcessLaunch) throws(LocalServerFailure) {
        let process = SupervisedProcess(launch, log: log)
        try process.start()
        processes.withLock { processes in
            processes.append(process)
            let order = [Self.sampleApp] + Self.startOrder.map(\.operatorName)
            processes.sort { (order.firstIndex(of: $0.name) ?? 0) < (order.firstIndex(of: $1.name) ?? 0) }
        }
    }

    private func waitUntilReady(_ name: String, port: Int, target: String) async throws(LocalServerFailure) {
        let starting = StartLimit(server: name, limit: .seconds(60), log: log.path(name))
        while PlainHTTP.send("GET", target, port: port, timeout: .seconds(2))?.status != 200 {
            if let process = process(name), process.restarts >= 3 {
                throw .keepsEnding(server: name, log: PrivateFiles.tail(log.path(name)))
            }
            try await starting.pause(.milliseconds(50))
        }
    }

    private func serviceLaunch(_ service: ServiceName, verb: String = "run") -> ProcessLaunch {
        ProcessLaunch(
            name: service.operatorName, program: "\(layout.executables)/\(service.operatorName)",
            arguments: [verb, "--config", layout.configurationFile(service)], environment: Self.environment,
            workingDirectory: layout.folder, output: .file("/dev/null"), parentDeathSignal: "TERM")
    }

    private var sampleAppLaunch: ProcessLaunch {
        ProcessLaunch(
            name: Self.sampleApp, program: "\(layout.executables)/\(Self.sampleApp)", arguments: ["\(ports.sampleApp)"],
            environment: Self.environment, output: .file("/dev/null"), parentDeathSignal: "TERM")
    }

    private static var environment: [String: String] {
        var kept = ["LC_ALL": "C.UTF-8"]
        // What a person sets to try something: INFINITE_GATEWAY_…, and the clock of the fault suite.
        for (name, value) in ProcessInfo.processInfo.environment where name.hasPrefix("INFINITE_") {
            kept[name] = value
        }
        return kept
    }
}
