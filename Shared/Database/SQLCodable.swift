package import Core

/// A Swift type that can be a parameter, in PostgreSQL's binary form.
package protocol SQLEncodable: Sendable {
    static var sqlType: SQLType { get }
    func encodeSQL(into bytes: inout [UInt8])
}

/// A Swift type a field can be read as. `nil` says that the bytes or the column's type do not fit; the caller knows
/// the column's name and makes the sentence.
package protocol SQLDecodable {
    init?(sql bytes: RawSpan, type: SQLType)
}

package typealias SQLCodable = SQLEncodable & SQLDecodable

extension Bool: SQLCodable {
    package static var sqlType: SQLType { .bool }
    package func encodeSQL(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
    package init?(sql bytes: RawSpan, type: SQLType) {
        guard type == .bool, let number = bytes.onlyNumber(UInt8.self) else { return nil }
        self = number != 0
    }
}

extension Int16: SQLCodable {
    package static var sqlType: SQLType { .int16 }
    package func encodeSQL(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
    package init?(sql bytes: RawSpan, type: SQLType) { self.init(sqlInteger: bytes, type: type) }
}

extension Int32: SQLCodable {
    package static var sqlType: SQLType { .int32 }
    package func encodeSQL(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
    package init?(sql bytes: RawSpan, type: SQLType) { self.init(sqlInteger: bytes, type: type) }
}

extension Int64: SQLCodable {
    package static var sqlType: SQLType { .int64 }
    package func encodeSQL(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
    package init?(sql bytes: RawSpan, type: SQLType) { self.init(sqlInteger: bytes, type: type) }
}

extension Int: SQLCodable {
    package static var sqlType: SQLType { .int64 }
    package func encodeSQL(into bytes: inout [UInt8]) { bytes.appendBigEndian(Int64(self)) }
    package init?(sql bytes: RawSpan, type: SQLType) { self.init(sqlInteger: bytes, type: type) }
}

extension FixedWidthInteger {
    /// Any integer column, as long as its value fits: a `count(*)` may be read as an `Int32` until it no longer is one.
    init?(sqlInteger bytes: RawSpan, type: SQLType) {
        let wide: Int64?
        switch type {
        case .int16: wide = bytes.onlyNumber(Int16.self).map(Int64.init)
        case .int32: wide = bytes.onlyNumber(Int32.self).map(Int64.init)
        case .int64: wide = bytes.onlyNumber(Int64.self)
        default: wide = nil
        }
        guard let wide else { return nil }
        self.init(exactly: wide)
    }
}

extension Double: SQLCodable {
    package static var sqlType: SQLType { .double }
    package func encodeSQL(into bytes: inout [UInt8]) { bytes.appendBigEndian(bitPattern) }
    package init?(sql bytes: RawSpan, type: SQLType) {
        if type == .double, let pattern = bytes.onlyNumber(UInt64.self) {
            self.init(bitPattern: pattern)
        } else if type == .float, let pattern = bytes.onlyNumber(UInt32.self) {
            self.init(Float(bitPattern: pattern))
        } else {
            return nil
        }
    }
}

extension String: SQLCodable {
    package static var sqlType: SQLType { .text }
    package func encodeSQL(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
    package init?(sql bytes: RawSpan, type: SQLType) {
        if type == .jsonb, let document = JSONDocument(sql: bytes, type: type) {
            self = document.text
        } else if SQLType.textual.contains(type.oid), let text = bytes.text {
            self = text
        } else {
            return nil
        }
    }
}

extension [UInt8]: SQLEncodable, SQLDecodable {
    package static var sqlType: SQLType { .bytes }
    package func encodeSQL(into bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
    package init?(sql bytes: RawSpan, type: SQLType) {
        guard type == .bytes || SQLType.textual.contains(type.oid) else { return nil }
        self = bytes.array
    }
}

extension UUIDv7: SQLCodable {
    package static var sqlType: SQLType { .uuid }
    package func encodeSQL(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(high)
        bytes.appendBigEndian(low)
    }
    package init?(sql bytes: RawSpan, type: SQLType) {
        guard type == .uuid, bytes.byteCount == 16, let high = bytes.bigEndian(at: 0, as: UInt64.self),
            let low = bytes.bigEndian(at: 8, as: UInt64.self)
        else { return nil }
        self.init(high: high, low: low)
    }
}

/// PostgreSQL counts microseconds from 2000-01-01; the extremes mean `infinity` and `-infinity`, and become the
/// earliest and latest moment a `Timestamp` can hold, as does whatever lies beyond them (the years 1677 and 2262).
extension Timestamp: SQLCodable {
    private static let postgreSQLEpochMicroseconds: Int64 = 946_684_800_000_000

    package static var sqlType: SQLType { .timestamp }

    package func encodeSQL(into bytes: inout [UInt8]) {
        let rest = nanoseconds % 1_000
        let microseconds = (nanoseconds - rest) / 1_000 - (rest < 0 ? 1 : 0)
        bytes.appendBigEndian(microseconds - Self.postgreSQLEpochMicroseconds)
    }

    package init?(sql bytes: RawSpan, type: SQLType) {
        guard type == .timestamp, let microseconds = bytes.onlyNumber(Int64.self) else { return nil }
        self.init(
            nanoseconds: microseconds.addingClamped(Self.postgreSQLEpochMicroseconds).multipliedClamped(by: 1_000))
    }
}

/// The text of a `jsonb` value. The database checks it; nothing here parses.
package struct JSONDocument: SQLCodable, Equatable {
    package var text: String

    package init(_ text: String) { self.text = text }

    package static var sqlType: SQLType { .jsonb }

    /// The only version of the binary form there is, so far.
    private static let formatVersion: UInt8 = 1

    package func encodeSQL(into bytes: inout [UInt8]) {
        bytes.append(Self.formatVersion)
        bytes.append(contentsOf: text.utf8)
    }

    package init?(sql bytes: RawSpan, type: SQLType) {
        guard type == .jsonb, bytes.bigEndian(at: 0, as: UInt8.self) == Self.formatVersion,
            let text = bytes.extracting(1..<bytes.byteCount).text
        else { return nil }
        self.text = text
    }
}

/// Read only: PostgreSQL has no unsigned integers, and a column that never holds a negative one may be read as such.
extension UInt64: SQLDecodable {
    package init?(sql bytes: RawSpan, type: SQLType) { self.init(sqlInteger: bytes, type: type) }
}
