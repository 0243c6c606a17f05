import Contracts
import Core
import Glibc
import HTTP
import Inspection
import JSON
import Telemetry

/// One JSON line a request, for those who keep access logs. A reader that stalls costs lines, which are counted, and
/// never a request. `reopen` follows a rotated file.
final class AccessLog: Sendable {
    /// Standard output.
    static let terminal = "-"
    /// A line waits so long for others, and a process that is killed loses what waits.
    private static let linger = Duration.milliseconds(5)
    private static let longestText = 2_048
    private static let userAgent = HTTPFieldName("User-Agent")
    private static let referer = HTTPFieldName("Referer")

    private let path: String
    private let sink: DescriptorLogSink
    private let dropped: Counter
    private let writesQuery: Bool

    init(path: String, writesQuery: Bool, dropped: Counter) throws(GatewayFailure) {
        self.path = path
        self.writesQuery = writesQuery
        self.dropped = dropped
        guard path != Self.terminal else {
            sink = DescriptorLogSink(descriptor: STDOUT_FILENO, linger: Self.linger)
            return
        }
        let descriptor = try Self.open(path)
        sink = DescriptorLogSink(descriptor: descriptor, linger: Self.linger)
        close(descriptor)
    }

    private static func open(_ path: String) throws(GatewayFailure) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw .accessLog(
                "\(path): \(unsafe String(cString: strerror(errno))); set access_log.file to a file that can be written"
            )
        }
        return descriptor
    }

    func reopen() throws(GatewayFailure) {
        guard path != Self.terminal else { return }
        let fresh = try Self.open(path)
        sink.turn(to: fresh)
        close(fresh)
    }

    func flush(deadline: Deadline) { sink.flush(deadline: deadline) }

    func write(_ exchange: Exchange, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, took: Duration) {
        if !sink.offer(line(exchange, request, response, took)) { dropped.increment() }
    }

    /// Made for every request, so what stands somewhere as bytes is copied from there, and nothing asks Swift for a name.
    private func line(
        _ exchange: Exchange, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ took: Duration
    ) -> [UInt8] {
        let head = request.head
        var json = JSONWriter(capacity: 1_024)
        json.object { json in
            json.text("time", request.receivedAt.rfc3339Bytes[...])
            json.text("request", exchange.idBytes[...])
            json.text("client", exchange.client.description)
            json.text("method", head.method.description)
            json.text("host", exchange.host)
            json.text("path", cut(head.pathBytes))
            if writesQuery, let query = head.queryBytes { json.text("query", cut(query)) }
            json.text("protocol", head.version.description)
            json.integer("status", response.status?.code ?? 0)
            json.integer("bytes", response.bytesWritten)
            json.integer("microseconds", Int(took.wholeNanoseconds / 1_000))
            json.integer("upstream_microseconds", Int(exchange.upstreamTook.wholeNanoseconds / 1_000))
            json.text("outcome", exchange.outcome.accessLogName)
            json.text("route", exchange.route)
            json.text("upstream", exchange.upstream)
            json.text("user_agent", cut(head.headers.valueBytes(of: Self.userAgent) ?? []))
            json.text("referer", cut(head.headers.valueBytes(of: Self.referer) ?? []))
            if let rule = exchange.firewallRule { json.text("firewall", rule) }
            if exchange.verdict.score > 0 { json.text("score", "\(exchange.verdict.score)") }
        }
        json.endLine()
        return json.bytes
    }

    private func cut(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> { text.prefix(Self.longestText) }
}

extension RequestOutcome {
    /// What `"\(self)"` says, for which Swift looks into the type's description every time.
    fileprivate var accessLogName: String {
        switch self {
        case .unspecified: "unspecified"
        case .proxied: "proxied"
        case .answered: "answered"
        case .blocked: "blocked"
        case .banned: "banned"
        case .throttled: "throttled"
        case .diverted: "diverted"
        case .challenged: "challenged"
        case .unrouted: "unrouted"
        case .upstreamFailed: "upstreamFailed"
        case .abandoned: "abandoned"
        case .refused: "refused"
        case .unrecognized: "unrecognized"
        }
    }
}

extension JSONWriter {
    fileprivate mutating func text(_ key: String, _ value: ArraySlice<UInt8>) {
        self.key(key)
        string(value)
    }
}
