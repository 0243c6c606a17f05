/// `Cache-Status` (RFC 9211): what the cache did, for whoever debugs an answer.
package struct CacheStatus: Sendable, Equatable {
    package enum Forward: String, Sendable {
        case bypass, method, stale, request
        case uriMiss = "uri-miss"
        case varyMiss = "vary-miss"
    }

    package static let name = "infinite"

    /// Nil: answered from the store.
    package var forward: Forward?
    /// What the upstream said.
    package var forwardStatus: Int?
    /// How long the answer is fresh; negative when it is stale.
    package var freshness: Int?
    package var isStored = false
    package var isCollapsed = false
    package var detail: String?

    package init(_ forward: Forward? = nil, freshness: Int? = nil, detail: String? = nil) {
        (self.forward, self.freshness, self.detail) = (forward, freshness, detail)
    }

    package var text: String {
        var parts = [Self.name, forward.map { "fwd=\($0.rawValue)" } ?? "hit"]
        if let forwardStatus { parts.append("fwd-status=\(forwardStatus)") }
        if let freshness { parts.append("ttl=\(freshness)") }
        if isStored { parts.append("stored") }
        if isCollapsed { parts.append("collapsed") }
        if let detail { parts.append("detail=\(detail)") }
        return parts.joined(separator: "; ")
    }
}
