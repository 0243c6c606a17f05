/// A PostgreSQL type by its object identifier. The numbers are fixed for ever in PostgreSQL's `pg_type.dat`.
package struct SQLType: Hashable, Sendable, CustomStringConvertible {
    package let oid: UInt32

    package init(oid: UInt32) { self.oid = oid }

    /// The server infers the type from the statement.
    package static let unspecified = SQLType(oid: 0)
    package static let bool = SQLType(oid: 16)
    package static let bytes = SQLType(oid: 17)
    package static let int64 = SQLType(oid: 20)
    package static let int16 = SQLType(oid: 21)
    package static let int32 = SQLType(oid: 23)
    package static let text = SQLType(oid: 25)
    package static let float = SQLType(oid: 700)
    package static let double = SQLType(oid: 701)
    package static let timestamp = SQLType(oid: 1184)
    package static let numeric = SQLType(oid: 1700)
    package static let uuid = SQLType(oid: 2950)
    package static let jsonb = SQLType(oid: 3802)

    /// Types whose binary form is plain text: json, name, text, bpchar, varchar, unknown.
    static let textual: Set<UInt32> = [114, 19, 25, 1042, 1043, 705]

    /// The type of an array of these; nil where we have no use for one.
    package var array: SQLType? { Self.arrays[oid].map(SQLType.init(oid:)) }

    private static let arrays: [UInt32: UInt32] = [
        16: 1000, 17: 1001, 20: 1016, 21: 1005, 23: 1007, 25: 1009, 700: 1021, 701: 1022, 1184: 1185, 1700: 1231,
        2950: 2951, 3802: 3807,
    ]

    private static let names: [UInt32: String] = [
        16: "boolean", 17: "bytea", 20: "bigint", 21: "smallint", 23: "integer", 25: "text", 700: "real",
        701: "double precision", 1184: "timestamptz", 1700: "numeric", 2950: "uuid", 3802: "jsonb", 114: "json",
        1043: "varchar", 1114: "timestamp",
    ]

    package var description: String { Self.names[oid] ?? "type \(oid)" }
}
