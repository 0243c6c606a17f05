/// A request that the cache may answer: what it says about that.
package struct CacheRequest: Sendable, Equatable {
    package var isHead = false
    package var hasAuthorization = false
    package var directives = CacheDirectives()
    /// `If-None-Match`, as it is.
    package var noneMatch: String?
    /// `If-Modified-Since`, as it is.
    package var modifiedSince: String?

    package init() {}
}

/// Why a request has nothing to do with the cache: it is neither answered from there, nor is its answer stored.
package enum CacheBypass: String, Sendable, CaseIterable {
    case method
    /// A body of GET has no meaning that a key could hold (RFC 9110 §9.3.1).
    case body
    case cookie
    /// Ranges, and conditions that ask for no change rather than for one.
    case condition
    /// The client showed a certificate, which the upstream is told.
    case certificate
    /// Inspection found something in it, though not enough to stop it, or was told not to.
    case suspicious
    /// A field that may change the answer and is no part of the key.
    case unkeyed
}

/// What the fields of a request mean to the cache, by their names in lower case.
package enum CacheFields {
    /// They may change an answer only if its `Vary` says so (content negotiation, RFC 9110 §12.5), they are about caching
    /// itself, or they frame the message. Everything else that a client sends is unkeyed: an upstream that listens to such a
    /// field would answer others with what one client chose.
    package static let harmless = [
        "accept", "accept-charset", "accept-encoding", "accept-language", "user-agent", "referer", "dnt", "save-data",
        "upgrade-insecure-requests", "priority", "via", "from", "purpose", "sec-purpose", "sec-gpc", "sec-fetch-dest",
        "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform",
        "cache-control", "pragma", "if-none-match", "if-modified-since", "authorization", "host", "content-length",
        "transfer-encoding",
    ]
    /// Part of every key: whom an answer may be read by often depends on it, whatever `Vary` says.
    package static let alwaysKeyed = ["origin"]
    package static let cookies = ["cookie", "cookie2"]
    package static let conditions = ["range", "if-range", "if-match", "if-unmodified-since"]
}
