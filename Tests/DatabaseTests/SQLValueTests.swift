internal import Core
internal import TestSupport
internal import Testing

@testable import Database

@Suite struct SQLValueTests {
    private func decoded<Value: SQLDecodable>(_ bytes: [UInt8], _ type: SQLType, as: Value.Type) -> Value? {
        unsafe Value(sql: bytes.span.bytes, type: type)
    }

    private func elements<Value: SQLDecodable>(_ bytes: [UInt8], as: Value.Type) -> [Value?]? {
        unsafe SQLArray.elements(of: bytes.span.bytes, as: Value.self)
    }

    private func encoded(_ value: SQLValue) -> [UInt8] {
        var bytes: [UInt8] = []
        value.encode(into: &bytes)
        return bytes
    }

    @Test(
        "values have PostgreSQL's binary form",
        arguments: [
            (SQLValue.bool(true), "01"), (.int16(-2), "fffe"), (.int32(258), "00000102"),
            (.int64(-1), "ffffffffffffffff"), (.double(1), "3ff0000000000000"), (.text("é"), "c3a9"),
            (.bytes([0, 255]), "00ff"), (.timestamp(Timestamp(seconds: 946_684_801)), "00000000000f4240"),
            (.timestamp(Timestamp(nanoseconds: 946_684_800_000_000_000 - 1)), "ffffffffffffffff"),
            (.jsonb("{}"), "017b7d"),
            (.array([Int32(7)]), "000000010000000000000017000000010000000100000004" + "00000007"),
            (.array([Int64?.none]), "0000000100000001000000140000000100000001ffffffff"),
            (.array([String]()), "000000000000000000000019"),
        ])
    func binaryForm(value: SQLValue, hexadecimal: String) {
        #expect(Hex.encode(encoded(value)) == hexadecimal)
    }

    @Test(
        "numerics survive text and binary",
        arguments: [
            "0", "1", "-1", "10000", "9999", "12345678901234567890.123456789", "0.0001", "0.00010", "-0.5", "100000000",
            "18446744073709551615",
        ])
    func numericRoundTrip(text: String) throws {
        let number = try #require(SQLNumeric(text))
        var bytes: [UInt8] = []
        number.encodeSQL(into: &bytes)
        let copy = decoded(bytes, .numeric, as: SQLNumeric.self)
        #expect(number.description == text)
        #expect(copy == number)
    }

    @Test("what is no number is no numeric", arguments: ["", "-", ".", "1.", ".5", "1e5", "+1", "1.2.3", " 1", "NaN"])
    func numericRefusals(text: String) {
        #expect(SQLNumeric(text) == nil)
    }

    @Test("truncated or damaged bytes are refused, never trapped on")
    func hostileBytes() {
        var generator = SystemRandomNumberGenerator()
        for length in 0..<64 {
            for _ in 0..<50 {
                let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                _ = elements(bytes, as: Int64.self)
                _ = elements(bytes, as: String.self)
                _ = decoded(bytes, .numeric, as: SQLNumeric.self)?.description
                _ = decoded(bytes, .uuid, as: UUIDv7.self)
                _ = decoded(bytes, .timestamp, as: Timestamp.self)
                _ = decoded(bytes, .jsonb, as: String.self)
            }
        }
        let falseCount: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1]
        #expect(elements(falseCount, as: Int64.self) == nil)
    }

    @Test("every type comes back from the server as it was sent")
    func serverRoundTrip() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        let id = UUIDv7()
        let now = Timestamp(nanoseconds: Timestamp.now.microseconds * 1_000)
        let number = try #require(SQLNumeric("-1234567.00890"))
        let row = try #require(
            try await database.queryRow(
                "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text, $12, $13, $14",
                [
                    true, .int16(-3), .int32(70_000), .int64(.min), .double(-0.25), "naïve\u{0001}",
                    .bytes([0, 1, 255]),
                    .uuid(id), .timestamp(now), .numeric(number), .null, .jsonb(#"{"a":[1,null]}"#),
                    .array(["a", nil, "ü"]), .array([id]),
                ]))
        #expect(try row.get(0, as: Bool.self))
        #expect(try row.get(1, as: Int16.self) == -3)
        #expect(try row.get(2, as: Int.self) == 70_000)
        #expect(try row.get(3, as: Int64.self) == .min)
        #expect(try row.get(4, as: Double.self) == -0.25)
        #expect(try row.get(5, as: String.self) == "naïve\u{0001}")
        #expect(try row.get(6, as: [UInt8].self) == [0, 1, 255])
        #expect(try row.get(7, as: UUIDv7.self) == id)
        #expect(try row.get(8, as: Timestamp.self) == now)
        #expect(try row.get(9, as: SQLNumeric.self).description == "-1234567.00890")
        #expect(try row.get(10, as: String?.self) == nil)
        #expect(try row.get(11, as: String.self) == #"{"a": [1, null]}"#)
        #expect(throws: DatabaseFailure.self) { try row.getArray(12, of: String.self) }
        #expect(try row.getArray(13, of: UUIDv7.self) == [id])
    }

    @Test("a field of another type, a NULL and a missing column are failures that say so")
    func misreadFields() async throws {
        let database = try await freshDatabase().open()
        defer { database.shutDown() }
        let row = try #require(try await database.queryRow("SELECT 1::int8 AS big, NULL::text AS nothing"))
        #expect(throws: DatabaseFailure.unexpectedResult("column big of bigint is not a String")) {
            try row.get("big", as: String.self)
        }
        #expect(throws: DatabaseFailure.unexpectedResult("column nothing is NULL, and must not be")) {
            try row.get("nothing", as: String.self)
        }
        #expect(throws: DatabaseFailure.unexpectedResult("there is no column other")) {
            try row.get("other", as: String.self)
        }
    }
}
