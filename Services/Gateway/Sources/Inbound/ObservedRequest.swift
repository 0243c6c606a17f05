import Contracts
import Core
import HTTP
import Inspection
import Reactor

/// One request as the event `RequestObserved`, written straight onto the wire: one is made for every request, and as a
/// value of the generated type each of its texts would first become an array of its own.
///
/// The numbers are those of `RequestObserved.encode`; the tests read what is written here as that type.
struct ObservedRequest: WireEncodable, Sendable {
    /// Attacker-controlled text is cut: an event is evidence, not a copy of the request.
    private static let longestText = 2_048
    private static let userAgent = HTTPFieldName("User-Agent")
    private static let referer = HTTPFieldName("Referer")
    private static let contentType = HTTPFieldName("Content-Type")

    let exchange: Exchange
    let request: HTTPServerRequest
    let status: Int
    let responseBytes: Int
    let microseconds: Int

    var client: IPAddress { exchange.client }

    func encode(to writer: inout WireWriter) {
        writer.identifier(exchange.id, tag: 10)
        writer.timestamp(request.receivedAt, tag: 17)
        writer.address(exchange.client, tag: 26)
        writer.uint32(UInt32(request.peer.port ?? 0), tag: 32)
        encodeTexts(to: &writer)
        writer.uint32(UInt32(status), tag: 96)
        writer.enumeration(exchange.outcome, tag: 104)
        writer.string(exchange.route, tag: 114)
        writer.string(exchange.upstream, tag: 122)
        writer.uint64(UInt64(max(exchange.requestBytes, request.body.length ?? 0)), tag: 128)
        writer.uint64(UInt64(responseBytes), tag: 136)
        writer.uint32(UInt32(clamping: microseconds), tag: 144)
        writer.uint32(UInt32(clamping: exchange.upstreamTook.wholeNanoseconds / 1_000), tag: 152)
        writer.uint32(UInt32(clamping: exchange.inspectionTook.wholeNanoseconds), tag: 160)
        writer.double(exchange.verdict.score, tag: 169)
        for finding in exchange.verdict.findings { writer.element(RuleFinding(finding), tag: 178) }
        encodeIdentity(to: &writer)
        writer.enumeration(Self.version(request.head.version), tag: 240)
        writer.bool(request.isSecure, tag: 248)
        encodeManner(to: &writer)
    }

    /// Behind a proxy that is no transparent one, the connection is the proxy's, and tells nothing of the client.
    private func encodeManner(to writer: inout WireWriter) {
        let isDirect = request.peer.ipAddress == exchange.client
        if request.head.version != .http2 { writer.fixed64(request.head.headers.namesFingerprint, tag: 257) }
        writer.fixed64(isDirect ? request.manner.http2 : 0, tag: 265)
        writer.fixed64(isDirect ? request.manner.tls : 0, tag: 273)
        if let trial = exchange.trial { writer.message(trial, tag: 282) }
    }

    private func encodeTexts(to writer: inout WireWriter) {
        let head = request.head
        writer.string(head.method.description, tag: 42)
        writer.string(exchange.host, tag: 50)
        writer.bytes(Self.cut(head.pathBytes), tag: 58)
        writer.bytes(Self.cut(head.queryBytes), tag: 66)
        writer.bytes(Self.cut(head.headers.valueBytes(of: Self.userAgent)), tag: 74)
        writer.bytes(Self.cut(head.headers.valueBytes(of: Self.referer)), tag: 82)
        writer.bytes(Self.cut(head.headers.valueBytes(of: Self.contentType)), tag: 90)
    }

    private func encodeIdentity(to writer: inout WireWriter) {
        if let caller = exchange.caller {
            writer.identifier(caller.user, tag: 186)
            writer.identifier(caller.session ?? .unset, tag: 194)
        }
        if let decision = exchange.decision { writer.identifier(decision.decision, tag: 202) }
        if exchange.outcome == .diverted { writer.identifier(IntruderIdentity.of(exchange.client), tag: 210) }
        writer.fixed64(exchange.trace.traceHigh, tag: 217)
        writer.fixed64(exchange.trace.traceLow, tag: 225)
        writer.fixed64(exchange.trace.span, tag: 233)
    }

    static func cut(_ bytes: ArraySlice<UInt8>?) -> ArraySlice<UInt8> { (bytes ?? []).prefix(longestText) }

    private static func version(_ version: HTTPVersion) -> ProtocolVersion {
        switch version {
        case .http10: .http10
        case .http11: .http11
        case .http2: .http2
        }
    }
}
