import Compression
import PatternMatching
import TestSupport
import Testing

@testable import Inspection

@Suite struct DecodingTests {
    private func apply(_ transformation: Transformation, _ text: String) -> String {
        var output: [UInt8] = []
        var spare: [UInt8] = []
        let changed = transformation.apply(Array(text.utf8).span, into: &output, spare: &spare)
        return changed ? String(decoding: output, as: UTF8.self) : text
    }

    @Test(arguments: [
        ("%41%62", "Ab"), ("%2541", "A"), ("%252541", "A"), ("%u0041", "A"), ("&lt;b&gt;", "<b>"), ("&#60;", "<"),
        ("&#x3c", "<"), ("&#0000060;", "<"), ("\\u003c\\x3e", "<>"), ("100%", "100%"), ("%4", "%4"), ("%zz", "%zz"),
        ("&unknown;", "&unknown;"), ("&#;", "&#;"), ("a & b", "a & b"), ("\\n", "\\n"), ("%26lt%3B", "<"), ("", ""),
    ])
    func escapesAreUndoneUntilNothingChanges(text: String, expected: String) {
        #expect(apply(.unescape, text) == expected)
    }

    @Test func overlongAndFullWidthFormsBecomeASCII() {
        var output: [UInt8] = []
        _ = UnicodeFolding.fold([0xc0, 0xaf, 0xe0, 0x80, 0xaf, 0xef, 0xbc, 0x9c, 0xc3, 0xa9, 0xc2].span, into: &output)
        #expect(output == [0x2f, 0x2f, 0x3c, 0xc3, 0xa9, 0xc2])
    }

    @Test(arguments: [
        ("a/**/b", "a b"), ("a/*x", "a "), ("/*!50000union*/ x", " union  x"), ("a*b", "a*b"), ("*/", "*/"),
    ])
    func commentsBecomeSpaces(text: String, expected: String) {
        #expect(apply(.replaceSQLComments, text) == expected)
    }

    @Test(arguments: [
        ("w'h'o\\ami", "whoami"), ("cat${ifs}x", "cat x"), ("c$@at", "cat"), ("ca$x", "ca"), ("a+b", "a b"),
        ("$path", "$path"),
    ])
    func shellQuotingGoes(text: String, expected: String) {
        #expect(apply(.unquoteShell, text) == expected)
    }

    @Test(arguments: [
        ("a\\b", "a/b"), ("a//b", "a/b"), ("a/./b", "a/b"), ("a/././/b", "a/b"), ("a/../b", "a/../b"), ("./a", "./a"),
    ])
    func pathsAreNormalizedButKeepTheirSteps(text: String, expected: String) {
        #expect(apply(.normalizePath, text) == expected)
    }

    /// What the engine relies on: without a trigger byte a transformation changes nothing, and nothing grows.
    @Test func triggersTellTheTruth() {
        var random = SeededGenerator(seed: 99)
        for _ in 0..<3_000 {
            let input = random.bytes(upTo: 40)
            for transformation in Transformation.allCases {
                var output: [UInt8] = []
                var spare: [UInt8] = []
                let changed = transformation.apply(input.span, into: &output, spare: &spare)
                if !input.contains(where: { transformation.triggers.contains($0) }) {
                    #expect(!changed || output == input, "\(transformation) \(input)")
                }
                if !changed { #expect(output.isEmpty || output == input, "\(transformation) \(input)") }
                #expect(output.count <= input.count, "\(transformation) \(input)")
            }
        }
    }
}

@Suite struct CharsetTests {
    @Test func aContentTypeSaysWhichSetItIs() {
        func charset(_ text: String) -> Charset? { Charset(ofContentType: Array(text.utf8).span) }
        #expect(charset("application/json; charset=UTF-16LE") == .utf16)
        #expect(charset("text/xml; charset=\"ibm037\"") == .ibm037)
        #expect(charset("application/json; charset=utf-8") == nil)
        #expect(charset("application/json") == nil)
    }

