internal import CPostgreSQL

/// What a statement answered. The rows stay where libpq received them; fields are decoded when they are asked for.
package struct Rows: RandomAccessCollection, Sendable {
    private let answer: Answer?

    init(_ handle: consuming ResultHandle) { answer = Answer(handle) }

    private init() { answer = nil }

    static let none = Rows()

    package var startIndex: Int { 0 }
    package var endIndex: Int { answer?.rowCount ?? 0 }
    package var affectedRows: Int { answer?.affectedRows ?? 0 }
    var commandTag: String { answer?.commandTag ?? "" }

    package subscript(position: Int) -> Row {
        precondition(indices.contains(position), "row \(position) of \(count)")
        guard let answer else { preconditionFailure("no rows") }
        return Row(answer: answer, row: Int32(position))
    }
}

/// Holds the result for as long as a row of it lives.
///
/// `@unchecked Sendable` is sound: the handle is never changed after `init`, and libpq documents that reading one
/// result from several threads is safe.
final class Answer: @unchecked Sendable {
    private let handle: ResultHandle
    let rowCount: Int
    let columnCount: Int

    init(_ handle: consuming ResultHandle) {
        rowCount = handle.rowCount
        columnCount = handle.columnCount
        self.handle = handle
    }

    var affectedRows: Int { handle.affectedRows }
    var commandTag: String { handle.commandTag }

    func column(named name: String) -> Int? {
        let column = unsafe PQfnumber(handle.raw, "\"\(name)\"")
        return column < 0 ? nil : Int(column)
    }

    func columnName(_ column: Int) -> String {
        unsafe PQfname(handle.raw, Int32(column)).map { unsafe String(cString: $0) } ?? "column \(column)"
    }

    func columnType(_ column: Int) -> SQLType {
        unsafe SQLType(oid: PQftype(handle.raw, Int32(column)))
    }

    /// Calls `body` with the field's bytes; nil for NULL.
    func withField<Result>(row: Int32, column: Int, _ body: (RawSpan) -> Result) -> Result? {
        let column = Int32(column)
        guard unsafe PQgetisnull(handle.raw, row, column) == 0, let start = unsafe PQgetvalue(handle.raw, row, column)
        else {
            return nil
        }
        let count = unsafe Int(PQgetlength(handle.raw, row, column))
        return unsafe body(RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: count))
    }
}

/// One row. `get` says by its type what the column must hold; `Optional` admits NULL.
package struct Row: Sendable {
    let answer: Answer
    let row: Int32

    package func get<Value: SQLDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(DatabaseFailure) -> Value {
        guard let value = try get(column, as: Value?.self) else {
            throw .unexpectedResult("column \(answer.columnName(column)) is NULL, and must not be")
        }
        return value
    }

    package func get<Value: SQLDecodable>(
        _ column: Int, as type: Value?.Type = Value?.self
    ) throws(DatabaseFailure) -> Value? {
        try field(column) { bytes, type in Value(sql: bytes, type: type) }
    }

    /// The elements of an array column, none of them NULL.
    package func getArray<Element: SQLDecodable>(
        _ column: Int, of type: Element.Type = Element.self
    ) throws(DatabaseFailure) -> [Element] {
        let elements = try field(column) { bytes, _ in SQLArray.elements(of: bytes, as: Element.self) } ?? []
        let present = elements.compactMap(\.self)
        guard present.count == elements.count else {
            throw .unexpectedResult("the array \(answer.columnName(column)) has a NULL, and must not")
        }
        return present
    }

    package func get<Value: SQLDecodable>(_ name: String, as type: Value.Type = Value.self) throws(DatabaseFailure)
        -> Value
    {
        try get(column(named: name))
    }

    package func get<Value: SQLDecodable>(
        _ name: String, as type: Value?.Type = Value?.self
    ) throws(DatabaseFailure) -> Value? {
        try get(column(named: name), as: Value?.self)
    }

    private func column(named name: String) throws(DatabaseFailure) -> Int {
        guard let column = answer.column(named: name) else { throw .unexpectedResult("there is no column \(name)") }
        return column
    }

    private func field<Value>(
        _ column: Int, _ decode: (RawSpan, SQLType) -> Value?
    ) throws(DatabaseFailure) -> Value? {
        guard (0..<answer.columnCount).contains(column) else {
            throw .unexpectedResult("there is no column \(column); the row has \(answer.columnCount)")
        }
        let type = answer.columnType(column)
        guard let decoded = answer.withField(row: row, column: column, { decode($0, type) }) else { return nil }
        guard let value = decoded else {
            throw .unexpectedResult("column \(answer.columnName(column)) of \(type) is not a \(Value.self)")
        }
        return value
    }
}
