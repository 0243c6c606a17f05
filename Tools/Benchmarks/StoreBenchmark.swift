internal import Core
internal import Database
internal import Foundation
internal import LocalServers
internal import Measuring
internal import Reactor

/// Writes and reads of the Database module on a private PostgreSQL with fsync on, beside PostgreSQL's own tools on the
/// same server in the same run. Rows carry 200 bytes.
enum StoreBenchmark {
    private static let payload = [UInt8](repeating: 0x61, count: 200)
    private static let callers = 8
    private static let seconds = 4.0
    private static let table =
        "CREATE TABLE item (id int8, at timestamptz NOT NULL DEFAULT now(), payload bytea NOT NULL)"

    static func run() async throws -> [Figure] {
        let folder = "\(NSTemporaryDirectory())/infinite-bench-\(UUID().uuidString)"
        defer { PrivateFiles.remove(folder) }
        let server = try PrivatePostgreSQL(folder: folder)
        try await server.start()
        let group = try ReactorGroup(count: 2)
        let database = Database(
            DatabaseConfiguration(
                host: server.socketFolder ?? "127.0.0.1", port: server.port, database: "postgres",
                user: PrivatePostgreSQL.superuser, password: server.password, schema: "public", poolSize: callers,
                statementTimeout: .seconds(60)), group: group)
        try await database.runScript(SQL(trusted: table))
        let figures = try await measure(database, group, PeerTools(server: server, folder: folder))
        database.shutDown()
        await server.stop()
        return figures
    }

    private static func measure(_ database: Database, _ group: ReactorGroup, _ peers: PeerTools) async throws
        -> [Figure]
    {
        let insert: SQL = "INSERT INTO item (id, payload) VALUES ($1, $2)"
        let peerSingle = try await peers.transactionsPerSecond(
            "INSERT INTO item (id, payload) VALUES (1, decode(repeat('61', 200), 'hex'))", clients: callers,
            seconds: Int(seconds))
        let single = try await rate(on: group) { try await database.execute(insert, [1, .bytes(payload)]) }
        let peerRead = try await peers.transactionsPerSecond("SELECT 1", clients: callers, seconds: Int(seconds))
        let read = try await rate(on: group) { try await database.query("SELECT $1::int8", [1]).count }
        let bulk = try await rate(on: group) { try await bulkInsert(database, rows: 500) }
        let pipelined = try await rate(on: group) {
            try await database.pipeline([Statement](repeating: Statement(insert, [1, .bytes(payload)]), count: 500))
                .count
        }
        try await database.runScript("TRUNCATE item")
        let copied = try await copy(database, rows: 500_000)
        let peerCopied = try await peers.copiedRowsPerSecond(from: "item")
        return [
            Figure(name: "store.single-inserts", value: single, unit: "rows/s", bar: .none),
            Figure(name: "store.single-inserts.pgbench", value: peerSingle, unit: "rows/s", bar: .none),
            Figure(
                name: "store.single-inserts.ratio", value: single / peerSingle, unit: "of pgbench", bar: .atLeast(0.8)),
            Figure(name: "store.reads", value: read, unit: "queries/s", bar: .none),
            Figure(name: "store.reads.pgbench", value: peerRead, unit: "queries/s", bar: .none),
            Figure(name: "store.reads.ratio", value: read / peerRead, unit: "of pgbench", bar: .atLeast(0.5)),
            Figure(name: "store.unnest-500", value: bulk, unit: "rows/s", bar: .atLeast(100_000)),
            Figure(name: "store.pipeline-500", value: pipelined, unit: "rows/s", bar: .atLeast(30_000)),
            Figure(name: "store.copy", value: copied, unit: "rows/s", bar: .atLeast(100_000)),
            Figure(name: "store.copy.psql", value: peerCopied, unit: "rows/s", bar: .none),
            Figure(name: "store.copy.ratio", value: copied / peerCopied, unit: "of psql", bar: .atLeast(0.7)),
        ]
    }

