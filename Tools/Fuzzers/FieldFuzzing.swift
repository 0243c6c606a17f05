internal import Core
internal import HTTP
internal import WebSocket
@testable import Inspection
@testable import gateway

/// The value of one field of a request or an answer. The first byte chooses which.
enum FieldFuzzing {
    private static let readers: [@Sendable (String) -> Void] = [
        date, cacheControl, forwardedFor, idempotencyKey, proof, query, webSocket,
        { text in _ = AcceptedCodings.choose(text, among: ContentCoding.allCases) },
        { text in _ = EntityTag("\"a\"").isNamed(by: text) },
        { text in _ = NegotiationHeader.isWellFormed(Array(text.utf8).span) },
    ]

    static func read(_ bytes: [UInt8]) {
        guard let choice = bytes.first else { return }
        readers[Int(choice) % readers.count](String(decoding: bytes.dropFirst(), as: UTF8.self))
    }

    /// Whatever form it was read in, it is written in one and read the same. A year has four digits.
    private static func date(_ text: String) {
        guard let moment = HTTPDate.secondsSince1970(text), moment < 253_402_300_800 else { return }
        precondition(HTTPDate.secondsSince1970(HTTPDate.text(secondsSince1970: moment)) == moment)
    }

    private static func cacheControl(_ text: String) {
        let said = CacheDirectives(text.split(separator: "\n").map(String.init), pragma: [text])
        for seconds in [
            said.maxAge, said.sharedMaxAge, said.minFresh, said.maxStale, said.staleWhileRevalidate, said.staleIfError,
        ] {
            precondition((0...CacheDirectives.longest).contains(seconds ?? 0))
        }
    }

    /// Who is not trusted is not believed.
    private static func forwardedFor(_ text: String) {
        let peer = IPAddress(v4: 0x7f00_0001)
        let lines = text.split(separator: "\n").map { Array($0.utf8)[...] }
        for hops in 0..<4 {
            let policy = ClientAddressPolicy(trustedHops: hops, trustedNetworks: [])
            let client = policy.client(peer: peer, forwardedFor: lines)
            precondition(hops > 0 || client == peer)
            precondition(IPAddress(client.description) == client)
        }
    }

    private static func idempotencyKey(_ text: String) {
        guard let key = IdempotencyKey(text) else { return }
        precondition(key.digest.count == 32 && text.utf8.count <= IdempotencyKey.longest + 2)
    }

    /// Nobody passes without the secret. The first line is what was made by us, or not; the second the puzzle's solution.
    private static func proof(_ text: String) {
        let lines = text.split(separator: "\n", maxSplits: 1).map(String.init)
        let secret = ChallengeSecret(Array("thirty-two bytes that nobody has".utf8), previous: [1])
        let binding = ChallengeBinding(client: IPAddress(v4: 1), userAgent: nil, scope: "route")
        let now = Timestamp(seconds: 1_800_000_000)
        precondition(!ChallengePass.isValid(text, for: binding, now: now, secret))
        let solved = try? Puzzle.check(lines.first ?? "", solvedBy: lines.last ?? "", for: binding, now: now, secret)
        precondition(solved == nil)
    }

    private static func query(_ text: String) {
        precondition(PercentEncoding.decode(PercentEncoding.encode(text.utf8)) == (text.utf8.contains(0) ? nil : text))
        _ = PercentEncoding.query(text)
    }

    /// The text stands for the lines of a head, among them those of a handshake.
    private static func webSocket(_ text: String) {
        let handshake = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        let lines = Array("GET / HTTP/1.1\r\nHost: a\r\n\(handshake)\(text)\r\n\r\n".utf8)
        var parser = HTTPRequestParser()
        guard let head = try? parser.parse(lines.span) else { return }
        _ = WebSocketHandshake.isWanted(head)
        guard let asked = try? WebSocketHandshake.read(head) else { return }
        precondition(asked.protocols.count <= 32)
        _ = WebSocketHandshake.answer(asked, protocolName: asked.protocols.first, compresses: asked.offersCompression)
    }
}
