import HTTP
import TestSupport
import Testing

@Suite struct RequestParserTests {
    @Test("Every case of http-requests.txt, whole", arguments: MessageCase.read("http-requests.txt"))
    func wholeRequest(example: MessageCase) {
        #expect(MessageTranscript.ofRequests([example.bytes[...]]) == example.expected)
    }

    @Test("Every case of http-requests.txt, byte by byte", arguments: MessageCase.read("http-requests.txt"))
    func byteByByte(example: MessageCase) {
        let parts = example.bytes.indices.map { example.bytes[$0...$0] }
        #expect(MessageTranscript.ofRequests(parts) == example.expected)
    }

    @Test("Every case of http-requests.txt, in every split into two", arguments: MessageCase.read("http-requests.txt"))
    func everySplit(example: MessageCase) {
        let step = max(1, example.bytes.count / 300)
        for split in stride(from: 0, through: example.bytes.count, by: step) {
            let found = MessageTranscript.ofRequests([example.bytes[..<split], example.bytes[split...]])
            guard found != example.expected else { continue }
            Issue.record("split at \(split): \(found)")
            return
        }
    }

    @Test func `The table is there and covers every refusal a request can meet`() {
        let examples = MessageCase.read("http-requests.txt")
        #expect(examples.count > 100)
        let text = examples.flatMap(\.expected).joined(separator: "\n")
        // HTTP2FieldSectionTests shows those that only HTTP/2 knows.
        let elsewhere: Set<HTTPRefusal> = [
            .malformedStatus, .tooManyFields, .lengthMismatch, .uppercaseFieldName, .paddedFieldValue, .connectionField,
            .misplacedPseudoField, .unknownPseudoField, .duplicatePseudoField, .missingPseudoField, .malformedScheme,
        ]
        for refusal in HTTPRefusal.allCases where !elsewhere.contains(refusal) {
            #expect(text.contains("refused \(refusal.rawValue)"), "no case shows \(refusal.rawValue)")
        }
    }

    @Test func `RFC 6585 §5: more fields than the limit are refused`() {
        let fields = (0..<100).map { "X-\($0): y\r\n" }.joined()
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)
        #expect(MessageTranscript.ofRequests([bytes[...]]) == ["refused too-many-fields"])
    }

    @Test func `Random splits of random streams never change the outcome`() {
        var random = SeededGenerator(seed: 7)
        let examples = MessageCase.read("http-requests.txt").filter { $0.bytes.count < 400 }
        for _ in 0..<2_000 {
            let bytes = mutated(
                (0..<3).flatMap { _ in examples[Int(random.next() % UInt64(examples.count))].bytes }, &random)
            let whole = MessageTranscript.ofRequests([bytes[...]])
            #expect(MessageTranscript.ofRequests(split(bytes, &random)) == whole)
        }
    }

    private func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int(random.next() % 4) {
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        return bytes
    }

    private func split(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + 1 + Int(random.next() % 40))
            parts.append(bytes[start..<end])
            start = end
        }
        return parts
    }
}

@Suite struct ResponseParserTests {
    @Test(
        "Every case of http-responses.txt, in every split into two", arguments: MessageCase.read("http-responses.txt"))
    func everySplit(example: MessageCase) {
        let method: HTTPMethod = example.name.hasPrefix("HEAD") ? .head : .get
        for split in 0...example.bytes.count {
            let parts = [example.bytes[..<split], example.bytes[split...]]
            #expect(MessageTranscript.ofResponses(parts, to: method) == example.expected)
        }
    }
}

@Suite struct HeadersTests {
    private let headers: HTTPHeaders = ["Accept": "a", "X-One": "1", "accept": "b, C"]

    @Test func `Names compare without case and keep their order`() {
        #expect(headers["ACCEPT"] == "a")
        #expect(headers.values(of: "Accept") == ["a", "b, C"])
        #expect(headers["missing"] == nil)
    }

    @Test func `List items are found whole, in any case`() {
        #expect(headers.hasToken("c", in: "accept"))
        #expect(!headers.hasToken("b, C", in: "accept"))
    }

    @Test func `Setting replaces every value, removing leaves the others`() {
        var changed = headers
        changed.set("Accept", "z")
        #expect(changed == ["X-One": "1", "Accept": "z"])
        changed.remove("x-one")
        #expect(changed.count == 1)
        #expect(headers.count == 3)
    }

    @Test func `A value cannot end its own field`() {
        var changed = HTTPHeaders()
        changed.add("X\r\n", "a\r\nSet-Cookie: b\0")
        var written: [UInt8] = []
        changed.write(to: &written)
        #expect(String(decoding: written, as: UTF8.self) == "X??: a??Set-Cookie: b?\r\n")
    }
}
