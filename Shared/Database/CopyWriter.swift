package import Core

/// Rows in the binary form of `COPY … FROM STDIN (FORMAT binary)`: a signature, then per row the number of fields and
/// each field behind its length, then a trailer.
///
/// Field by field, because a row of enum values costs more than the row itself. The types must be the columns' own:
/// COPY converts nothing.
package struct CopyWriter: ~Copyable {
    private var bytes: [UInt8]
    private let columns: Int16
    private var fieldsMissing = 0
    /// Why the COPY has to be given up: a row had more or fewer fields than there are columns.
    private(set) var problem: String?

    private static let chunkSize = 64 << 10
    private static let signature: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00] + [UInt8](repeating: 0, count: 8)
    private static let trailer = Int16(-1)

    init(columns: Int) {
        self.columns = Int16(columns)
        bytes = Self.signature
        bytes.reserveCapacity(Self.chunkSize + 4_096)
    }

    var isChunkFull: Bool { bytes.count >= Self.chunkSize }

    mutating func beginRow() {
        checkRow()
        bytes.appendBigEndian(columns)
        fieldsMissing = Int(columns)
    }

    mutating func end() {
        checkRow()
        bytes.appendBigEndian(Self.trailer)
    }

    mutating func takeBytes() -> [UInt8] {
        defer {
            bytes = []
            bytes.reserveCapacity(Self.chunkSize + 4_096)
        }
        return bytes
    }

    private mutating func checkRow() {
        guard fieldsMissing != 0, problem == nil else { return }
        problem = "a row has \(Int(columns) - fieldsMissing) fields, the COPY names \(columns) columns"
    }

    package mutating func field(_ value: Int64) { sized { $0.appendBigEndian(value) } }
    package mutating func field(_ value: Int32) { sized { $0.appendBigEndian(value) } }
    package mutating func field(_ value: [UInt8]) { sized { $0.append(contentsOf: value) } }
    package mutating func field(_ value: String) { sized { $0.append(contentsOf: value.utf8) } }
    package mutating func field(_ value: UUIDv7) { sized { value.encodeSQL(into: &$0) } }
    package mutating func field(_ value: Timestamp) { sized { value.encodeSQL(into: &$0) } }
    package mutating func field(_ value: Bool) { sized { value.encodeSQL(into: &$0) } }
    package mutating func field(_ value: Double) { sized { value.encodeSQL(into: &$0) } }
    package mutating func null() {
        fieldsMissing -= 1
        bytes.appendBigEndian(Int32(-1))
    }

    package mutating func field(_ value: SQLValue) {
        if value.isNull { null() } else { sized { value.encode(into: &$0) } }
    }

    private mutating func sized(_ encode: (inout [UInt8]) -> Void) {
        fieldsMissing -= 1
        bytes.appendSized(encode)
    }
}
