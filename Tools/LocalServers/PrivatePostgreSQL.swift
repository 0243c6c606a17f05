/// A PostgreSQL of our own in one folder, on a free port of 127.0.0.1, gone when this process is gone.
///
/// In the folder: `data/`, `log`, `port`, `password` (of the superuser) and the Unix socket. All survive a restart,
/// so a second start keeps data and credentials. System services are never touched.
internal import Foundation
internal import Glibc
internal import Synchronization

package final class PrivatePostgreSQL: Sendable {
    package static let superuser = "infinite_superuser"
    private static let package = "postgresql-15"

    package let folder: String
    package let port: Int
    package let password: String
    package let maximumConnections: Int
    private let account: ServerAccount?
    private let certificate: ServerCertificate?
    private let server = Mutex<ChildProcess?>(nil)

    /// Prepares the folder; nothing runs before `start()`. With a certificate the server offers TLS on its one port.
    package init(
        folder: String, maximumConnections: Int = 200, certificate: ServerCertificate? = nil
    ) throws(LocalServerFailure) {
        account = try ServerAccount.forServer("postgres", package: Self.package)
        self.folder = folder
        self.maximumConnections = maximumConnections
        try PrivateFiles.makeFolder(folder, account: account)
        port = try FreePort.remembered(in: folder, account: account)
        password = try PrivateFiles.remembered("\(folder)/password", account: account) { RandomText.make() }
        self.certificate = try certificate?.copied(to: folder, account: account)
    }

    package var isRunning: Bool { server.withLock { $0?.isRunning ?? false } }
    package var processID: Int32? { server.withLock { $0?.processID } }
    package var logPath: String { "\(folder)/log" }

    /// Where the Unix socket is, unless the path is too long for one.
    package var socketFolder: String? { folder.utf8.count + ".s.PGSQL.65535".count < 100 ? folder : nil }

    package func start(limit: Duration = .seconds(60)) async throws(LocalServerFailure) {
        if !PrivateFiles.exists("\(folder)/data/PG_VERSION") { try await createCluster() }
        let starting = StartLimit(server: "PostgreSQL", limit: limit, log: logPath)
        while true {
            let child = try launch()
            if try await becomesReady(child, starting) { return }
            // The processes of a killed predecessor need a moment to go; until then its lock is respected.
            try await starting.pause(after: child)
        }
    }

    /// Fast shutdown: sessions are ended, nothing is lost, the next start needs no recovery.
    package func stop() async {
        await server.withLock { $0 }?.stop(signal: SIGINT)
    }

    /// The crash: SIGKILL to the postmaster, without a word to anyone.
    package func kill9() async {
        let child = server.withLock { $0 }
        child?.send(SIGKILL)
        _ = await child?.waitForExit()
    }

    /// Returns when the server has ended, whoever ended it.
    package func waitForExit() async { _ = await server.withLock { $0 }?.waitForExit() }

    package func restart() async throws(LocalServerFailure) {
        await stop()
        try await start()
    }

    /// Runs SQL as the superuser by `psql`, stopping at the first error, and returns the rows it printed.
    @discardableResult
    package func execute(_ sql: String, database: String = "postgres") async throws(LocalServerFailure) -> String {
        let psql = ProcessLaunch(
            name: "psql", program: try Programs.find("psql", package: Self.package),
            arguments: ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            environment: [
                "PGHOST": "127.0.0.1", "PGPORT": "\(port)", "PGUSER": Self.superuser, "PGPASSWORD": password,
                "PGDATABASE": database, "PGOPTIONS": "-c client_min_messages=warning",
            ], output: .file("/dev/null"))
        return try await Programs.run(psql, input: sql)
    }

    private func launch() throws(LocalServerFailure) -> ChildProcess {
        var settings = [
            "listen_addresses=127.0.0.1", "unix_socket_directories=\(socketFolder ?? "")",
            "max_connections=\(maximumConnections)", "shared_buffers=64MB", "timezone=UTC", "log_timezone=UTC",
        ]
        if let certificate {
            settings += ["ssl=on", "ssl_cert_file=\(certificate.chain)", "ssl_key_file=\(certificate.key)"]
        }
        let child = try ChildProcess.start(
            ProcessLaunch(
                name: "postgresql", program: try Programs.find("postgres", package: Self.package),
                arguments: ["-D", "\(folder)/data", "-p", "\(port)"] + settings.flatMap { ["-c", $0] },
                environment: ["LC_ALL": "C.UTF-8"], workingDirectory: folder, output: .file(logPath),
                account: account, parentDeathSignal: "INT"))
        server.withLock { $0 = child }
        return child
    }

    private func becomesReady(_ child: ChildProcess, _ starting: StartLimit) async throws(LocalServerFailure) -> Bool {
        while child.isRunning {
            if Handshake.firstByte(port: port, greeting: Self.greeting) == UInt8(ascii: "R") { return true }
            try await starting.pause()
        }
        return false
    }

    /// A start-up message (protocol 3.0). A server that accepts sessions answers it with `R`, a request to
    /// authenticate; one that still recovers answers with an error.
    private static let greeting: [UInt8] = {
        let fields = Array("user\0\(superuser)\0database\0postgres\0\0".utf8)
        let length = UInt32(8 + fields.count)
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + [0, 3, 0, 0] + fields
    }()

    private func createCluster() async throws(LocalServerFailure) {
        let initdb = ProcessLaunch(
            name: "initdb", program: try Programs.find("initdb", package: Self.package),
            arguments: [
                "-D", "\(folder)/data", "--username=\(Self.superuser)", "--pwfile=\(folder)/password",
                "--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--data-checksums", "--no-sync",
                "--encoding=UTF8", "--locale=C.UTF-8",
            ], workingDirectory: folder, output: .file(logPath), account: account)
        PrivateFiles.remove("\(folder)/data")
        do throws(LocalServerFailure) {
            _ = try await Programs.run(initdb)
        } catch {
            PrivateFiles.remove("\(folder)/data")
            throw error
        }
    }
}
