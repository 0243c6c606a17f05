import Core
import HTTP
import Testing

/// Fields as `name=value` lines.
private func request(
    _ text: String, endsStream: Bool = true, allowsConnect: Bool = false, limits: HTTPLimits = HTTPLimits()
) -> String {
    do throws(HTTPRefusal) {
        let head = try section(.request, text, limits).finishRequest(
            endsStream: endsStream, allowsExtendedConnect: allowsConnect)
        return "\(head.method) \(head.target) \(head.host ?? "") \(head.framing)"
    } catch {
        return error.rawValue
    }
}

private func section(
    _ kind: HTTP2FieldSection.Kind, _ text: String, _ limits: HTTPLimits = HTTPLimits()
) -> HTTP2FieldSection {
    var section = HTTP2FieldSection(kind, limits: limits)
    for line in text.split(separator: "|") {
        // The name's own colon may come first.
        let split = line.dropFirst().firstIndex(of: "=") ?? line.startIndex
        let (name, value) = (Array(line[..<split].utf8), Array(line[split...].dropFirst().utf8))
        section.add(name.span, value.span)
    }
    return section
}

private let get = ":method=GET|:scheme=https|:authority=a|:path=/"

private let cases: [(String, String)] = [
    ("\(get)", "GET / a none"),
    (":method=OPTIONS|:scheme=http|:authority=a|:path=*", "OPTIONS * a none"),
    (":method=GET|:scheme=http|:path=/?q|host=b:1", "GET /?q b:1 none"),
    ("\(get)|content-length=0", "GET / a none"),
    ("\(get)|content-length=1", "length-mismatch"),
    ("\(get)|Accept=x", "uppercase-field-name"),
    ("\(get)|a= b", "padded-field-value"), ("\(get)|a=b\t", "padded-field-value"),
    ("\(get)|a=b\u{1}", "control-byte"), ("\(get)|a b=c", "malformed-field-name"),
    ("\(get)|connection=x", "connection-field"), ("\(get)|proxy-connection=x", "connection-field"),
    ("\(get)|keep-alive=x", "connection-field"), ("\(get)|te=trailers, gzip", "connection-field"),
    ("\(get)|a=b|:path=/", "misplaced-pseudo-field"), ("\(get)|:version=2", "unknown-pseudo-field"),
    ("\(get)|:method=GET", "duplicate-pseudo-field"), ("\(get)|:scheme=https", "duplicate-pseudo-field"),
    ("\(get)|:authority=a", "duplicate-pseudo-field"),
    (":method=GET|:authority=a|:path=/", "missing-pseudo-field"),
    (":scheme=http|:authority=a|:path=/", "missing-pseudo-field"),
    (":method=GET|:scheme=http|:authority=a", "missing-pseudo-field"),
    (":method=GET|:scheme=ws|:authority=a|:path=/", "malformed-scheme"),
    (":method=GET|:scheme=http|:path=/", "missing-host"),
    ("\(get)|host=b", "host-mismatch"), ("\(get)|host=a|host=a", "duplicate-host"),
    (":method=GET|:scheme=http|:authority=a,b|:path=/", "malformed-host"),
    (":method=GET|:scheme=http|:authority=a|:path=/ x", "malformed-target"),
    (":method=GET|:scheme=http|:authority=a|:path=http://a/", "malformed-target"),
    (":method=G T|:scheme=http|:authority=a|:path=/", "malformed-method"),
    (":method=CONNECT|:authority=a", "connect-not-offered"),
    ("\(get)|:protocol=websocket", "connect-not-offered"),
]

struct HTTP2FieldSectionTests {
    @Test("RFC 9113 §8.3.1: a request's fields", arguments: cases)
    func rules(text: String, expected: String) {
        #expect(request(text) == expected)
    }

    @Test func `RFC 8441 §4: an extended CONNECT is understood where it is allowed`() {
        let text = ":method=CONNECT|:protocol=websocket|:scheme=https|:authority=a|:path=/chat"
        #expect(request(text, endsStream: false) == "connect-not-offered")
        #expect(request(text, endsStream: false, allowsConnect: true) == "CONNECT /chat a chunked")
        #expect(request(":method=CONNECT|:authority=a", allowsConnect: true) == "connect-not-offered")
    }

    @Test func `RFC 9113 §8.3.2: a response has a status and no other pseudo-field`() throws {
        let head = try section(.response, ":status=200|content-length=3").finishResponse(
            endsStream: false, answersHead: false)
        #expect(head.status == .ok && head.framing == .length(3))
        for text in [":status=99", ":status=20", "a=b", ":status=200|:status=200", ":status=200|:path=/"] {
            #expect(throws: HTTPRefusal.self) {
                try section(.response, text).finishResponse(endsStream: false, answersHead: false)
            }
        }
    }

    @Test func `RFC 9113 §8.1: trailers hold no pseudo-fields`() throws {
        try section(.trailers, "x-sum=1").finishTrailers()
        #expect(throws: HTTPRefusal.misplacedPseudoField) { try section(.trailers, ":path=/").finishTrailers() }
        #expect(throws: HTTPRefusal.trailersTooLong) {
            try section(.trailers, "a=" + String(repeating: "b", count: 9_000)).finishTrailers()
        }
    }

    @Test func `RFC 9113 §10.5.1: a section that decompression blows up is counted, not kept`() {
        var bomb = section(.request, get)
        let (name, value) = (Array("a".utf8), [UInt8](repeating: 98, count: 4_000))
        for _ in 0..<60 { bomb.add(name.span, value.span) }
        #expect(bomb.isBearable)
        for _ in 0..<10 { bomb.add(name.span, value.span) }
        #expect(!bomb.isBearable)
        #expect(throws: HTTPRefusal.headTooLarge) {
            try bomb.finishRequest(endsStream: true, allowsExtendedConnect: false)
        }
    }

    @Test func `RFC 9113 §10.5: floods empty a bucket that time and useful traffic fill again`() {
        let start = Deadline.after(.seconds(1))
        var flood = HTTP2FloodGuard(at: start)
        for event in [HTTP2FloodGuard.Event.reset, .idleFrame] {
            let allowed = (0..<300).map { _ in flood.allows(event, at: start) }.count { $0 }
            #expect(allowed == 200)
        }
        var later = HTTP2FloodGuard(at: start)
        for _ in 0..<200 { _ = later.allows(.reset, at: start) }
        let soon = later.allows(.reset, at: start + .seconds(1))
        #expect(soon)
        var refused = 0
        for _ in 0..<1_000 {
            _ = later.allows(.useful, at: start + .seconds(1))
            if !later.allows(.reset, at: start + .seconds(1)) { refused += 1 }
        }
        #expect(refused == 0)
    }
}
