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

    @Test("A set of names can hold all that begin in one way, which is longer than the beginning")
    func beginnings() {
        let names: HTTPFieldNames = (["host"] as HTTPFieldNames).andAll(beginningWith: "infinite-")
            .union(["te"])
        let headers = HTTPHeaders([
            ("Infinite-Request", "1"), ("infinite-x", "2"), ("Infinite-", "3"), ("Host", "4"), ("TE", "5"), ("in", "6"),
        ])
        let kept = headers.without(names)
        #expect((0..<kept.count).map { kept.value(at: $0) } == ["3", "6"])
    }

    @Test("A name checked beforehand adds, finds, replaces and removes what its text does")
    func checkedNames() {
        let name = HTTPFieldName("X-Request-Id")
        var headers = HTTPHeaders([("a", "1"), ("x-request-id", "2"), ("X-REQUEST-ID", "3")])
        #expect(headers.contains(name))
        #expect(headers.valueBytes(of: name) == [UInt8(ascii: "2")])
        headers.reserve(fields: 1, bytes: 100)
        headers.set(name, Array("4\r\n5".utf8)[...])
        headers.add(name, Array("6".utf8)[...])
        #expect(headers == HTTPHeaders([("a", "1"), ("X-Request-Id", "4??5"), ("X-Request-Id", "6")]))
        for number in [0, 7, 12_345, -3, .max, .min] {
            headers.set(name, decimal: number)
            #expect(headers == HTTPHeaders([("a", "1"), ("X-Request-Id", "\(number)")]))
        }
        headers.remove(name)
        #expect(headers == HTTPHeaders([("a", "1")]))
        #expect(!headers.contains(name))
        #expect(headers.valueBytes(of: name) == nil)
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