    /// Several callers at once, each doing one after the other, on reactors as in a service; what they did per second
    /// in all.
    private static func rate(
        on group: ReactorGroup, _ work: @escaping @Sendable () async throws -> Int
    ) async throws -> Double {
        _ = try await work()
        let start = Deadline.now
        let end = start + .seconds(seconds)
        let total = try await withThrowingTaskGroup(of: Int.self) { tasks in
            for _ in 0..<callers {
                let reactor = group.next()
                tasks.addTask {
                    try await reactor.perform {
                        var done = 0
                        while !end.hasPassed { done += try await work() }
                        return done
                    }
                }
            }
            return try await tasks.reduce(0, +)
        }
        return Double(total) / (Deadline.now - start).inSeconds
    }

    private static func bulkInsert(_ database: Database, rows: Int) async throws -> Int {
        try await database.bulkInsert(
            into: "item",
            columns: [
                BulkColumn("id", (0..<rows).map(Int64.init)),
                BulkColumn("payload", [[UInt8]](repeating: payload, count: rows)),
            ])
    }

    private static func copy(_ database: Database, rows: Int) async throws -> Double {
        let start = Deadline.now
        let now = Timestamp.now
        let copied = try await database.copy(
            0..<rows, into: "item", columns: ["id", "at", "payload"], deadline: .after(.seconds(120))
        ) { number, row in
            row.field(Int64(number))
            row.field(now)
            row.field(payload)
        }
        return Double(copied) / (Deadline.now - start).inSeconds
    }
}

/// PostgreSQL's own programs as the measure.
private struct PeerTools {
    let server: PrivatePostgreSQL
    let folder: String

    private var environment: [String: String] {
        [
            "PGHOST": server.socketFolder ?? "127.0.0.1", "PGPORT": "\(server.port)",
            "PGUSER": PrivatePostgreSQL.superuser, "PGPASSWORD": server.password, "PGDATABASE": "postgres",
        ]
    }

    func transactionsPerSecond(_ sql: String, clients: Int, seconds: Int) async throws -> Double {
        let script = "\(folder)/pgbench.sql"
        try (sql + ";\n").write(toFile: script, atomically: true, encoding: .utf8)
        let output = try await Programs.run(
            ProcessLaunch(
                name: "pgbench", program: try Programs.find("pgbench", package: "postgresql-15"),
                arguments: ["-n", "-M", "prepared", "-c", "\(clients)", "-j", "2", "-T", "\(seconds)", "-f", script],
                environment: environment, output: .file("/dev/null")))
        let line = output.split(separator: "\n").first { $0.hasPrefix("tps = ") }
        guard let rate = line?.dropFirst(6).split(separator: " ").first.flatMap({ Double($0) }) else {
            throw BenchmarkFailure("pgbench gave no result: \(output)")
        }
        return rate
    }

    /// Reads the table's binary COPY from a file back into an empty copy of it, as psql does.
    func copiedRowsPerSecond(from table: String) async throws -> Double {
        let file = "\(folder)/rows.bin"
        let rows = try await psql("SELECT count(*) FROM \(table)").filter(\.isNumber)
        try await psql("\\copy \(table) TO '\(file)' (FORMAT binary)")
        try await psql("TRUNCATE \(table)")
        let start = Deadline.now
        try await psql("\\copy \(table) FROM '\(file)' (FORMAT binary)")
        return (Double(rows) ?? 0) / (Deadline.now - start).inSeconds
    }

    @discardableResult
    private func psql(_ command: String) async throws -> String {
        try await Programs.run(
            ProcessLaunch(
                name: "psql", program: try Programs.find("psql", package: "postgresql-15"),
                arguments: ["-X", "-q", "-A", "-t", "-c", command], environment: environment, output: .file("/dev/null")
            ))
    }
}
