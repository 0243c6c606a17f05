package import Core

/// One parameter of a statement. A case per type we store; arrays are encoded once, when they are made.
package enum SQLValue: Sendable, Equatable {
    /// NULL whose type the server infers. Where it cannot (`$1 IS NULL`), use `nullOf`.
    case null
    case nullOf(SQLType)
    case bool(Bool)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case double(Double)
    case text(String)
    case bytes([UInt8])
    case uuid(UUIDv7)
    case timestamp(Timestamp)
    case numeric(SQLNumeric)
    case jsonb(String)
    case array(SQLArray)

    package static func int(_ number: Int) -> SQLValue { .int64(Int64(number)) }

    package static func array<Element: SQLEncodable>(_ elements: [Element]) -> SQLValue {
        .array(SQLArray(elements))
    }
    package static func array<Element: SQLEncodable>(_ elements: [Element?]) -> SQLValue {
        .array(SQLArray(elements))
    }

    /// The value, or a NULL that keeps its type.
    package static func nullable<Value>(_ value: Value?, _ make: (Value) -> SQLValue, _ type: SQLType) -> SQLValue {
        value.map(make) ?? .nullOf(type)
    }

    var type: SQLType {
        switch self {
        case .null: .unspecified
        case .nullOf(let type): type
        case .bool: .bool
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        case .double: .double
        case .text: .text
        case .bytes: .bytes
        case .uuid: .uuid
        case .timestamp: .timestamp
        case .numeric: .numeric
        case .jsonb: .jsonb
        case .array(let array): array.type
        }
    }

    var isNull: Bool {
        switch self {
        case .null, .nullOf: true
        default: false
        }
    }

    /// The binary form without its length; nothing for NULL.
    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .null, .nullOf: break
        case .bool(let value): value.encodeSQL(into: &bytes)
        case .int16(let value): value.encodeSQL(into: &bytes)
        case .int32(let value): value.encodeSQL(into: &bytes)
        case .int64(let value): value.encodeSQL(into: &bytes)
        case .double(let value): value.encodeSQL(into: &bytes)
        case .text(let value): value.encodeSQL(into: &bytes)
        case .bytes(let value): value.encodeSQL(into: &bytes)
        case .uuid(let value): value.encodeSQL(into: &bytes)
        case .timestamp(let value): value.encodeSQL(into: &bytes)
        case .numeric(let value): value.encodeSQL(into: &bytes)
        case .jsonb(let text): JSONDocument(text).encodeSQL(into: &bytes)
        case .array(let array): bytes.append(contentsOf: array.encoded)
        }
    }
}

extension SQLValue: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
    package init(integerLiteral value: Int64) { self = .int64(value) }
    package init(stringLiteral value: String) { self = .text(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(nilLiteral: ()) { self = .null }
}
