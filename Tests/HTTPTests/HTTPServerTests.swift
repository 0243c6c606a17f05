import Core
import HTTP
import Reactor
import Synchronization
import TestSupport
import Testing

/// A server on a free port with a raw socket to it, so that every byte is the test's own.
struct ServerFixture {
    let group: ReactorGroup
    let server: HTTPServer
    let address: SocketAddress

    init(
        reactors: Int = 1, _ adjust: (inout HTTPServerConfiguration) -> Void = { _ in },
        handler: @escaping @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void
    ) async throws {
        group = try ReactorGroup(count: reactors)
        var configuration = HTTPServerConfiguration(address: .loopback(port: 0))
        adjust(&configuration)
        server = HTTPServer(configuration, group: group, handler: HTTPHandlerFunction(handler))
        address = try await server.start()
    }

    /// Sends `parts` one after the other and returns everything the server says until it closes or `enough` is seen.
    func talk(_ parts: [String], until enough: @escaping @Sendable (String) -> Bool = { _ in false }) async throws
        -> String
    {
        let (reactor, address) = (group.reactors[0], address)
        return try await reactor.perform {
            let deadline = Deadline.after(.seconds(20))
            let socket = try await StreamSocket.connect(to: address, on: reactor, deadline: deadline)
            defer { socket.close() }
            var answer: [UInt8] = []
            for part in parts {
                try await socket.write(part, deadline: deadline)
                await Reactor.yield()
            }
            while !enough(String(decoding: answer, as: UTF8.self)) {
                let piece = try await socket.read(upTo: 65_536, deadline: deadline)
                if piece.isEmpty { break }
                answer += piece
            }
            return String(decoding: answer, as: UTF8.self)
        }
    }
}

private let hello: @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void = { request, response in
    try await response.respond(.ok, text: "\(request.head.method) \(request.head.target)")
}

private let echo: @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void = { request, response in
    try response.start(.ok, length: request.body.length)
    while let piece = try await request.body.next() { try await response.write(piece) }
    try await response.finish()
}

