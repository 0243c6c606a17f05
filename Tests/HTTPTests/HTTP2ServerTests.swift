import Core
import Glibc
import HTTP
import Reactor
import Synchronization
import TLS
import TestSupport
import Testing

private let hello: @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void = { request, response in
    try await response.respond(.ok, text: "\(request.head.method) \(request.head.target) \(request.head.version)")
}

private let echo: @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void = { request, response in
    try response.start(.ok, length: request.body.length)
    while let piece = try await request.body.next() { try await response.write(piece) }
    try await response.finish()
}

extension ServerFixture {
    /// A plain server that takes HTTP/2 by its preface, too.
    static func version2(
        _ adjust: (inout HTTPServerConfiguration) -> Void = { _ in },
        handler: @escaping @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void
    ) async throws -> ServerFixture {
        try await ServerFixture(
            {
                $0.version2.allowsPriorKnowledge = true
                adjust(&$0)
            }, handler: handler)
    }

    func http2(_ script: String) async throws -> [String] {
        try await HTTP2Peer.talk(to: address, "preface\n" + script)
    }

    var url: String { "http://127.0.0.1:\(address.port ?? 0)" }
}

extension [String] {
    /// The first line that begins so.
    func line(_ beginning: String) -> String { first { $0.hasPrefix(beginning) } ?? "" }
    func status(_ stream: Int) -> String {
        let words = line("HEADERS \(stream) ").split(separator: " ")
        return words.first { $0.hasPrefix(":status=") }.map { String($0.dropFirst(8)) } ?? ""
    }
}

private let get = ":method=GET :scheme=http :authority=a"
private let post = ":method=POST :scheme=http :authority=a :path=/"

private let refusedRequests: [(String, String)] = [
    ("headers 1 end :method=GET :scheme=http :path=/", "400"),
    ("headers 1 end :scheme=http :authority=a :path=/", "400"),
    ("headers 1 end :method=GET :authority=a :path=/", "400"),
    ("headers 1 end :method=GET :scheme=ftp :authority=a :path=/", "400"),
    ("headers 1 end \(get) :path=", "400"), ("headers 1 end \(get) :path=x", "400"),
    ("headers 1 end \(get) :path=*", "400"), ("headers 1 end \(get) :path=/%20x", "400"),
    ("headers 1 end \(get) :path=/ :path=/", "400"), ("headers 1 end \(get) :path=/ :status=200", "400"),
    ("headers 1 end \(get) a=b :path=/", "400"), ("headers 1 end \(get) :path=/ A=b", "400"),
    ("headers 1 end \(get) :path=/ =b", "400"), ("headers 1 end \(get) :path=/ a%20=b", "400"),
    ("headers 1 end \(get) :path=/ a=%0d%0ab", "400"), ("headers 1 end \(get) :path=/ a=%00", "400"),
    ("headers 1 end \(get) :path=/ a=%20b", "400"), ("headers 1 end \(get) :path=/ connection=close", "400"),
    ("headers 1 end \(get) :path=/ transfer-encoding=chunked", "400"),
    ("headers 1 end \(get) :path=/ upgrade=h2c", "400"), ("headers 1 end \(get) :path=/ te=gzip", "400"),
    ("headers 1 end \(get) :path=/ te=trailers", "200"), ("headers 1 end \(get) :path=/ host=b", "400"),
    ("headers 1 end \(get) :path=/ host=A", "200"), ("headers 1 end \(get) :path=/ host=a host=a", "400"),
    ("headers 1 end :method=GET :scheme=http :authority=u%40a :path=/", "400"),
    ("headers 1 end :method=GET :scheme=http :path=/ host=a", "200"),
    ("headers 1 end \(get) :path=/ content-length=1", "400"),
    ("headers 1 \(get) :path=/ content-length=+1", "400"),
    ("headers 1 \(get) :path=/ content-length=1 content-length=1", "400"),
    ("headers 1 end :method=CONNECT :authority=a", "501"),
    ("headers 1 :method=CONNECT :protocol=websocket :scheme=http :authority=a :path=/", "501"),
    ("headers 1 end \(get) :path=/ expect=x", "417"),
]

