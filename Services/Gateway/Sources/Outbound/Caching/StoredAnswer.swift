import Core
import HTTP

/// Under what answers are stored: scheme, authority and target exactly as the client wrote them. Not one byte of what the
/// upstream is told about where the request goes differs between two requests of one key and one route.
struct CacheKey: Hashable, Sendable {
    private let bytes: [UInt8]

    init(isSecure: Bool, authority: ArraySlice<UInt8>, target: some Collection<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 + authority.count + target.count)
        bytes.append(isSecure ? 1 : 0)
        bytes += authority
        // Stands in no authority.
        bytes.append(0)
        bytes += target
        self.bytes = bytes
    }

    var count: Int { bytes.count }
}

/// What else tells answers under one key apart before any `Vary`: the route as it was when the answer came, the side of
/// its split, and whether the answer has content.
struct CachePlace: Hashable, Sendable {
    let route: Int
    let upstream: String
    let isHead: Bool
}

/// An answer as it came from the upstream, whole, without what belonged to the connection. Never changed: what 304 says
/// makes a new one.
final class StoredAnswer: Sendable {
    /// What an entry takes beside its bytes, roughly.
    private static let overhead = 512
    private static let fieldOverhead = 16

    let place: CachePlace
    let selection: VarySelection
    let status: HTTPStatus
    let headers: HTTPHeaders
    let body: [UInt8]
    let lifetime: CachedLifetime
    let received: Deadline
    let tag: EntityTag?
    let modified: String?
    let cost: Int

    /// - Parameter headers: copied, because those of a received head hold all of its buffer.
    init(
        _ place: CachePlace, _ selection: VarySelection, _ status: HTTPStatus, _ headers: HTTPHeaders, body: [UInt8],
        _ lifetime: CachedLifetime, received: Deadline
    ) {
        var copy = HTTPHeaders()
        for index in 0..<headers.count where !headers.isName(in: StoredFields.ofTheMessage, at: index) {
            copy.add(fieldAt: index, of: headers)
        }
        if !place.isHead && !status.forbidsBody { copy.set("Content-Length", "\(body.count)") }
        self.place = place
        self.selection = selection
        self.status = status
        self.headers = copy
        self.body = body
        self.lifetime = lifetime
        self.received = received
        tag = copy["etag"].map { EntityTag($0) }
        modified = copy["last-modified"]
        cost = Self.overhead + copy.byteCount + copy.count * Self.fieldOverhead + body.count
    }

    func resident(now: Deadline) -> Int { Int(clamping: (now - received).components.seconds) }
    func age(now: Deadline) -> Int { lifetime.age(resident: resident(now: now)) }
    func freshness(now: Deadline) -> Int { lifetime.freshness(resident: resident(now: now)) }
    func standsInForErrors(now: Deadline) -> Bool { lifetime.standsInForErrors(resident: resident(now: now)) }

    /// Whether the other has no business beside this one: it is for the same requests, or from when the upstream chose by
    /// other fields.
    func replaces(_ other: StoredAnswer) -> Bool {
        place == other.place && (selection == other.selection || selection.names != other.selection.names)
    }

    /// The fields with what a 304 says in place of what was (RFC 9111 §3.2).
    func headers(updatedBy news: HTTPHeaders) -> HTTPHeaders {
        var merged = headers
        for index in 0..<news.count where !news.isName(in: StoredFields.notUpdated, at: index) {
            merged.remove(news.name(at: index))
        }
        for index in 0..<news.count where !news.isName(in: StoredFields.notUpdated, at: index) {
            merged.add(fieldAt: index, of: news)
        }
        return merged
    }
}

enum StoredFields {
    /// Said anew each time the answer is used.
    static let ofTheMessage: HTTPFieldNames = ["age", "content-length", "set-cookie", "set-cookie2", "x-request-id"]
    /// They describe the content, which a 304 does not change.
    static let notUpdated: HTTPFieldNames = [
        "content-length", "content-encoding", "content-type", "content-range", "set-cookie", "set-cookie2", "age",
        "x-request-id",
    ]
    /// What a 304 to a client leaves out (RFC 9110 §15.4.5).
    static let ofContent: HTTPFieldNames = [
        "content-length", "content-encoding", "content-type", "content-language", "content-range", "accept-ranges",
    ]
}