@Suite(.timeLimit(.minutes(3))) struct HTTPServerTests {
    @Test func `RFC 9112 §9.3: pipelined requests are answered in order on one connection, and close ends it`()
        async throws
    {
        let fixture = try await ServerFixture(handler: hello)
        let answer = try await fixture.talk([
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        ])
        let bodies = answer.split(separator: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "H" } }
        #expect(bodies == ["GET /1", "GET /2", "GET /3"])
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.contains("Date: "))
        #expect(answer.contains("Content-Length: 6\r\n"))
    }

    @Test func `RFC 9110 §9.3.2: HEAD is answered without a body and with its length`() async throws {
        let fixture = try await ServerFixture(handler: hello)
        let answer = try await fixture.talk(["HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
        #expect(answer.contains("Content-Length: 7\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test func `RFC 9112 §7.1: a chunked request is echoed in chunks`() async throws {
        let fixture = try await ServerFixture(handler: echo)
        let answer = try await fixture.talk([
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "lo\r\n1\r\n!\r\n0\r\n", "\r\n",
        ])
        #expect(answer.contains("Transfer-Encoding: chunked\r\n"))
        let text = answer.split(separator: "\r\n").filter { ["hel", "lo!", "lo", "!", "hello!", "hello"].contains($0) }
        #expect(text.joined() == "hello!")
        #expect(answer.hasSuffix("0\r\n\r\n"))
    }

    @Test func `RFC 9112 §7.1: HTTP/1.0 gets no chunks but the end of the connection`() async throws {
        let fixture = try await ServerFixture { _, response in
            try response.start(.ok)
            try await response.write(Array("all".utf8))
        }
        let answer = try await fixture.talk(["GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"])
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nall"))
    }

    @Test func `RFC 9110 §10.1.1: the body is asked for when the handler wants it, and only then`() async throws {
        let fixture = try await ServerFixture { request, response in
            guard request.head.target == "/want" else { return try await response.respond(.forbidden) }
            try await response.respond(.ok, body: try await request.body.collect(upTo: 100))
        }
        let head = "HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        let interim = try await fixture.talk(["POST /want \(head)"], until: { $0.hasSuffix("\r\n\r\n") })
        #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
        let refused = try await fixture.talk(["POST /no \(head)"])
        #expect(refused.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
        #expect(refused.contains("Connection: close\r\n"))
    }

    @Test func `A body the handler ignored is drained when small, and the connection serves the next request`()
        async throws
    {
        let fixture = try await ServerFixture(handler: hello)
        let answer = try await fixture.talk([
            "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
            "cGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        ])
        #expect(answer.contains("POST /1"))
        #expect(answer.contains("GET /2"))
    }

    @Test func `A body the handler ignored ends the connection when large, and the answer still arrives`() async throws
    {
        let fixture = try await ServerFixture(handler: hello)
        let body = String(repeating: "x", count: 200_000)
        let answer = try await fixture.talk(["POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n", body])
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.hasSuffix("POST /1"))
    }

    @Test func `A malformed request gets a problem document that says why, and the connection ends`() async throws {
        let refusals = Mutex<[HTTPRefusal]>([])
        let fixture = try await ServerFixture(
            { $0.onRefusal = { refusal, _ in refusals.withLock { $0.append(refusal) } } }, handler: hello)
        let answer = try await fixture.talk([
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ])
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(answer.contains("application/problem+json"))
        #expect(answer.contains(HTTPRefusal.lengthAndEncoding.explanation))
        #expect(refusals.withLock { $0 } == [.lengthAndEncoding])
    }

    @Test func `A thrown failure becomes its problem document, an unknown error a silent 500`() async throws {
        struct Secret: Error {}
        let reported = Mutex(0)
        let fixture = try await ServerFixture({ $0.onFailure = { _, _ in reported.withLock { $0 += 1 } } }) {
            request, _ in
            if request.head.target == "/known" { throw Failure(.notFound, "no such \"thing\"") }
            throw Secret()
        }
        let known = try await fixture.talk(["GET /known HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
        #expect(known.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(known.contains(#""detail":"no such \"thing\"""#))
        let unknown = try await fixture.talk(["GET /unknown HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
        #expect(unknown.hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
        #expect(!unknown.contains("Secret"))
        #expect(reported.withLock { $0 } == 1)
    }

    @Test func `A head that never ends is refused at its deadline`() async throws {
        let fixture = try await ServerFixture({ $0.timeouts.head = .milliseconds(50) }, handler: hello)
        let answer = try await fixture.talk(["GET / HTTP/1.1\r\nHos"])
        #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
    }

    @Test func `A body that never comes is refused at its deadline`() async throws {
        let fixture = try await ServerFixture({ $0.timeouts.body = .milliseconds(50) }, handler: echo)
        let answer = try await fixture.talk(["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab"])
        #expect(!answer.contains("0123456789"))
    }

    @Test func `An idle connection is closed without a word`() async throws {
        let fixture = try await ServerFixture({ $0.timeouts.idle = .milliseconds(50) }, handler: hello)
        #expect(try await fixture.talk([]) == "")
    }

    @Test func `A connection beyond the maximum is turned away with 503`() async throws {
        let fixture = try await ServerFixture({ $0.maximumConnections = 0 }, handler: hello)
        #expect(try await fixture.talk([]).hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
    }

    @Test func `Stopping lets the exchange in flight end and closes idle connections`() async throws {
        let began = Promise<Void>()
        let mayEnd = Promise<Void>()
        let fixture = try await ServerFixture { _, response in
            began.fulfil(())
            try await mayEnd.value()
            try await response.respond(.ok, text: "done")
        }
        async let idle = fixture.talk([])
        async let busy = fixture.talk(["GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
        try await began.value()
        try await eventually("both are connected", within: .seconds(10)) { fixture.server.connectionCount == 2 }
        async let stopped: Void = fixture.server.stop(deadline: .after(.seconds(10)))
        #expect(try await idle == "")
        mayEnd.fulfil(())
        let answer = try await busy
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.hasSuffix("done"))
        await stopped
        #expect(fixture.server.connectionCount == 0)
    }

    @Test func `Who has connected just before a stop is answered, then closed`() async throws {
        let fixture = try await ServerFixture({ $0.timeouts.firstRequest = .seconds(300) }, handler: hello)
        let (reactor, address) = (fixture.group.reactors[0], fixture.address)
        let socket = try await reactor.perform { () async throws -> StreamSocket in
            try await StreamSocket.connect(to: address, on: reactor, deadline: .after(.seconds(60)))
        }
        try await eventually("it is accepted", within: .seconds(60)) { fixture.server.connectionCount == 1 }
        async let stopped: Void = fixture.server.stop(deadline: .after(.seconds(300)))
        // The stop has begun when nobody listens any more.
        try await eventually("nobody listens", within: .seconds(60)) {
            await reactor.perform {
                let another = try? await StreamSocket.connect(to: address, on: reactor, deadline: .after(.seconds(60)))
                another?.close()
                return another == nil
            }
        }
        let answer = try await reactor.perform { () async throws -> String in
            try await socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n", deadline: .after(.seconds(60)))
            return String(decoding: try await socket.read(upTo: 65_536, deadline: .after(.seconds(60))), as: UTF8.self)
        }
        #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("Connection: close\r\n"))
        await stopped
        #expect(fixture.server.connectionCount == 0)
    }

    @Test func `A connection that rests is served again, and ends with its time or its server`() async throws {
        let fixture = try await ServerFixture({ $0.timeouts.rest = .milliseconds(1) }, handler: hello)
        let (reactor, address) = (fixture.group.reactors[0], fixture.address)
        let ask: @Sendable (StreamSocket, String) async throws -> String = { socket, path in
            try await reactor.perform { () async throws -> String in
                let deadline = Deadline.after(.seconds(20))
                try await socket.write("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n", deadline: deadline)
                return String(decoding: try await socket.read(upTo: 65_536, deadline: deadline), as: UTF8.self)
            }
        }
        let sockets = try await reactor.perform { () async throws -> [StreamSocket] in
            let first = try await StreamSocket.connect(to: address, on: reactor, deadline: .after(.seconds(20)))
            return [first, try await StreamSocket.connect(to: address, on: reactor, deadline: .after(.seconds(20)))]
        }
        for turn in 0..<3 {
            for socket in sockets { #expect(try await ask(socket, "/\(turn)").hasSuffix("GET /\(turn)")) }
            try await eventually("both rest", within: .seconds(20)) { fixture.server.restingConnectionCount == 2 }
        }
        sockets[0].close()
        try await eventually("one is gone", within: .seconds(20)) { fixture.server.connectionCount == 1 }
        await fixture.server.stop(deadline: .after(.seconds(20)))
        #expect(fixture.server.connectionCount == 0)
        #expect(fixture.server.restingConnectionCount == 0)
    }

    @Test func `A connection that rests is closed when its time is over`() async throws {
        let fixture = try await ServerFixture(
            {
                $0.timeouts.rest = .milliseconds(1)
                $0.timeouts.idle = .milliseconds(20)
            }, handler: hello)
        #expect(try await fixture.talk([]) == "")
        try await eventually("it is gone", within: .seconds(20)) { fixture.server.connectionCount == 0 }
        #expect(fixture.server.restingConnectionCount == 0)
    }

    @Test func `RFC 9112 §9.6: a client that announced the end is not waited for`() async throws {
        let fixture = try await ServerFixture({ $0.timeouts.linger = .seconds(3_600) }, handler: hello)
        let (reactor, address) = (fixture.group.reactors[0], fixture.address)
        let socket = try await reactor.perform { () async throws -> StreamSocket in
            let deadline = Deadline.after(.seconds(20))
            let socket = try await StreamSocket.connect(to: address, on: reactor, deadline: deadline)
            try await socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", deadline: deadline)
            return socket
        }
        try await eventually("the server has closed its side, the client has not", within: .seconds(20)) {
            await reactor.perform { socket.hasPeerEnded } && fixture.server.connectionCount == 0
        }
        let answer = try await reactor.perform { () async throws -> [UInt8] in
            try await socket.read(upTo: 65_536, deadline: .after(.seconds(20)))
        }
        #expect(String(decoding: answer, as: UTF8.self).hasSuffix("GET /"))
    }

    @Test func `RFC 9112 §9.6: who reads only after sending all gets the answer that came before the end of the body`()
        async throws
    {
        let fixture = try await ServerFixture({ $0.timeouts.linger = .seconds(60) }) { _, response in
            try await response.respond(.contentTooLarge, text: "no")
        }
        let upload = String(repeating: "x", count: 8 << 20)
        let answer = try await fixture.talk(["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\n\r\n" + upload])
        #expect(answer.hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
    }

    @Test func `An upgraded connection is the handler's, with what the client already sent`() async throws {
        let fixture = try await ServerFixture { _, response in
            let stream = try await response.upgrade(to: "echo")
            let bytes = try await stream.read(upTo: 100, deadline: .after(.seconds(5)))
            try await stream.write(bytes, deadline: .after(.seconds(5)))
        }
        let answer = try await fixture.talk([
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly"
        ])
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nearly"))
    }

    @Test func `Server-sent events arrive as they are sent`() async throws {
        let fixture = try await ServerFixture { _, response in
            let events = try await ServerSentEvents.start(response)
            try await events.send(event: "tick", data: Array("one\ntwo".utf8))
        }
        let answer = try await fixture.talk(["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
        #expect(answer.contains("Content-Type: text/event-stream\r\n"))
        #expect(answer.contains("event: tick\ndata: one\ndata: two\n\n"))
    }

    @Test func `A handler cannot break framing with headers of its own`() async throws {
        let fixture = try await ServerFixture { _, response in
            try await response.respond(
                .ok, headers: ["Content-Length": "999", "Transfer-Encoding": "chunked", "X": "a\r\nY: b"], text: "hi")
        }
        let answer = try await fixture.talk(["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
        #expect(answer.contains("Content-Length: 2\r\n"))
        #expect(!answer.contains("999"))
        #expect(!answer.contains("chunked"))
        #expect(answer.contains("X: a??Y: b\r\n"))
    }

    @Test func `A handler that returns without a response is a 500, and one that writes too little breaks off`()
        async throws
    {
        let fixture = try await ServerFixture { request, response in
            guard request.head.target == "/short" else { return }
            try response.start(.ok, length: 10)
            try await response.write(Array("abc".utf8))
        }
        let none = try await fixture.talk(["GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
        #expect(none.hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
        let short = try await fixture.talk(["GET /short HTTP/1.1\r\nHost: a\r\n\r\n"])
        #expect(short.hasSuffix("abc"))
    }

    @Test func `A prepared response is sent with the date in it`() async throws {
        let prepared = HTTPStaticResponse(.ok, headers: ["Content-Type": "text/plain"], body: Array("ready".utf8))
        let fixture = try await ServerFixture { _, response in try await response.respond(prepared) }
        let answer = try await fixture.talk(["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
        #expect(answer.contains("Content-Length: 5\r\nDate: "))
        #expect(answer.hasSuffix("\r\n\r\nready"))
    }

    @Test func `RFC 9110 §5.6.7: dates are written in the fixed format`() {
        #expect(HTTPDate.text(secondsSince1970: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.text(secondsSince1970: 951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(HTTPDate.text(secondsSince1970: -59_200_000_000) == "Sat, 09 Jan 0094 19:33:20 GMT")
    }

    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("0", nil), ("", nil), ("-1", nil), ("Sun, 06 Nov 1994 08:49:37 EST", nil),
            ("Sun, 31 Feb 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 94 08:49:37 GMT", nil),
            ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil),
            ("Sun, +6 Nov 1994 08:49:37 GMT", nil), ("Sunday, 06-Nov--4 08:49:37 GMT", nil),
            ("Sun, 00 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 nov 1994 08:49:37 GMT", nil),
        ] as [(String, Int64?)])
    func `RFC 9110 §5.6.7: dates are read in all three formats`(text: String, expected: Int64?) {
        #expect(HTTPDate.secondsSince1970(text) == expected)
    }
}
