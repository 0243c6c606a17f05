import JSON
import Testing

@Suite struct JSONWriterTests {
    @Test func `a document is written without a tree`() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("name")
            writer.string("a\"b\\c\n\u{1f}")
            writer.key("counts")
            writer.array { writer in
                writer.integer(Int64.min)
                writer.integer(UInt64.max)
                writer.array { _ in }
                writer.object { _ in }
            }
            writer.key("ratio")
            writer.number(0.25)
            writer.key("nothing")
            writer.null()
            writer.key("yes")
            writer.bool(true)
        }
        let expected =
            #"{"name":"a\"b\\c\n\u001f","counts":[-9223372036854775808,18446744073709551615,[],{}],"#
            + #""ratio":0.25,"nothing":null,"yes":true}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    /// As a String of the same bytes would be written.
    @Test(
        arguments: ["", "plain", "a\"b\\c\n\u{1f}", "\"", "ends with \"", "é", "\u{7f}"].map { Array($0.utf8) } + [
            [0x61, 0xff, 0x62]
        ])
    func `bytes are written as text`(bytes: [UInt8]) {
        var (ofBytes, ofText) = (JSONWriter(), JSONWriter())
        ofBytes.string(bytes[...])
        ofText.string(String(decoding: bytes, as: UTF8.self))
        #expect(ofBytes.bytes == ofText.bytes)
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan])
    func `a number that JSON does not have is null`(number: Double) {
        #expect(JSONValue.number(number).serialized() == Array("null".utf8))
    }

    @Test(arguments: [0.1, -1e300, Double.leastNonzeroMagnitude, 1e21, 123456789.123])
    func `a number keeps every bit`(number: Double) throws {
        #expect(try JSONValue(parsing: JSONValue.number(number).serialized()).numberValue == number)
    }
}
