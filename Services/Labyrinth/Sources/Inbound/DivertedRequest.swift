internal import Core
internal import HTTP

/// What the gateway says about a request that it sends here, beside the request itself. Requests without the intruder's
/// name did not come from the gateway, and get nothing.
struct DivertedRequest: Sendable {
    /// Enough to see posted credentials and canaries; the rest of a body is left unread.
    static let longestBody = 16 << 10

    let intruder: UUIDv7
    let request: UUIDv7?
    let decision: UUIDv7?
    let client: IPAddress?
    let trace: TraceContext?
    let head: HTTPRequestHead

    init?(_ head: HTTPRequestHead) {
        guard let name = head.headers["infinite-intruder"], let intruder = UUIDv7(name) else { return nil }
        self.intruder = intruder
        request = head.headers["infinite-request"].flatMap { UUIDv7($0) }
        decision = head.headers["infinite-decision"].flatMap { UUIDv7($0) }
        // The gateway writes the client it believes in last.
        client = head.headers.values(of: "x-forwarded-for").last?.split(separator: ",").last
            .flatMap { IPAddress($0.drop { $0 == " " }) }
        trace = head.headers["traceparent"].flatMap { TraceContext($0) }
        self.head = head
    }

    var isPost: Bool { head.method == .post || head.method == .put }
    var query: [UInt8] { Array(head.targetBytes.dropFirst(head.pathBytes.count + 1)) }
    var userAgent: ArraySlice<UInt8> { head.headers.valueBytes(of: "user-agent") ?? [] }

    var bait: Trap.Bait {
        Trap.Bait(
            isPost: isPost, path: Self.lowerCase(head.pathBytes), query: Self.lowerCase(query),
            accept: head.headers["accept"] ?? "")
    }

    /// Whether a secret that the maze gave away comes back, wherever it is put.
    func usesCanary(of maze: Maze, body: [UInt8]) -> Bool {
        if maze.holdsCanary(head.targetBytes) || maze.holdsCanary(body) { return true }
        return (0..<head.headers.count).contains { maze.holdsCanary(head.headers.valueBytes(at: $0)) }
    }

    private static func lowerCase(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.prefix(2_048), as: UTF8.self).lowercased()
    }
}
