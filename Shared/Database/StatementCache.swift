/// Which statements one connection has prepared, least recently used first out.
///
/// A statement is prepared for its text *and* its parameters' types. The server's side is changed elsewhere: this value
/// says what to prepare and what to close, and is told how that went.
struct StatementCache {
    struct Key: Hashable {
        let sql: SQL
        let types: [SQLType]

        init(_ statement: Statement) {
            sql = statement.sql
            types = statement.parameters.map(\.type)
        }
    }

    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var uses: UInt64 = 0
    private var namesGiven: UInt64 = 0
    /// Evicted here, still held by the server.
    private(set) var namesToClose: [String] = []

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { entries.count }

    mutating func name(for key: Key) -> String? {
        uses += 1
        entries[key]?.lastUse = uses
        return entries[key]?.name
    }

    mutating func newName() -> String {
        namesGiven += 1
        return "s\(namesGiven)"
    }

    mutating func prepared(_ key: Key, as name: String) {
        if entries[key] == nil, entries.count >= capacity,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            forget(oldest.key)
        }
        uses += 1
        if let replaced = entries.updateValue(Entry(name: name, lastUse: uses), forKey: key) {
            namesToClose.append(replaced.name)
        }
    }

    /// The plan no longer fits the tables, say after a migration.
    mutating func forget(_ key: Key) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        namesToClose.append(entry.name)
    }

    mutating func closed(_ name: String) {
        namesToClose.removeAll { $0 == name }
    }
}