    @Test func theirBytesAreReadAsText() {
        func decode(_ charset: Charset, _ bytes: [UInt8]) -> String {
            var output: [UInt8] = []
            charset.decode(bytes.span, into: &output)
            return String(decoding: output, as: UTF8.self)
        }
        #expect(decode(.ibm037, [0x7d, 0x40, 0x96, 0x99, 0x40, 0xf1, 0x7e, 0xf1]) == "' or 1=1")
        #expect(decode(.utf16, [0x3c, 0x00, 0x61, 0x00]) == "<a")
        #expect(decode(.utf16, [0xfe, 0xff, 0x00, 0x3c, 0x00, 0x61]) == "<a")
        #expect(decode(.utf16BigEndian, [0x00, 0x3c, 0x00, 0x61, 0x00]) == "<a")
    }

    @Test(arguments: [
        ("application/x-www-form-urlencoded; charset=ibm037", "q=%7D%40%96%99%40%F1%7E%F1%40%60%60"),
        ("text/plain; charset=utf-16le", "'\u{0} \u{0}o\u{0}r\u{0} \u{0}1\u{0}=\u{0}1\u{0} \u{0}-\u{0}-\u{0}"),
    ])
    func anAttackInAStrangeSetIsFound(type: String, body: String) throws {
        var scratch = try InspectionScratch()
        let request = InspectedRequest(
            method: "POST", target: [0x2f], headers: [.init("Content-Type", type)], body: Array(body.utf8))
        let verdict = try InspectionEngine.builtIn().inspect(request, .standard, &scratch)
        #expect(verdict.category == .sqlInjection)
    }
}

@Suite struct ParsingTests {
    private func values(_ method: String = "POST", _ target: String = "/", type: String = "", body: String = "")
        -> [String]
    {
        values(method, target, types: type.isEmpty ? [] : [type], body: body)
    }

    private func values(_ method: String = "POST", _ target: String = "/", types: [String], body: String) -> [String] {
        var table = ValueTable()
        table.reset(.standard)
        let request = InspectedRequest(
            method: method, target: Array(target.utf8), headers: types.map { .init("Content-Type", $0) },
            body: Array(body.utf8))
        RequestValues.collect(request, .standard, into: &table)
        return table.values.filter { ![.method, .target, .header].contains($0.variable) }.map { value in
            let name = String(decoding: table.bytes[value.name], as: UTF8.self)
            return "\(value.variable.name) \(name)=\(String(decoding: table.bytes[value.bytes], as: UTF8.self))"
        }
    }

    @Test func queriesAreTakenApartAndDecoded() {
        #expect(
            values("GET", "/a%20b?x=1+2&y%5B%5D=%41&z")
                == [
                    "path =/a b", "argument-name x=x", "argument x=1 2", "argument-name y[]=y[]", "argument y[]=A",
                    "argument =z",
                ])
    }

    @Test func aValueTornAtItsOwnEqualsSignIsLookedAtWhole() {
        #expect(values("GET", "/?<svg onload=alert(1)>").contains("argument =<svg onload=alert(1)>"))
    }

    /// In a field, in a cookie, behind base64; each string is then judged by itself.
    @Test(arguments: [
        "{\"name\":\"x' or 7=7 --\",\"page\":1}", "[\"<script src=//evil.example>\"]",
        "eyJuYW1lIjoieCcgb3IgNz03IC0tIiwicGFnZSI6MX0",
    ])
    func jsonInAValueIsRead(text: String) throws {
        let engine = try InspectionEngine.builtIn()
        var scratch = try InspectionScratch()
        for target in ["/?data=\(text)", "/"] {
            let request = InspectedRequest(
                method: "GET", target: Array(target.utf8),
                headers: target == "/" ? [.init("Cookie", "data=\(text)")] : [])
            let findings = engine.inspect(request, .standard, &scratch).findings
            #expect(findings.contains { $0.weight > 0.8 }, "\(target) \(findings.map(\.ruleID))")
        }
    }

