import Testing

@testable import HTTP

@Suite("Field names and field lines")
struct FieldNamesTests {
    @Test(
        "A set of names finds each of its names in any case, and nothing else",
        arguments: [
            "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "date", "host", "te",
            "expect",
            "proxy-authorization", "x-forwarded-for", "http2-settings",
        ])
    func names(_ name: String) {
        let all: HTTPFieldNames = ["host", "te", "expect", "proxy-authorization", "x-forwarded-for", "http2-settings"]
        let names = all.union(["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "date"])
        let headers = HTTPHeaders([(name, "1"), (name.uppercased(), "2"), (name + "x", "3"), ("x" + name, "4")])
        #expect(headers.isName(in: names, at: 0))
        #expect(headers.isName(in: names, at: 1))
        #expect(!headers.isName(in: names, at: 2))
        #expect(!headers.isName(in: names, at: 3))
        #expect(!headers.isName(in: [], at: 0))
    }

    @Test("Fields are written in order, without those left out, however they stood before")
    func writing() throws {
        let head = Array("GET / HTTP/1.1\r\nHost: a\r\nB:  2 \r\nC:3\r\nConnection: close\r\nD: 4\r\nE:\r\n\r\n".utf8)
        var parser = HTTPRequestParser()
        var headers = try #require(try parser.parse(head.span)).headers
        headers.add("F", "5\r\n6")
        headers.remove("d")
        var output: [UInt8] = []
        headers.write(to: &output, except: ["connection"])
        #expect(String(decoding: output, as: UTF8.self) == "Host: a\r\nB: 2\r\nC: 3\r\nE: \r\nF: 5??6\r\n")
    }

    @Test("A field's value is free of control bytes wherever they stand in it", arguments: 0..<20)
    func controlBytes(position: Int) {
        for byte: UInt8 in [0, 1, 9, 10, 13, 31, 32, 126, 127, 128, 159, 255] {
            var value = [UInt8](repeating: UInt8(ascii: "a"), count: 20)
            value[position] = byte
            let isAllowed = byte == 9 || (byte >= 32 && byte != 127)
            #expect(HTTPSyntax.isFieldContent(value.span, 0..<20) == isAllowed, "\(byte) at \(position)")
        }
    }
}
