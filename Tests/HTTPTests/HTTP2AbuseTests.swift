import Core
import HTTP
import Reactor
import Synchronization
import TestSupport
import Testing

private let get = ":method=GET :scheme=http :authority=a :path=/"
private let calm = "11"

/// What costs a client nothing and a server much (RFC 9113 §10.5): each ends in GOAWAY, and the server goes on.
@Suite(.timeLimit(.minutes(3))) struct HTTP2AbuseTests {
    @Test(
        "RFC 9113 §10.5: floods are answered with ENHANCE_YOUR_CALM",
        arguments: [
            "repeat 1000 1 headers {} end \(get);reset {} 8",
            "repeat 5000 1 ping aaaaaaaa",
            "repeat 5000 1 settings 4=65535",
            "repeat 5000 1 priority {} 0",
            "repeat 20000 1 window 0 1",
            "headers 1 :method=POST :scheme=http :authority=a :path=/keep\nrepeat 5000 1 data 1 0",
            "settings 4=0\nheaders 1 end \(get)\nrepeat 9000 1 window 1 1",
            // Whoever makes the server reset is counted like whoever resets.
            "repeat 1000 1 headers {} :method=POST :scheme=http :authority=a :path=/keep content-length=1;data {} 2",
        ])
    func flood(script: String) async throws {
        let fixture = try await ServerFixture.version2 { request, response in
            if request.head.target == "/keep" { _ = try await request.body.collect(upTo: 100) }
            try await response.respond(.ok, body: [UInt8](repeating: 1, count: 10_000))
        }
        let heard = try await fixture.http2("\(script)\ndrain")
        #expect(heard.line("GOAWAY").hasSuffix(" \(calm)"), "\(heard.suffix(3))")
        #expect(heard.contains("CLOSED"))
        let healthy = try await fixture.http2("headers 1 end \(get)\nread HEADERS 1")
        #expect(healthy.status(1) == "200")
    }

    @Test func `CVE-2024-24549: a flood of CONTINUATION ends the connection`() async throws {
        let fixture = try await ServerFixture.version2 { _, response in try await response.respond(.ok) }
        let heard = try await fixture.http2("headers 1 open \(get)\nrepeat 100 1 continuation 1 a=b\ndrain")
        #expect(heard.contains { $0.hasPrefix("GOAWAY") } && heard.contains("CLOSED"))
    }

    @Test func `RFC 7541 §7.3: a compression bomb is refused before it fills memory`() async throws {
        let seen = Atomic<Int>(0)
        let fixture = try await ServerFixture.version2 { _, response in
            seen.add(1, ordering: .relaxed)
            try await response.respond(.ok)
        }
        let small = try await fixture.http2("bomb 1 20\nread HEADERS 1")
        #expect(small.status(1) == "431")
        let large = try await fixture.http2("bomb 1 12000\ndrain")
        #expect(large.line("GOAWAY").hasSuffix(" \(calm)"))
        #expect(seen.load(ordering: .relaxed) == 0)
    }

    @Test func `CVE-2023-44487: a reset stream's handler is cancelled`() async throws {
        let ended = Promise<Void>()
        let fixture = try await ServerFixture.version2 { _, response in
            defer { ended.fulfil(()) }
            try await Reactor.sleep(for: .seconds(50))
            try await response.respond(.ok)
        }
        // Only a handler that has begun can be cancelled: the answer to the first ping says that it has.
        _ = try await fixture.http2(
            "headers 1 end \(get)\nping aaaaaaaa\nread PING\nreset 1 8\nping bbbbbbbb\nread PING")
        try await ended.value(deadline: .after(.seconds(10)))
    }

    @Test func `CVE-2023-44487: who takes requests back before their turn asks nothing of the handler`() async throws {
        let asked = Atomic<Int>(0)
        let fixture = try await ServerFixture.version2 { _, response in
            asked.add(1, ordering: .relaxed)
            try await response.respond(.ok)
        }
        // Less than a segment, so all of it is read at once.
        let heard = try await fixture.http2(
            "repeat 20 1 headers {} end \(get);reset {} 8\nheaders 101 end \(get)\nread HEADERS 101")
        #expect(heard.status(101) == "200")
        #expect(asked.load(ordering: .relaxed) == 1)
    }

    @Test func `Of one client's streams so many begin in a turn of the loop, the rest in later ones`() async throws {
        let begun = Mutex<[Deadline: Int]>([:])
        let fixture = try await ServerFixture.version2 { _, response in
            if let turn = Reactor.current?.turn { begun.withLock { $0[turn, default: 0] += 1 } }
            try await response.respond(.ok)
        }
        let heard = try await fixture.http2("repeat 90 1 headers {} end \(get)\n" + Self.readAll(90))
        #expect((0..<90).allSatisfy { heard.status(1 + 2 * $0) == "200" })
        let counts = begun.withLock { Array($0.values) }
        #expect(counts.reduce(0, +) == 90)
        // 32, and the one at which the turn before stopped.
        #expect((counts.max() ?? 0) <= 33, "\(counts)")
    }

    private static func readAll(_ streams: Int) -> String {
        (0..<streams).map { "read HEADERS \(1 + 2 * $0)" }.joined(separator: "\n")
    }

    @Test func `RFC 9113 §6.9: who never opens its window stops the writer, and loses the stream in the end`()
        async throws
    {
        let written = Atomic<Int>(0)
        let failed = Promise<HTTPFailure>()
        let fixture = try await ServerFixture.version2({ $0.timeouts.write = .seconds(1) }) { _, response in
            try response.start(.ok)
            do throws(HTTPFailure) {
                for _ in 0..<1_000 {
                    try await response.write([UInt8](repeating: 1, count: 10_000))
                    written.add(10_000, ordering: .relaxed)
                }
            } catch {
                failed.fulfil(error)
            }
        }
        let heard = try await fixture.http2(
            "settings 4=0\nread SETTINGS\nheaders 1 end \(get)\nread RST_STREAM 1\nping aaaaaaaa\nread PING")
        #expect(heard.status(1) == "200")
        #expect(heard.contains { $0.hasPrefix("RST_STREAM 1 ") })
        #expect(!heard.contains { $0.hasPrefix("DATA") })
        #expect(written.load(ordering: .relaxed) < 64 << 10)
        _ = try await failed.value(deadline: .after(.seconds(10)))
    }

    @Test func `A response that nobody reads is given up when its handler has long ended`() async throws {
        let fixture = try await ServerFixture.version2({ $0.timeouts.write = .seconds(1) }) { _, response in
            try await response.respond(.ok, body: [UInt8](repeating: 1, count: 1_000))
        }
        let heard = try await fixture.http2("settings 4=0\nheaders 1 end \(get)\nread RST_STREAM 1")
        #expect(heard.contains("RST_STREAM 1 8"))
    }

    @Test func `RFC 9113 §5.2.2: a handler that does not read stops its client at the window`() async throws {
        let gate = Promise<Void>()
        let fixture = try await ServerFixture.version2({ $0.version2.streamWindowBytes = 65_535 }) {
            request, response in
            if request.head.target == "/hold" { try await Reactor.sleep(for: .seconds(50)) }
            try await gate.value(deadline: .after(.seconds(20)))
            let body = try await request.body.collect(upTo: 1 << 20)
            try await response.respond(.ok, text: "\(body.count)")
        }
        async let heard = fixture.http2(
            """
            read SETTINGS
            headers 1 :method=POST :scheme=http :authority=a :path=/
            repeat 4 1 data 1 16000
            sleep-reading 0.5
            ping bbbbbbbb
            read PING
            data 1 end 1535
            read WINDOW_UPDATE 1
            read DATA 1
            """)
        try await Reactor.sleep(for: .seconds(1))
        gate.fulfil(())
        #expect(try await heard.contains("BODY 1 65535"))
        let excess = try await fixture.http2(
            "read SETTINGS\nheaders 1 :method=POST :scheme=http :authority=a :path=/hold\nrepeat 66 1 data 1 16000\nread RST_STREAM 1"
        )
        #expect(excess.contains("RST_STREAM 1 3"))
    }

    @Test func `A body that trickles in below the minimum rate is ended with 408`() async throws {
        let fixture = try await ServerFixture.version2({ $0.timeouts.body = .seconds(1) }) { request, response in
            _ = try await request.body.collect(upTo: 100)
            try await response.respond(.ok)
        }
        let heard = try await fixture.http2(
            "headers 1 :method=POST :scheme=http :authority=a :path=/\ndata 1 1\nread HEADERS 1")
        #expect(heard.status(1) == "408")
    }

    @Test func `Slow heads, silent and idle connections end at their deadlines`() async throws {
        let fixture = try await ServerFixture.version2({
            $0.timeouts.head = .seconds(1)
            $0.timeouts.idle = .seconds(1)
        }) { _, response in try await response.respond(.ok) }
        #expect(try await fixture.http2("headers 1 open \(get)\ndrain").contains("CLOSED"))
        #expect(try await fixture.http2("headers 1 end \(get)\ndrain").last { $0 != "BODY 1 " } == "CLOSED")
        #expect(try await HTTP2Peer.talk(to: fixture.address, "drain").contains("CLOSED"))
    }

    @Test(arguments: [
        "frame 0 0 0 00", "frame 1 4 0 82", "frame 1 4 2 82", "frame 5 4 1 00000002", "frame 4 0 1", "frame 4 0 0 00",
        "frame 8 0 0 00000000", "frame 8 0 0 7fffffff", "frame 1 4 1 ff", "frame 9 4 1 82", "frame 6 0 0 00",
        "frame 3 0 9 00000008",
    ])
    func `RFC 9113 §5.4.1: what breaks the protocol ends the connection with a word`(script: String) async throws {
        let fixture = try await ServerFixture.version2 { _, response in try await response.respond(.ok) }
        let heard = try await fixture.http2("\(script)\ndrain")
        #expect(heard.contains { $0.hasPrefix("GOAWAY") })
        #expect(heard.contains("CLOSED"))
        #expect(try await fixture.http2("headers 1 end \(get)\nread HEADERS 1").status(1) == "200")
    }
}