    @Test func aBrotliBodyIsExpandedUpToTheLimit() throws {
        let encoder = try BrotliEncoder(level: 5)
        let attack = Array("q=x' or 7=7 --&a=".utf8) + [UInt8](repeating: 0x61, count: 100_000)
        let packed = try encoder.encode(attack, flush: false) + encoder.finish()
        let request = InspectedRequest(
            method: "POST", target: [0x2f],
            headers: [
                .init("Content-Type", "application/x-www-form-urlencoded"), .init("Content-Encoding", "br"),
            ], body: packed)
        var scratch = try InspectionScratch()
        #expect(try InspectionEngine.builtIn().inspect(request, .standard, &scratch).action == .block)
        let small = try InspectionEngine.builtIn(limits: InspectionLimits(maximumBytes: 1_000))
        #expect(!small.inspect(request, .standard, &scratch).isComplete)
        var output: [UInt8] = []
        #expect(BrotliDecoder.expand(packed.span, limit: 100, into: &output) == .cut)
        #expect(output.count == 100)
        #expect(BrotliDecoder.expand(packed.span.extracting(0..<9), limit: 1_000_000, into: &output) == .needsInput)
    }

    @Test func jsonGivesItsStringsWithTheirNames() {
        let body = #"{"a":"x\n\u0041","b":[1,"y",{"c":true,"d":"z"}],"e":"w"}"#
        #expect(
            values(type: "application/json", body: body)
                == [
                    "path =/", "json-name a=a", "json a=x\nA", "json-name b=b", "json b=y", "json-name c=c",
                    "json-name d=d", "json d=z", "json-name e=e", "json e=w",
                ])
    }

    @Test func whatIsNotJSONIsLookedAtAsText() {
        #expect(values(type: "application/json", body: "q=<b>").contains("body =q=<b>"))
    }

    @Test func multipartGivesFieldsAndFiles() {
        let body = [
            "--xx", #"Content-Disposition: form-data; name="q""#, "", "hello", "--xx",
            #"Content-Disposition: form-data; name="f"; filename="a.php""#, "Content-Type: text/plain", "", "<?php",
            "--xx--", "",
        ].joined(separator: "\r\n")
        #expect(
            values(type: #"multipart/form-data; boundary="xx""#, body: body)
                == [
                    "path =/", "argument-name q=q", "argument q=hello", "argument-name f=f", "file-name f=a.php",
                    "file f=<?php",
                ])
    }

    /// A field to some readers, a file to others, or something in between: judged as both, and said.
    @Test(arguments: [
        #"Content-Disposition: form-data; name="q"; x="; filename=a""#,
        "Content-Disposition: form-data; name='q; filename=a'",
        "Content-Disposition: form-data; name=\"q\"\r\nX-Note: ; filename=a",
        "Content-Disposition: form-data; name=\"q\";\r\n filename=\"a\"",
        "Content-Disposition: form-data; name=\"x\"; filename=\"a\"\r\nContent-Disposition: form-data; name=\"q\"",
        "Content-Disposition: form-data; name=\"q\"\r\nContent-Transfer-Encoding: quoted-printable",
        "Content-Disposition : form-data; name=\"q\"; filename=\"a\"",
    ])
    func aPartThatReadersTakeApartDifferentlyIsAFieldToo(head: String) {
        let type = "multipart/form-data; boundary=xx"
        let body = "--xx\r\n\(head)\r\n\r\nhello\r\n--xx--\r\n"
        #expect(values(type: type, body: body).contains { $0.hasPrefix("argument ") && $0.hasSuffix("=hello") })
        let isAmbiguous = PartHead("\r\n\(head)\r\n".utf8.span).isAmbiguous
        #expect(isAmbiguous)
    }

    @Test(arguments: [
        #"content-disposition:form-data; NAME=q; filename="a;b.txt""#,
        #"Content-Disposition: form-data; name="filename""#,
        "Content-Disposition: form-data; name=\"f\"; filename=\"a.txt\"; filename*=utf-8''a.txt",
        "Content-Disposition: form-data; name=\"f\"\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit",
    ])
    func whatClientsSendIsPlain(head: String) {
        let isAmbiguous = PartHead("\r\n\(head)\r\n".utf8.span).isAmbiguous
        #expect(!isAmbiguous)
    }

    @Test func twoBoundariesLetNobodyHide() {
        let type = "multipart/form-data; boundary=aa; boundary=bb"
        let body =
            "--aa\r\n\r\n\r\n--aa--\r\n--bb\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nhello\r\n--bb--\r\n"
        #expect(values(type: type, body: body).contains { $0.hasPrefix("body =") && $0.contains("hello") })
        let isAmbiguous = Multipart.isAmbiguous(contentType: type.utf8.span)
        #expect(isAmbiguous)
        let usual = "multipart/form-data; boundary=----WebKitFormBoundaryA1"
        let isUsualAmbiguous = Multipart.isAmbiguous(contentType: usual.utf8.span)
        #expect(!isUsualAmbiguous)
    }

    /// Go takes a part with an empty file name for a field; scripts send JSON as a file that browsers name `blob`.
    @Test(arguments: [#"filename="""#, "filename=\"blob\"\r\nContent-Type: application/json"])
    func whatIsAFileByItsNameOnlyIsAFieldToo(file: String) {
        let body = "--xx\r\nContent-Disposition: form-data; name=\"q\"; \(file)\r\n\r\nhello\r\n--xx--\r\n"
        let values = values(type: "multipart/form-data; boundary=xx", body: body)
        #expect(values.contains("argument q=hello"))
    }

    @Test(arguments: ["boundary=a,b", "boundary=a b", #"boundary="a\"b""#, "boundary*=utf-8''a"])
    func boundariesThatReadersCutDifferentlyAreAmbiguous(parameter: String) {
        let isAmbiguous = Multipart.isAmbiguous(contentType: "multipart/form-data; \(parameter)".utf8.span)
        #expect(isAmbiguous)
    }

    @Test func whatFollowsTheLastDelimiterIsReadAsWell() {
        let body =
            "--xx\r\n\r\n\r\n--xx--\r\n--xx\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nhello\r\n--xx--\r\n"
        #expect(values(type: "multipart/form-data; boundary=xx", body: body).contains("argument q=hello"))
    }

    @Test func ofTwoTypesBothAreBelieved() {
        let types = ["application/json", "image/png"]
        #expect(values(types: types, body: #"{"q":"hello"}"#).contains("json q=hello"))
        #expect(values(types: types + ["image/gif"], body: #"{"q":"hello"}"#).contains("json q=hello"))
        #expect(values(types: types.reversed(), body: #"{"q":"hello"}"#).contains("json q=hello"))
    }

    @Test func jsonThatSaysItIsBytesIsRead() {
        #expect(values(type: "application/octet-stream", body: #"{"q":"hello"}"#).contains("json q=hello"))
    }

    @Test func xmlGivesItsTextsAndItsMarkup() {
        #expect(
            values(type: "text/xml", body: "<a><b>hello</b> <c/></a>")
                == ["path =/", "xml =<a><b>hello</b> <c/></a>", "xml-text =hello"])
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=abc", "abc"), (#"multipart/form-data; boundary="a b"; x=y"#, "a b"),
        ("multipart/form-data; boundary=", nil), ("multipart/form-data", nil),
        (#"multipart/form-data; x="; boundary=no"; boundary=yes"#, "yes"), ("multipart/form-data; x-boundary=no", nil),
    ])
    func boundariesAreRead(type: String, expected: String?) {
        let bytes = Array(type.utf8)
        let range = Multipart.boundary(ofContentType: bytes.span)
        #expect(range.map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
    }
}
