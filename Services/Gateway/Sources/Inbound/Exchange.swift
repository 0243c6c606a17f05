import Contracts
import Core
import HTTP
import Inspection

/// One request's way through the gateway: what is known of it so far, and in the end how it went.
///
/// A class, because it is large: every function on the way keeps a pointer to it. Confined to the task that answers the
/// request, which is what makes it Sendable.
final class Exchange: @unchecked Sendable {
    let id: UUIDv7
    /// As it is told to clients and upstreams.
    let idBytes: [UInt8]
    let trace: TraceContext
    let client: IPAddress
    /// Lower case, without port.
    let host: String
    let began: Deadline

    var outcome = RequestOutcome.unspecified
    var blockReason = BlockReason.unspecified
    var active: ActiveRoute?
    var route = ""
    var upstream = ""
    var verdict = InspectionVerdict.clean
    var inspectionTook = Duration.zero
    /// What a candidate would have made of it, where one was tried on it.
    var trial: Trial?
    var upstreamTook = Duration.zero
    var decision: Enforcement?
    /// The rule that took the request, if one did.
    var firewallRule: String?
    var rate: RateGate.Judgement?
    /// When the answer did not end with the request, as a WebSocket's does not: how long it took to begin.
    var answeredAfter: Duration?
    var caller: AccessToken?
    var requestBytes = 0
    /// Server-sent events last as long as somebody looks: they would only distort the figures.
    var isLongLived = false

    init(_ request: HTTPServerRequest, client: IPAddress, _ random: inout RandomReserve) {
        id = UUIDv7(now: request.receivedAt, from: &random)
        idBytes = id.text
        let parent = request.head.headers.valueBytes(of: Self.traceParent).flatMap {
            TraceContext(String(decoding: $0, as: UTF8.self))
        }
        trace = parent?.child(from: &random) ?? .root(from: &random)
        self.client = client
        host = Self.hostName(request.head.hostBytes ?? [])
        began = .now
    }

    private static let traceParent = HTTPFieldName("traceparent")

    var idText: String { String(decoding: idBytes, as: UTF8.self) }

    func take(_ active: ActiveRoute) {
        self.active = active
        route = active.route.name
        upstream = active.route.upstream
    }

    /// What the rest of a large body showed.
    func take(_ watch: BodyWatch) {
        verdict = watch.verdict
        inspectionTook += watch.took
    }

    /// Of an authority: it is ASCII, which whoever read the request has seen to.
    static func hostName(_ authority: ArraySlice<UInt8>) -> String {
        var name = authority
        if let colon = authority.lastIndex(of: UInt8(ascii: ":")), !authority[colon...].contains(UInt8(ascii: "]")) {
            name = authority[..<colon]
        }
        return unsafe String(unsafeUninitializedCapacity: name.count) { text in
            for (index, byte) in name.enumerated() {
                unsafe text.initializeElement(at: index, to: byte &- 0x41 < 26 ? byte | 0x20 : byte)
            }
            return name.count
        }
    }

    var liveOutcome: LiveOutcome {
        switch outcome {
        case .blocked, .refused: .blocked
        case .banned: .banned
        case .throttled: .throttled
        case .diverted: .diverted
        case .challenged: .challenged
        case .unrouted, .upstreamFailed, .abandoned: .failed
        case .unspecified, .proxied, .answered, .unrecognized: verdict.action == .allow ? .passed : .observed
        }
    }
}
