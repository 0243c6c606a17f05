internal import Core

/// One step forward of a schema: a number, a name and SQL. Read from a file `NNNN-name.sql`, or written in Swift where
/// several services share the step.
///
/// A migration is never edited once applied (its checksum is kept) and never undone: the next one corrects it. It must
/// leave the previous version of the service working, so what would break that is refused unless the file says
/// `-- safe-because: …` and means it.
package struct Migration: Sendable, Equatable {
    /// Who numbers it: `service` for a service's own files, else the name of the shared module.
    package let origin: String
    package let number: Int
    package let name: String
    package let sql: SQL

    package init(origin: String = "service", number: Int, name: String, sql: SQL) {
        self.origin = origin
        self.number = number
        self.name = name
        self.sql = sql
    }

    package var title: String { "\(origin == "service" ? "" : origin + " ")\(number)-\(name)" }

    /// 64-bit FNV-1a of the text: it finds edits, it does not resist forgers, who could change the schema itself.
    package var checksum: String {
        let hash = sql.text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    /// From a file's name and text. Other files in the directory are refused, so that none is forgotten by a typo.
    static func parse(fileName: String, text: String) throws(DatabaseFailure) -> Migration {
        let digits = fileName.prefix { $0.isASCII && $0.isNumber }
        let rest = fileName.dropFirst(digits.count)
        guard digits.count == 4, let number = Int(digits), number > 0, rest.hasPrefix("-"), rest.hasSuffix(".sql"),
            rest.count > 5
        else {
            throw .migration("\(fileName) is not named NNNN-name.sql, such as 0001-create-verdicts.sql")
        }
        let migration = Migration(number: number, name: String(rest.dropFirst().dropLast(4)), sql: SQL(trusted: text))
        if let danger = migration.danger {
            throw .migration(
                "\(fileName) contains \(danger), which breaks the version that runs beside it. Do it in two releases, "
                    + "or write `-- safe-because: <reason>` into the file.")
        }
        return migration
    }

    /// What in this text would break the previous version, unless the author vouches for it.
    var danger: String? {
        let text = sql.text.lowercased()
        guard !text.contains("-- safe-because:") else { return nil }
        let words = text.split(whereSeparator: \.isNewline).map {
            $0.prefix(upTo: $0.firstRange(of: "--")?.lowerBound ?? $0.endIndex)
        }
        .joined(separator: " ").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return Self.dangers.first { words.contains($0) }
    }

    private static let dangers = [
        "drop table", "drop column", "rename to", "rename column", "set not null", "set data type", "truncate table",
        "drop schema", "drop type", "drop function",
    ]
}
