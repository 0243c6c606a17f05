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

    private let path: String
    private let sink: DescriptorLogSink
    private let dropped: Counter
    private let writesQuery: Bool

    init(path: String, writesQuery: Bool, dropped: Counter) throws(GatewayFailure) {
        self.path = path
        self.writesQuery = writesQuery
        self.dropped = dropped
        guard path != Self.terminal else {
            sink = DescriptorLogSink(descriptor: STDOUT_FILENO)
            return
        }
        let descriptor = try Self.open(path)
        sink = DescriptorLogSink(descriptor: descriptor)
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

    private func line(
        _ exchange: Exchange, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ took: Duration
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.text("time", request.receivedAt.rfc3339)
            json.text("request", exchange.idText)
            json.text("client", exchange.client.description)
            json.text("method", request.head.method.description)
            json.text("host", exchange.host)
            json.text("path", cut(request.head.path))
            if writesQuery, let query = request.head.query { json.text("query", cut(query)) }
            json.text("protocol", request.head.version.description)
            json.integer("status", response.status?.code ?? 0)
            json.integer("bytes", response.bytesWritten)
            json.integer("microseconds", Int(took.wholeNanoseconds / 1_000))
            json.integer("upstream_microseconds", Int(exchange.upstreamTook.wholeNanoseconds / 1_000))
            json.text("outcome", "\(exchange.outcome)")
            json.text("route", exchange.route)
            json.text("upstream", exchange.upstream)
            json.text("user_agent", cut(request.head.headers["user-agent"] ?? ""))
            json.text("referer", cut(request.head.headers["referer"] ?? ""))
            if let rule = exchange.firewallRule { json.text("firewall", rule) }
            if exchange.verdict.score > 0 { json.text("score", "\(exchange.verdict.score)") }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private func cut(_ text: String) -> String { text.utf8.count > 2_048 ? String(text.prefix(2_048)) : text }
}
