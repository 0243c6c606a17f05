internal import Core
internal import Database
internal import Outbox

/// The table `log_entry`: all SQL of the log is here.
struct LogStore: Sendable {
    private static let inboxSource = "log"
    static let pageSize = 1_000

    private let database: Database
    private let inbox: Inbox

    init(_ database: Database, inbox: Inbox) {
        self.database = database
        self.inbox = inbox
    }

    // MARK: Appending

    struct Message: Sendable {
        let id: UUIDv7
        let records: [LogRecord]
    }

    /// Appends the records of the messages that were not appended before, all in one transaction, and returns how many.
    /// One appender at a time, whatever the number of replicas: the chain has one end.
    func append(_ messages: [Message]) async throws -> Int {
        try await inbox.apply(source: Self.inboxSource, ids: messages.map(\.id)) { transaction, fresh in
            let records = fresh.flatMap { messages[$0].records }
            guard !records.isEmpty else { return 0 }
            var head = try await Self.lockedHead(transaction)
            let entries = head.append(records)
            return try await transaction.bulkInsert(into: "log_entry", columns: Self.columns(of: entries))
        }
    }

    /// The lock is held until the transaction ends, so nobody appends between our reading of the head and our commit.
    private static func lockedHead(_ transaction: Transaction) async throws(DatabaseFailure) -> LogHead {
        let answers = try await transaction.pipeline([
            Statement("SELECT pg_advisory_xact_lock(hashtextextended('infinite-audit-log', 0))"), Statement(selectHead),
        ])
        return try answers.last?.first.map(head) ?? .empty
    }

    private static func columns(of entries: [LogEntry]) -> [BulkColumn] {
        [
            BulkColumn("index", entries.map { Int64(clamping: $0.index) }),
            BulkColumn("recorded_at", entries.map(\.record.recordedAt)),
            BulkColumn("event_id", entries.map(\.record.eventID)), BulkColumn("schema", entries.map(\.record.schema)),
            BulkColumn("producer", entries.map(\.record.producer)),
            BulkColumn("summary", entries.map(\.record.summary)),
            BulkColumn("payload", entries.map(\.record.payload)), BulkColumn("leaf_hash", entries.map(\.leafHash)),
            BulkColumn("previous_hash", entries.map(\.previousHash)), BulkColumn("hash", entries.map(\.hash)),
        ]
    }

    // MARK: Reading

    func head() async throws(DatabaseFailure) -> LogHead {
        try await database.queryRow(Self.selectHead).map(Self.head) ?? .empty
    }

    func entry(at index: UInt64) async throws(DatabaseFailure) -> LogEntry? {
        try await entries(from: index, through: index).first
    }

    /// In order of their indices, at most `pageSize`.
    func entries(from first: UInt64, through last: UInt64) async throws(DatabaseFailure) -> [LogEntry] {
        try await read(
            "SELECT " + Self.names + " FROM log_entry WHERE index BETWEEN $1 AND $2 ORDER BY index LIMIT $3",
            [.int64(Int64(clamping: first)), .int64(Int64(clamping: last)), .int(Self.pageSize)])
    }

    /// Newest first, below `before`.
    func newest(before: UInt64, schema: String?, limit: Int) async throws(DatabaseFailure) -> [LogEntry] {
        let before = SQLValue.int64(Int64(clamping: before))
        guard let schema else {
            return try await read(
                "SELECT " + Self.names + " FROM log_entry WHERE index < $1 ORDER BY index DESC LIMIT $2",
                [before, .int(limit)])
        }
        return try await read(
            "SELECT " + Self.names + " FROM log_entry WHERE index < $1 AND schema = $3 ORDER BY index DESC LIMIT $2",
            [before, .int(limit), .text(schema)])
    }

    func leafHashes(after index: UInt64, through last: UInt64, limit: Int) async throws(DatabaseFailure) -> [[UInt8]] {
        let rows = try await database.query(
            "SELECT leaf_hash FROM log_entry WHERE index > $1 AND index <= $2 ORDER BY index LIMIT $3",
            [.int64(Int64(clamping: index)), .int64(Int64(clamping: last)), .int(limit)])
        var hashes: [[UInt8]] = []
        for row in rows { hashes.append(try row.get(0)) }
        return hashes
    }

    private func read(_ sql: SQL, _ parameters: [SQLValue]) async throws(DatabaseFailure) -> [LogEntry] {
        var entries: [LogEntry] = []
        for row in try await database.query(sql, parameters) { entries.append(try LogEntry(row: row)) }
        return entries
    }

    private static let selectHead: SQL = "SELECT index, hash FROM log_entry ORDER BY index DESC LIMIT 1"

    private static let names: SQL =
        "index, recorded_at, event_id, schema, producer, summary, payload, leaf_hash, previous_hash, hash"

    private static func head(_ row: Row) throws(DatabaseFailure) -> LogHead {
        LogHead(size: try row.get(0, as: UInt64.self), hash: try row.get(1))
    }
}

extension LogEntry {
    fileprivate init(row: Row) throws(DatabaseFailure) {
        self.init(
            index: try row.get(0, as: UInt64.self),
            record: LogRecord(
                recordedAt: try row.get(1), eventID: try row.get(2), schema: try row.get(3), producer: try row.get(4),
                summary: try row.get(5), payload: try row.get(6)),
            leafHash: try row.get(7), previousHash: try row.get(8), hash: try row.get(9))
    }
}
