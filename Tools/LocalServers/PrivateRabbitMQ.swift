/// A RabbitMQ of our own in one folder, on free ports of 127.0.0.1, with its own epmd, gone when this process is gone.
///
/// In the folder: `home/` (the Erlang cookie), `etc/` (settings and definitions), `mnesia/` (data), `logs/`, the ports
/// and the administrator's `password`. The programs below /usr/sbin are never called: they change user and folder.
/// The node's name does not contain the port, so that data survives a change of ports.
internal import Foundation
internal import Glibc
internal import Synchronization

package final class PrivateRabbitMQ: Sendable {
    package static let administrator = "infinite_administrator"
    private static let package = "rabbitmq-server"
    static let nodeName = "infinite@localhost"

    package let folder: String
    package let port: Int
    /// Where it speaks TLS, when it was given a certificate.
    package let tlsPort: Int?
    package let password: String
    let account: ServerAccount?
    private let portMapperPort: Int
    private let distributionPort: Int
    let memoryLimitBytes: Int
    private let running = Mutex<Running>(Running())

    private struct Running {
        var portMapper: ChildProcess?
        var node: ChildProcess?
    }

    /// Prepares the folder; nothing runs before `start()`. `definitions` makes, from the administrator's password, what
    /// the broker loads before it listens.
    package init(
        folder: String, memoryLimitBytes: Int = 512 << 20, certificate: ServerCertificate? = nil,
        definitions: (_ administratorPassword: String) throws(LocalServerFailure) -> String? = { _ in nil }
    ) throws(LocalServerFailure) {
        account = try ServerAccount.forServer("rabbitmq", package: Self.package)
        self.folder = folder
        self.memoryLimitBytes = memoryLimitBytes
        for part in ["", "/home", "/etc", "/etc/definitions", "/mnesia", "/logs"] {
            try PrivateFiles.makeFolder(folder + part, account: account)
        }
        port = try FreePort.remembered(in: folder, name: "port", account: account)
        tlsPort =
            try certificate == nil ? nil : FreePort.remembered(in: folder, name: "tls-port", account: account)
        portMapperPort = try FreePort.remembered(in: folder, name: "port-mapper-port", account: account)
        distributionPort = try FreePort.remembered(in: folder, name: "distribution-port", account: account)
        password = try PrivateFiles.remembered("\(folder)/password", account: account) { RandomText.make() }
        try writeSettings(
            definitions: definitions(password),
            certificate: certificate?.copied(to: "\(folder)/etc", account: account))
    }

    package var isRunning: Bool { running.withLock { $0.node?.isRunning ?? false } }
    package var processID: Int32? { running.withLock { $0.node?.processID } }
    package var logPath: String { "\(folder)/logs/console" }

    package func start(limit: Duration = .seconds(90)) async throws(LocalServerFailure) {
        let starting = StartLimit(server: "RabbitMQ", limit: limit, log: logPath)
        try startPortMapper()
        while true {
            let node = try launchNode()
            if try await becomesReady(node, starting) { return }
            // Until the port mapper has noticed the end of a killed predecessor, its name is taken.
            try await starting.pause(after: node)
        }
    }

    package func stop() async {
        let (node, portMapper) = running.withLock { ($0.node, $0.portMapper) }
        await node?.stop(signal: SIGTERM)
        await portMapper?.stop(signal: SIGKILL)
    }

    /// The crash: SIGKILL to the node. Not within a second of the first declaration of a quorum queue: RabbitMQ
    /// loses such a queue.
    package func kill9() async {
        let node = running.withLock { $0.node }
        node?.send(SIGKILL)
        _ = await node?.waitForExit()
    }

    /// Returns when the node has ended, whoever ended it.
    package func waitForExit() async { _ = await running.withLock { $0.node }?.waitForExit() }

    package func restart() async throws(LocalServerFailure) {
        await stop()
        try await start()
    }

    /// Evaluates an Erlang expression on the node and returns what it printed as a term.
    /// Each call has a name of its own: two under one name would disturb each other.
    @discardableResult
    package func evaluate(_ expression: String) async throws(LocalServerFailure) -> String {
        let call = ProcessLaunch(
            name: "erl_call", program: try Programs.find("erl_call", package: "erlang-base"),
            arguments: [
                "-h", "call\(UInt32.random(in: 0 ... .max))", "-sname", Self.nodeName, "-timeout", "120", "-e",
            ],
            environment: environment,
            workingDirectory: "\(folder)/home", output: .file("/dev/null"), account: account)
        let answer = try await Programs.run(call, input: expression + "\n")
        guard answer.hasPrefix("{ok,") else { throw .commandFailed(command: expression, output: answer) }
        return answer
    }

    private func launchNode() throws(LocalServerFailure) -> ChildProcess {
        let node = try ChildProcess.start(
            ProcessLaunch(
                name: "rabbitmq", program: try Programs.find("rabbitmq-server", package: Self.package),
                environment: environment, workingDirectory: "\(folder)/home", output: .file(logPath),
                account: account, parentDeathSignal: "TERM"))
        running.withLock { $0.node = node }
        return node
    }

    private func startPortMapper() throws(LocalServerFailure) {
        if running.withLock({ $0.portMapper?.isRunning ?? false }) { return }
        let portMapper = try ChildProcess.start(
            ProcessLaunch(
                name: "epmd", program: try Programs.find("epmd", package: "erlang-base"),
                arguments: ["-port", "\(portMapperPort)", "-address", "127.0.0.1"], environment: environment,
                workingDirectory: "\(folder)/home", output: .file(logPath), account: account))
        running.withLock { $0.portMapper = portMapper }
    }

    private func becomesReady(_ node: ChildProcess, _ starting: StartLimit) async throws(LocalServerFailure) -> Bool {
        let greeting: [UInt8] = Array("AMQP".utf8) + [0, 0, 9, 1]
        while node.isRunning {
            // The first frame a broker sends, Connection.Start, is a method frame: type 1.
            if Handshake.firstByte(port: port, greeting: greeting) == 1 { return true }
            try await starting.pause(.milliseconds(50))
        }
        return false
    }

    private var environment: [String: String] {
        [
            "HOME": "\(folder)/home", "LC_ALL": "C.UTF-8",
            // With `detached` set the start script replaces itself by the node, whose pid is then the child's.
            "detached": "1",
            "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": "\(portMapperPort)",
            "RABBITMQ_NODENAME": Self.nodeName, "RABBITMQ_DIST_PORT": "\(distributionPort)",
            "RABBITMQ_CONF_ENV_FILE": "\(folder)/etc/rabbitmq-env.conf",
            "RABBITMQ_CONFIG_FILE": "\(folder)/etc/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": "\(folder)/etc/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "\(folder)/etc/enabled_plugins",
            "RABBITMQ_SCHEMA_DIR": "\(folder)/etc/schema",
            "RABBITMQ_GENERATED_CONFIG_DIR": "\(folder)/etc/generated",
            "RABBITMQ_MNESIA_BASE": "\(folder)/mnesia", "RABBITMQ_LOG_BASE": "\(folder)/logs",
            // Busy waiting of idle schedulers would take CPU from what is tested or tried beside it.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
        ]
    }

    private func writeSettings(
        definitions: String?, certificate: ServerCertificate?
    ) throws(LocalServerFailure) {
        let files = [
            "home/.erlang.cookie": PrivateFiles.read("\(folder)/home/.erlang.cookie") ?? RandomText.make(),
            "etc/rabbitmq-env.conf": "",
            "etc/advanced.config": "[].\n",
            "etc/enabled_plugins": "[rabbitmq_consistent_hash_exchange].\n",
            "etc/definitions/0-administrator.json": administratorDefinitions,
            "etc/rabbitmq.conf": """
            listeners.tcp.1 = 127.0.0.1:\(port)
            loopback_users = none
            vm_memory_high_watermark.absolute = \(memoryLimitBytes)
            disk_free_limit.absolute = 64MB
            raft.wal_max_size_bytes = 67108864
            load_definitions = \(folder)/etc/definitions
            log.console.level = info
            \(tlsSettings(certificate))
            """,
        ]
        for (name, text) in files { try PrivateFiles.write(text, to: "\(folder)/\(name)", account: account) }
        let topology = "\(folder)/etc/definitions/1-topology.json"
        PrivateFiles.remove(topology)
        if let definitions { try PrivateFiles.write(definitions, to: topology, account: account) }
        guard unsafe chmod("\(folder)/home/.erlang.cookie", 0o400) == 0 else {
            throw .system(operation: "protecting the Erlang cookie", code: errno)
        }
    }

    private func tlsSettings(_ certificate: ServerCertificate?) -> String {
        guard let certificate, let tlsPort else { return "" }
        return """
            listeners.ssl.1 = 127.0.0.1:\(tlsPort)
            ssl_options.certfile = \(certificate.chain)
            ssl_options.keyfile = \(certificate.key)
            ssl_options.verify = verify_none
            ssl_options.versions.1 = tlsv1.3
            ssl_options.versions.2 = tlsv1.2

            """
    }

    private var administratorDefinitions: String {
        """
        {"users": [{"name": "\(Self.administrator)", "password": "\(password)", "tags": ["administrator"]}],
         "vhosts": [{"name": "/"}],
         "permissions": [{"user": "\(Self.administrator)", "vhost": "/",
                          "configure": ".*", "write": ".*", "read": ".*"}]}
        """
    }
}
