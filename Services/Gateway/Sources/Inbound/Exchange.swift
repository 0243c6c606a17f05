import Contracts
import Core
import HTTP
import Inspection

/// One request's way through the gateway: what is known of it so far, and in the end how it went.
struct Exchange: Sendable {
    let id: UUIDv7
    let idText: String
    let trace: TraceContext
    let client: IPAddress
    let host: String
    let path: String
    let began: Deadline

    var outcome = RequestOutcome.unspecified
    var blockReason = BlockReason.unspecified
    var active: ActiveRoute?
    var route = ""
    var upstream = ""
    var verdict = InspectionVerdict.clean
    var inspectionTook = Duration.zero
    var upstreamTook = Duration.zero
    var decision: Enforcement?
    var rate: RateGate.Judgement?
    /// When the answer did not end with the request, as a WebSocket's does not: how long it took to begin.
    var answeredAfter: Duration?
    var caller: AccessToken?
    var requestBytes = 0
    /// Server-sent events last as long as somebody looks: they would only distort the figures.
    var isLongLived = false

    init(_ request: HTTPServerRequest, client: IPAddress, _ random: inout RandomReserve) {
        id = UUIDv7(now: request.receivedAt, from: &random)
        idText = id.description
        let parent = request.head.headers["traceparent"].flatMap { TraceContext($0) }
        trace = parent?.child(from: &random) ?? .root(from: &random)
        self.client = client
        host = Self.hostName(request.head.host ?? "")
        path = request.head.path
        began = .now
    }

    mutating func take(_ active: ActiveRoute) {
        self.active = active
        route = active.route.name
        upstream = active.route.upstream
    }

    /// Lower case, without port.
    static func hostName(_ authority: String) -> String {
        let bytes = authority.utf8
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            bytes[colon...].allSatisfy({ $0 != UInt8(ascii: "]") })
        else { return authority.lowercased() }
        return authority[..<colon].lowercased()
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
