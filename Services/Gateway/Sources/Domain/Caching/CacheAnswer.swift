/// What an upstream's answer says that decides whether it is stored.
package struct CacheAnswer: Sendable, Equatable {
    package enum Expiry: Sendable, Equatable {
        /// In seconds since 1970.
        case at(Int64)
        /// What cannot be read has expired (RFC 9111 §5.3).
        case unreadable
    }

    package var status = 200
    package var directives = CacheDirectives()
    package var date: Int64?
    package var expires: Expiry?
    package var age: Int?
    package var hasValidator = false
    package var setsCookies = false
    package var hasRange = false
    /// Names in lower case, `*` among them.
    package var vary: [String] = []
    /// Never ends by itself, so it can never be stored whole.
    package var isEventStream = false
    /// Known to be whole: one that ends with its connection may have been cut off (§3.3).
    package var hasKnownEnd = true

    package init() {}
}

/// How long a stored answer may be used, and how (RFC 9111 §4.2, §5.2.2). All in seconds.
package struct CachedLifetime: Sendable, Equatable {
    package var freshFor: Int
    package var initialAge: Int
    package var staleWhileRevalidate = 0
    package var staleIfError = 0
    /// `no-cache`: asked for again each time.
    package var isAlwaysValidated = false
    /// Nothing forbids to use it when it is stale.
    package var mayBeStale = true
    /// Requests with `Authorization` may be answered with it (§3.5).
    package var isForAuthorized = false

    /// Narrower than what RFC 9110 §15.1 lets be stored: errors that one client's bytes can provoke (400, 405, 414, 5xx)
    /// would be every client's.
    package static let storableStatuses: Set<Int> = [200, 203, 204, 300, 301, 302, 307, 308, 404, 410]
    private static let heuristicStatuses: Set<Int> = [200, 203, 204, 300, 301, 308]

    package init(freshFor: Int, initialAge: Int = 0) { (self.freshFor, self.initialAge) = (freshFor, initialAge) }

    /// Nil: it may not be stored, or nothing could ever be answered with it (§3).
    /// - Parameters:
    ///   - received: when it came, in seconds since 1970.
    ///   - delay: how long after the request it came.
    package init?(
        storing answer: CacheAnswer, to request: CacheRequest, _ policy: CachePolicy, received: Int64, delay: Int
    ) {
        let said = answer.directives
        guard Self.storableStatuses.contains(answer.status), !answer.hasRange, answer.hasKnownEnd,
            !answer.isEventStream, !said.noStore, !said.isPrivate, !request.directives.noStore, !answer.setsCookies,
            !answer.vary.contains("*")
        else { return nil }
        isForAuthorized = said.isPublic || said.mustRevalidate || said.sharedMaxAge != nil
        guard isForAuthorized || !request.hasAuthorization else { return nil }
        guard let lifetime = Self.lifetime(of: answer, policy, received: received) else { return nil }
        freshFor = lifetime
        let apparentAge = answer.date.map { max(0, Int(clamping: received - $0)) } ?? 0
        initialAge = min(max(apparentAge, (answer.age ?? 0) + delay), CacheDirectives.longest)
        isAlwaysValidated = said.noCache
        // s-maxage has the meaning of proxy-revalidate (§5.2.2.10).
        mayBeStale = !said.mustRevalidate && !said.noCache && said.sharedMaxAge == nil
        if mayBeStale {
            staleWhileRevalidate = said.staleWhileRevalidate ?? Int(policy.staleWhileRevalidate.components.seconds)
            staleIfError = said.staleIfError ?? Int(policy.staleIfError.components.seconds)
        }
        guard answer.hasValidator || isUsedUnasked else { return nil }
    }

    /// Whether there is any moment at which it is used without asking whether it still holds.
    private var isUsedUnasked: Bool {
        !isAlwaysValidated && (freshFor > initialAge || staleWhileRevalidate > 0 || staleIfError > 0)
    }

    /// §4.2.1; nil when the answer says nothing and the route has nothing to say for it.
    private static func lifetime(of answer: CacheAnswer, _ policy: CachePolicy, received: Int64) -> Int? {
        let said = answer.directives
        if let seconds = said.sharedMaxAge ?? said.maxAge { return seconds }
        switch answer.expires {
        case .at(let moment):
            return Int(clamping: min(max(0, moment - (answer.date ?? received)), Int64(CacheDirectives.longest)))
        case .unreadable: return 0
        case nil: break
        }
        if said.noCache { return 0 }
        if let freshFor = policy.freshFor, heuristicStatuses.contains(answer.status) {
            return Int(freshFor.components.seconds)
        }
        return said.isPublic && answer.hasValidator ? 0 : nil
    }
}