@Suite(.timeLimit(.minutes(3))) struct HTTP2ServerTests {
    @Test func `RFC 9113 §3.4: a plain connection speaks HTTP/2 by its preface, and HTTP/1.1 otherwise`() async throws {
        let fixture = try await ServerFixture.version2(handler: hello)
        let heard = try await fixture.http2("headers 1 end \(get) :path=/x\nread DATA 1\ngoaway 0 0")
        #expect(heard.status(1) == "200")
        #expect(heard.contains("BODY 1 GET /x HTTP/2"))
        #expect(heard.line("HEADERS 1").contains("content-length=13"))
        #expect(heard.line("HEADERS 1").contains("date="))
        let old = try await fixture.talk(["GE", "T /y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
        #expect(old.hasSuffix("GET /y HTTP/1.1"))
        #expect(try await HTTP2Peer.curl("--http2-prior-knowledge", fixture.url + "/z") == "GET /z HTTP/2")
        #expect(try await HTTP2Peer.curl(fixture.url + "/z") == "GET /z HTTP/1.1")
    }

    @Test func `RFC 9113 §3.3: without leave a plain connection that begins with the preface is refused`() async throws
    {
        let fixture = try await ServerFixture(handler: hello)
        #expect(try await fixture.talk(["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]).hasPrefix("HTTP/1.1 505 "))
    }

    @Test func `RFC 9113 §3.2: over TLS the protocol is agreed by ALPN`() async throws {
        let folder = try TemporaryCertificate()
        defer { folder.remove() }
        let tls = try TLSServerContext(
            TLSServerConfiguration(certificates: [folder.files], applicationProtocols: ["h2", "http/1.1"]))
        let fixture = try await ServerFixture({ $0.tls = tls }, handler: hello)
        let url = "https://127.0.0.1:\(fixture.address.port ?? 0)/t"
        #expect(try await HTTP2Peer.curl("--insecure", url) == "GET /t HTTP/2")
        #expect(try await HTTP2Peer.curl("--insecure", "--http1.1", url) == "GET /t HTTP/1.1")
    }

    @Test func `RFC 9113 §5.1.2: streams are answered beside one another, up to the announced number`() async throws {
        let gate = Promise<Void>()
        let fixture = try await ServerFixture.version2({ $0.version2.maximumConcurrentStreams = 3 }) {
            request, response in
            if request.head.target == "/slow" { try await gate.value(deadline: .after(.seconds(20))) }
            if request.head.target == "/open" { gate.fulfil(()) }
            try await response.respond(.ok)
        }
        let heard = try await fixture.http2(
            """
            read SETTINGS
            headers 1 end \(get) :path=/slow
            headers 3 end \(get) :path=/slow
            headers 5 end \(get) :path=/quick
            read HEADERS 5
            headers 7 end \(get) :path=/quick
            read HEADERS 7
            headers 9 end \(get) :path=/open
            read HEADERS 1
            """)
        #expect(heard.line("SETTINGS").contains("3=3"))
        #expect(["5", "7", "9", "1"].allSatisfy { heard.status(Int($0) ?? 0) == "200" })
        // RFC 9113 §5.1.2: once it was acknowledged, whoever goes beyond it is at fault.
        let excess = try await fixture.http2(
            "read SETTINGS\nread SETTINGS\nrepeat 4 1 headers {} \(get) :path=/slow\ndrain")
        #expect(excess.contains("GOAWAY 5 1"))
    }

    @Test func `RFC 9113 §8.1: bodies go both ways, with trailers checked and dropped`() async throws {
        let fixture = try await ServerFixture.version2(handler: echo)
        let heard = try await fixture.http2(
            """
            headers 1 \(post)
            data 1 5
            data 1 3
            headers 1 end x-sum=8
            headers 3 \(post) content-length=4
            data 3 end 4
            read DATA 3
            headers 5 end \(post)
            read HEADERS 5
            """)
        #expect(heard.contains("BODY 1 xxxxxxxx"))
        #expect(heard.contains("BODY 3 xxxx"))
        #expect(heard.line("HEADERS 3").contains("content-length=4"))
        #expect(heard.status(5) == "200")
    }

    @Test(arguments: refusedRequests)
    func `RFC 9113 §8.3: what could be understood in two ways is refused, and the connection goes on`(
        request: String, status: String
    ) async throws {
        let fixture = try await ServerFixture.version2(handler: hello)
        let heard = try await fixture.http2(
            "\(request)\nread HEADERS 1\nheaders 3 end \(get) :path=/\nread HEADERS 3")
        #expect(heard.status(1) == status)
        #expect(heard.status(3) == "200")
        if status != "200" { #expect(heard.line("HEADERS 1").contains("problem+json")) }
    }

    @Test func `RFC 9113 §6.5.2: a head beyond the limits of HTTP/1.1 is refused here as well`() async throws {
        let fixture = try await ServerFixture.version2(handler: hello)
        let long = String(repeating: "a", count: 9_000)
        let heard = try await fixture.http2(
            """
            headers 1 end \(get) :path=/\(long)
            headers 3 end \(get) :path=/ \((0..<101).map { "f\($0)=1" }.joined(separator: " "))
            headers 5 end \(get) :path=/ a=\(long)
            read HEADERS 5
            headers 7 open end \(get) :path=/ a=\(long)
            continuation 7 b=\(long)
            continuation 7 c=\(long)
            continuation 7 end d=\(long)
            read HEADERS 7
            """)
        #expect(heard.line("SETTINGS").contains("6=32768"))
        #expect([1, 3, 5, 7].map { heard.status($0) } == ["414", "431", "200", "431"])
    }

    @Test func `RFC 9113 §8.1.1: content that is not as long as announced ends its stream alone`() async throws {
        let fixture = try await ServerFixture.version2(handler: echo)
        let heard = try await fixture.http2(
            """
            headers 1 \(post) content-length=2
            data 1 end 3
            read RST_STREAM 1
            headers 3 \(post) content-length=2
            data 3 end 1
            read RST_STREAM 3
            headers 5 \(post) content-length=2
            headers 5 end a=b
            read RST_STREAM 5
            headers 7 end \(get) :path=/
            read HEADERS 7
            """)
        #expect([1, 3, 5].allSatisfy { heard.contains("RST_STREAM \($0) 1") })
        #expect(heard.status(7) == "200")
    }

    @Test func `RFC 9113 §8.2.3: cookie crumbs become one field, and Host stands for the authority`() async throws {
        let fixture = try await ServerFixture.version2 { request, response in
            let headers = request.head.headers
            try await response.respond(
                .ok, text: "\(headers.values(of: "cookie")) \(headers["host"] ?? "") \(request.head.host ?? "")")
        }
        let heard = try await fixture.http2(
            "headers 1 end \(get) :path=/ cookie=a%3d1 x=y cookie=b%3d2 cookie=c%3d3\nread DATA 1")
        #expect(heard.contains("BODY 1 [\"a=1; b=2; c=3\"] a a"))
    }

    @Test func `RFC 9110 §15.2.1: the body is asked for when the handler wants it`() async throws {
        let fixture = try await ServerFixture.version2 { request, response in
            try await response.respond(.ok, body: try await request.body.collect(upTo: 100))
        }
        let heard = try await fixture.http2(
            """
            headers 1 \(post) content-length=2 expect=100-continue
            read HEADERS 1
            data 1 end 2
            read HEADERS 1
            read DATA 1
            """)
        #expect(heard.filter { $0.hasPrefix("HEADERS 1") }.count == 2 && heard.status(1) == "100")
        #expect(heard.contains("BODY 1 xx"))
    }

    @Test func `RFC 9110 §9.3.2: HEAD and statuses without content end with their head`() async throws {
        let fixture = try await ServerFixture.version2 { request, response in
            if request.head.target == "/204" { return try await response.respond(.noContent) }
            try response.start(.ok, length: 5)
            try await response.write(Array("hello".utf8))
            try await response.finish()
        }
        let heard = try await fixture.http2(
            """
            headers 1 end :method=HEAD :scheme=http :authority=a :path=/
            headers 3 end \(get) :path=/204
            read HEADERS 3
            headers 5 end \(get) :path=/
            read DATA 5
            """)
        #expect(heard.line("HEADERS 1 end").contains("content-length=5"))
        #expect(!heard.contains { $0.hasPrefix("DATA 1") || $0.hasPrefix("DATA 3") })
        #expect(heard.line("HEADERS 3 end").contains(":status=204"))
        #expect(heard.contains("DATA 5 end 5"))
    }

    @Test func `RFC 9113 §8.1: an answer that needs no more of the request asks for the rest not to come`() async throws
    {
        let fixture = try await ServerFixture.version2(handler: hello)
        let heard = try await fixture.http2(
            "headers 1 \(post)\nread RST_STREAM 1\nheaders 3 end \(get) :path=/\nread HEADERS 3")
        #expect(heard.status(1) == "200")
        #expect(heard.contains("RST_STREAM 1 0"))
        #expect(heard.status(3) == "200")
    }

    @Test func `A handler's failure is a problem document, or a reset once the response has begun`() async throws {
        let fixture = try await ServerFixture.version2 { request, response in
            switch request.head.target {
            case "/none": return
            case "/late":
                try response.start(.ok)
                try await response.write([1])
                throw Failure(.internalError, "late")
            default: throw Failure(.notFound, "There is no such thing.")
            }
        }
        let heard = try await fixture.http2(
            """
            headers 1 end \(get) :path=/
            headers 3 end \(get) :path=/none
            headers 5 end \(get) :path=/late
            read RST_STREAM 5
            read DATA 1
            """)
        #expect(heard.status(1) == "404")
        #expect(heard.line("BODY 1").contains("There is no such thing."))
        #expect(heard.status(3) == "500")
        #expect(heard.contains("RST_STREAM 5 2"))
    }

    @Test func `RFC 9113 §6.8: a server that stops says so twice, and serves what is on its way`() async throws {
        let arrived = Promise<Void>()
        let gate = Promise<Void>()
        let fixture = try await ServerFixture.version2 { request, response in
            if request.head.target == "/slow" {
                arrived.fulfil(())
                try await gate.value(deadline: .after(.seconds(60)))
            }
            try await response.respond(.ok)
        }
        async let heard = fixture.http2(
            """
            headers 1 end \(get) :path=/slow
            read GOAWAY
            headers 3 end \(get) :path=/quick
            read HEADERS 3
            read GOAWAY
            drain
            """)
        try await arrived.value(deadline: .after(.seconds(60)))
        async let stopped: Void = fixture.server.stop(deadline: .after(.seconds(60)))
        try await Reactor.sleep(for: .milliseconds(1_500))
        gate.fulfil(())
        await stopped
        let lines = try await heard
        #expect(lines.filter { $0.hasPrefix("GOAWAY") } == ["GOAWAY 2147483647 0", "GOAWAY 3 0"])
        #expect(lines.status(1) == "200" && lines.status(3) == "200")
        #expect(lines.contains("CLOSED"))
        #expect(fixture.server.connectionCount == 0)
    }

    @Test func `RFC 8441: an extended CONNECT becomes a tunnel where that is offered`() async throws {
        let fixture = try await ServerFixture.version2({ $0.version2.allowsExtendedConnect = true }) {
            request, response in
            #expect(request.head.connectProtocol == "websocket")
            let tunnel = try await response.upgrade(to: "websocket")
            while true {
                let piece = try await tunnel.read(upTo: 100, deadline: .after(.seconds(20)))
                if piece.isEmpty { break }
                try await tunnel.write(piece + piece, deadline: .after(.seconds(20)))
            }
            await tunnel.shutdownWrite()
        }
        let heard = try await fixture.http2(
            """
            read SETTINGS
            headers 1 :method=CONNECT :protocol=websocket :scheme=http :authority=a :path=/chat
            read HEADERS 1
            data 1 3
            read DATA 1
            data 1 end 2
            read DATA 1
            """)
        #expect(heard.line("SETTINGS").contains("8=1"))
        #expect(heard.status(1) == "200")
        #expect(heard.contains("BODY 1 xxxxxxxxxx"))
    }

    @Test func `Large bodies pass in both directions through small windows`() async throws {
        let fixture = try await ServerFixture.version2(
            {
                $0.version2.streamWindowBytes = 65_535
                $0.version2.connectionWindowBytes = 65_535
            }, handler: echo)
        let file = "/tmp/infinite-h2-\(fixture.address.port ?? 0)"
        defer { _ = unsafe remove(file) }
        _ = try await HTTP2Peer.run("/bin/sh", ["-c", "head -c 3000000 /dev/urandom > \(file)"])
        let sum = try await HTTP2Peer.run(
            "/bin/sh",
            [
                "-c",
                "curl -sS --http2-prior-knowledge -T \(file) \(fixture.url)/ | cmp - \(file) && echo same",
            ])
        #expect(sum == "same\n")
    }

    @Test func `h2load is served, a hundred streams at a time`() async throws {
        let fixture = try await ServerFixture.version2(handler: hello)
        let report = try await HTTP2Peer.run(
            "/usr/bin/h2load", ["-n", "5000", "-c", "4", "-m", "100", fixture.url + "/"])
        #expect(report.contains("5000 succeeded, 0 failed, 0 errored"), "\(report)")
    }
}
