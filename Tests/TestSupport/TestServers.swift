/// The real PostgreSQL and RabbitMQ of a test process: each booted on first use, shared by every suite, isolated by a
/// database or a virtual host per suite. They die with the process, also when it crashes.
internal import Core
internal import Foundation
internal import Glibc
package import LocalServers
internal import Synchronization

package enum TestServers {
    /// A folder of this process. Folders of processes that crashed are removed by the next one.
    package static let folder: String = {
        removeFoldersOfDeadProcesses()
        let folder = "\(base)/infinite-tests.\(getpid())"
        _ = unsafe mkdir(folder, 0o755)
        atexit {
            ChildProcess.killAll()
            PrivateFiles.removeInBackground("\(TestServers.base)/infinite-tests.\(getpid())")
        }
        return folder
    }()

    package static var postgreSQL: PrivatePostgreSQL {
        get async throws { try await sharedPostgreSQL.value }
    }

    package static var broker: PrivateRabbitMQ {
        get async throws { try await sharedBroker.value }
    }

    /// A server of the caller's own, for tests that kill it. The caller stops it; at the latest it dies with us.
    package static func dedicatedPostgreSQL(certificate: ServerCertificate? = nil) async throws -> PrivatePostgreSQL {
        let server = try PrivatePostgreSQL(folder: freshFolder("postgresql"), certificate: certificate)
        try await server.start()
        return server
    }

    package static func dedicatedBroker(
        definitions: String? = nil, certificate: ServerCertificate? = nil
    ) async throws -> PrivateRabbitMQ {
        let server = try PrivateRabbitMQ(folder: freshFolder("rabbitmq"), certificate: certificate) { _ in definitions }
        try await server.start()
        return server
    }

    /// Who signed the shared broker's certificate.
    package static var authority: CertificateAuthority { get throws { try sharedAuthority.get() } }
    private static let sharedAuthority = Result { try CertificateAuthority() }

    /// A path below this process's folder that nobody else uses. Nothing is there yet.
    package static func freshFolder(_ purpose: String) -> String { "\(folder)/\(purpose)-\(nextNumber())" }

    private static let sharedPostgreSQL = Task { try await dedicatedPostgreSQL() }
    /// It speaks TLS too, as `localhost`: another broker for the tests of that would cost seconds.
    private static let sharedBroker = Task {
        try await dedicatedBroker(certificate: authority.issue("broker", names: "DNS:localhost"))
    }
    private static let numbers = Atomic<Int>(0)
    static func nextNumber() -> Int { numbers.wrappingAdd(1, ordering: .relaxed).newValue }

    private static let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"

    private static func removeFoldersOfDeadProcesses() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        for name in names where name.hasPrefix("infinite-tests.") {
            guard let owner = Int32(name.split(separator: ".").last ?? ""), kill(owner, 0) != 0, errno == ESRCH else {
                continue
            }
            PrivateFiles.removeInBackground("\(base)/\(name)")
        }
    }
}

/// An empty database of one suite, owned by the superuser.
package struct TestDatabase: Sendable {
    package let server: PrivatePostgreSQL
    package let name: String
    package var host: String { "127.0.0.1" }
    package var port: Int { server.port }
    package var user: String { PrivatePostgreSQL.superuser }
    package var password: String { server.password }

    /// Runs SQL by `psql` as the superuser and returns the rows, columns separated by `|`.
    @discardableResult
    package func execute(_ sql: String) async throws -> String { try await server.execute(sql, database: name) }
}

/// An empty virtual host of one suite, in which the administrator may do everything.
package struct TestVirtualHost: Sendable {
    package let broker: PrivateRabbitMQ
    package let name: String
    package var host: String { "127.0.0.1" }
    package var port: Int { broker.port }
    package var user: String { PrivateRabbitMQ.administrator }
    package var password: String { broker.password }

    /// Takes every message out of every queue, once the last connection is gone and with it what it held. A queue that
    /// goes with its connection may do so between being listed and being asked: then it counts as busy.
    package func empty() async throws {
        try await broker.evaluate(
            """
            Here = <<"\(name)">>,
            IsBusy = fun(Queue) ->
                try
                    rabbit_amqqueue:stat(Queue) =/= {ok, 0, 0} andalso begin rabbit_amqqueue:purge(Queue), true end
                catch _:_ -> true
                end
            end,
            Empty = fun
                Empty(0) -> {not_empty, rabbit_connection_tracking:list(Here)};
                Empty(Tries) ->
                    case rabbit_connection_tracking:list(Here) =:= []
                        andalso not lists:any(IsBusy, rabbit_amqqueue:list(Here)) of
                        true -> ok;
                        false -> timer:sleep(20), Empty(Tries - 1)
                    end
            end,
            ok = Empty(1500).
            """)
    }
}

package func freshDatabase(on server: PrivatePostgreSQL? = nil) async throws -> TestDatabase {
    let server = if let server { server } else { try await TestServers.postgreSQL }
    let name = "test_\(TestServers.nextNumber())"
    try await server.execute("CREATE DATABASE \(name)")
    return TestDatabase(server: server, name: name)
}

package func freshVirtualHost(on broker: PrivateRabbitMQ? = nil) async throws -> TestVirtualHost {
    let broker = if let broker { broker } else { try await TestServers.broker }
    let name = "test-\(TestServers.nextNumber())"
    try await broker.createVirtualHost(name)
    return TestVirtualHost(broker: broker, name: name)
}
