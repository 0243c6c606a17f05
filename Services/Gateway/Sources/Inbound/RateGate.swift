import Core
import HTTP
import Synchronization

/// Asks the rate limits of a route, and the throttles that decisions set, whether a request may pass now.
final class RateGate: Sendable {
    /// The limit that stands nearest, and its answer.
    struct Judgement: Sendable {
        var limit: RateLimit
        var answer: RateAnswer
    }

    /// A throttled client's: its pace is the decision's.
    private static let throttleBurst = 5
    private static let throttleName = "throttle"

    let table: RateTable
    private let tightening = Atomic<Double>(1)

    init(capacity: Int) { table = RateTable(capacity: capacity) }

    /// nil where the route has no limits. All of them are charged, so that each tells the truth to its own.
    func judge(
        _ active: ActiveRoute, _ request: HTTPServerRequest, _ exchange: Exchange, _ lane: RequestLane
    ) -> Judgement? {
        var nearest: Judgement?
        for limit in active.route.rateLimits {
            lane.rateKey.removeAll(keepingCapacity: true)
            Self.append(limit, active, request, exchange, to: &lane.rateKey)
            let share = limit.isAdaptive ? tightening.load(ordering: .relaxed) : 1
            let answer = ask(limit, tightening: share, now: exchange.began, lane)
            if let known = nearest?.answer, !Self.isNearer(answer, known) { continue }
            nearest = Judgement(limit: limit, answer: answer)
        }
        return nearest
    }

    /// nil when the request may pass, otherwise how long to wait.
    func refuseThrottled(
        _ subject: EnforcementSubject, _ client: IPAddress, allowedPerSecond: Double, now: Deadline, _ lane: RequestLane
    ) -> Duration? {
        let pace = min(max(allowedPerSecond, 1.0 / 3_600), 1_000_000)
        let limit = RateLimit(
            name: Self.throttleName, requests: 1, period: .nanoseconds(Int64(1e9 / pace)), burst: Self.throttleBurst)
        lane.rateKey.removeAll(keepingCapacity: true)
        lane.rateKey += Self.throttleName.utf8
        // A network's clients each have their own pace; a user's requests have one, wherever they come from.
        if case .network = subject {
            Self.append(client, to: &lane.rateKey)
        } else {
            Self.append(subject.description.utf8, to: &lane.rateKey)
        }
        let answer = ask(limit, tightening: 1, now: now, lane)
        return answer.isAdmitted ? nil : answer.retryAfter
    }

    /// What another replica admitted.
    func charge(_ key: [UInt8], nanoseconds: Int64, now: Deadline) {
        table.charge(Self.hash(key), nanoseconds, now: now)
    }

    func tighten(_ share: Double) { tightening.store(share, ordering: .relaxed) }

    private func ask(_ limit: RateLimit, tightening: Double, now: Deadline, _ lane: RequestLane) -> RateAnswer {
        let hash = Self.hash(lane.rateKey)
        let answer = table.admit(hash, limit, tightening: tightening, now: now)
        if answer.isAdmitted { lane.rateUsage.note(hash, lane.rateKey, nanoseconds: limit.interval) }
        return answer
    }

    private static func isNearer(_ answer: RateAnswer, _ known: RateAnswer) -> Bool {
        if answer.isAdmitted != known.isAdmitted { return !answer.isAdmitted }
        return answer.isAdmitted ? answer.remaining < known.remaining : answer.retryAfter > known.retryAfter
    }

    // MARK: Keys

    /// The seed is the process's own: nobody outside can choose keys that collide.
    private static func hash(_ key: [UInt8]) -> UInt64 {
        var hasher = Hasher()
        unsafe key.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// Each part begins with its length, so that no two lists of parts are written alike.
    private static func append(
        _ limit: RateLimit, _ active: ActiveRoute, _ request: HTTPServerRequest, _ exchange: Exchange,
        to key: inout [UInt8]
    ) {
        append(limit.name.utf8, to: &key)
        append(active.route.name.utf8, to: &key)
        for part in limit.parts {
            switch part {
            case .address: append(exchange.client, to: &key)
            case .user:
                if let user = exchange.caller?.user {
                    append(user.description.utf8, to: &key)
                } else {
                    append(exchange.client, to: &key)
                }
            case .header(let name):
                if let value = request.head.headers.valueBytes(of: name) {
                    append(value.prefix(256), to: &key)
                } else {
                    append(exchange.client, to: &key)
                }
            case .host: append(exchange.host.utf8, to: &key)
            case .path: append(request.head.pathBytes.prefix(1_024), to: &key)
            case .everybody: break
            }
        }
    }

    private static func append(_ address: IPAddress, to key: inout [UInt8]) {
        append((address.isV4 ? address : address.masked(to: RateLimit.ipv6Prefix)).bytes, to: &key)
    }

    private static func append(_ bytes: some Collection<UInt8>, to key: inout [UInt8]) {
        key.append(UInt8(truncatingIfNeeded: bytes.count >> 8))
        key.append(UInt8(truncatingIfNeeded: bytes.count))
        key.append(contentsOf: bytes)
    }
}

extension HTTPHeaders {
    /// As draft-ietf-httpapi-ratelimit-headers has it; `Retry-After` is the 429's own.
    mutating func add(_ judgement: RateGate.Judgement) {
        let (limit, answer) = (judgement.limit, judgement.answer)
        set("RateLimit-Policy", "\"\(limit.name)\";q=\(limit.requests);w=\(limit.period.components.seconds)")
        set("RateLimit", "\"\(limit.name)\";r=\(answer.remaining);t=\(answer.resetsAfter.roundedUpSeconds)")
    }
}

extension Duration {
    var roundedUpSeconds: Int64 {
        let (seconds, attoseconds) = components
        return attoseconds > 0 ? seconds + 1 : seconds
    }
}
