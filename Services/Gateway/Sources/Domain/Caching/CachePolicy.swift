package import Core

/// What a route says about storing its answers.
package struct CachePolicy: Sendable, Equatable {
    package enum Cookies: String, Sendable, CaseIterable {
        /// A request with cookies has nothing to do with the cache.
        case bypass
        /// They do not reach the upstream, so its answer cannot depend on them.
        case remove
    }

    /// Larger answers are passed on and not stored.
    package var largestAnswer = ByteCount.mebibytes(1)
    /// For answers that say nothing about how long they hold; nil: those are not stored (no heuristics, RFC 9111 §4.2.2).
    package var freshFor: Duration?
    /// Where the answer itself does not say (RFC 5861 §3).
    package var staleWhileRevalidate = Duration.zero
    /// Where the answer itself does not say (RFC 5861 §4).
    package var staleIfError = Duration.zero
    /// Fields of requests that belong to the key, lower case.
    package var keyFields: [String] = []
    package var cookies = Cookies.bypass
    /// Whether requests for what is being fetched wait for it.
    package var coalesces = true

    package init() {}
}
