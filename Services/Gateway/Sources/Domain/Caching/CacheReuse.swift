/// What a stored answer is good for, for one request (RFC 9111 §4).
package enum CacheReuse: Sendable, Equatable {
    case fresh
    /// The request says that stale is good enough (`max-stale`).
    case stale
    /// Used now, asked for again beside that (RFC 5861 §3).
    case staleWhileRevalidating
    /// Only after the upstream said that it still holds.
    case validate
}

extension CachedLifetime {
    /// - Parameter resident: how long it has been stored.
    package func age(resident: Int) -> Int { min(initialAge + resident, CacheDirectives.longest) }

    /// How much longer it is fresh; negative: how long it has been stale.
    package func freshness(resident: Int) -> Int { freshFor - age(resident: resident) }

    package func reuse(for request: CacheRequest, resident: Int) -> CacheReuse {
        let asked = request.directives
        guard !isAlwaysValidated, !asked.noCache, age(resident: resident) <= asked.maxAge ?? .max else {
            return .validate
        }
        let left = freshness(resident: resident)
        if left > 0 { return left >= asked.minFresh ?? 0 ? .fresh : .validate }
        guard mayBeStale, asked.minFresh == nil else { return .validate }
        if -left <= asked.maxStale ?? -1 { return .stale }
        return -left <= staleWhileRevalidate && staleWhileRevalidate > 0 ? .staleWhileRevalidating : .validate
    }

    /// Whether it may be used because the upstream failed (RFC 5861 §4).
    package func standsInForErrors(resident: Int) -> Bool {
        mayBeStale && staleIfError > 0 && -freshness(resident: resident) <= staleIfError
    }
}

extension CacheRequest {
    /// Whether the client has what is stored already (RFC 9111 §4.3.2). If-None-Match alone counts where it stands
    /// (RFC 9110 §13.2.2).
    /// - Parameter date: of a date field, in seconds since 1970.
    package func holds(tag: EntityTag?, modified: String?, date: (String) -> Int64?) -> Bool {
        if let noneMatch { return tag?.isNamed(by: noneMatch) ?? (noneMatch == "*") }
        guard let modifiedSince, let modified, let since = date(modifiedSince), let changed = date(modified) else {
            return false
        }
        return changed <= since
    }
}
