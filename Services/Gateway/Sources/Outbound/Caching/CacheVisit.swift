import Core
import HTTP
import Telemetry

/// One request's dealings with the cache of its reactor: what is found there, what becomes of the upstream's answer.
/// Confined to that reactor, which is what makes it Sendable.
final class CacheVisit: @unchecked Sendable {
    enum Step {
        case serve(StoredAnswer, CacheStatus)
        /// Served now; the upstream is asked beside that whether it still holds.
        case serveAndRefresh(StoredAnswer, CacheStatus)
        /// Only what is stored was asked for, and nothing is (RFC 9111 §5.2.1.7).
        case unavailable
        case forward
    }

    enum Outcome {
        case answer(StoredAnswer, CacheStatus)
        /// As it comes: nothing of it is stored.
        case pass(UpstreamAnswer)
    }

    /// What says that the upstream could not do its work (RFC 5861 §4).
    private static let errors: Set<Int> = [500, 502, 503, 504]

    private let lane: CacheLane
    private let key: CacheKey
    private let place: CachePlace
    private let policy: CachePolicy
    private let asked: CacheRequest
    private let fields: HTTPHeaders
    private let added: HTTPHeaders
    private let began = Deadline.now
    private var fetch: CacheFetch?
    /// What the upstream is asked about, or what stands in when it fails.
    private var known: StoredAnswer?
    private var isValidating = false
    private var isCollapsed = false
    private var forward = CacheStatus.Forward.uriMiss

    init(
        _ lane: CacheLane, _ key: CacheKey, _ place: CachePlace, _ policy: CachePolicy, _ asked: CacheRequest,
        _ outgoing: HTTPClientRequest
    ) {
        (self.lane, self.key, self.place, self.policy, self.asked) = (lane, key, place, policy, asked)
        (fields, added) = (outgoing.headers, outgoing.added)
    }

    /// A field as the upstream gets it.
    private func field(_ name: String) -> String? { fields.joined(name) ?? added.joined(name) }

    // MARK: Before the upstream

    func begin(until patience: Deadline) async -> Step {
        if let step = look() { return step }
        guard !asked.directives.onlyIfCached else { return .unavailable }
        // Who wants to hear from the upstream would not be content with what another one heard.
        if policy.coalesces, !asked.directives.noCache, let other = lane.fetch(key, place) {
            isCollapsed = true
            await other.wait(until: patience)
            if let step = look() { return step }
        }
        fetch = lane.begin(key, place)
        lane.metrics.count(known == nil ? .miss : .expired)
        return .forward
    }

    /// Nil: the upstream has to be asked.
    private func look() -> Step? {
        let (found, hasOthers) = lane.find(key, place, asked, field)
        known = found
        guard let found else {
            forward = hasOthers ? .varyMiss : .uriMiss
            return nil
        }
        let now = Deadline.now
        var status = CacheStatus(isCollapsed ? forward : nil, freshness: found.freshness(now: now))
        status.isCollapsed = isCollapsed
        switch found.lifetime.reuse(for: asked, resident: found.resident(now: now)) {
        case .fresh:
            lane.metrics.count(isCollapsed ? .collapsed : .hit)
            return .serve(found, status)
        case .stale:
            lane.metrics.count(.stale)
            return .serve(found, status)
        case .staleWhileRevalidating:
            status.detail = "stale-while-revalidate"
            lane.metrics.count(.stale)
            fetch = lane.begin(key, place)
            return fetch == nil ? .serve(found, status) : .serveAndRefresh(found, status)
        case .validate:
            forward = found.freshness(now: now) > 0 ? .request : .stale
            return nil
        }
    }

    /// What the upstream is asked. Who may store the answer asks for all of it, or whether what is stored still holds:
    /// what this client has in store is for the cache to compare.
    func ask(_ outgoing: inout HTTPClientRequest) {
        guard fetch != nil else { return }
        outgoing.headers.remove("if-none-match")
        outgoing.headers.remove("if-modified-since")
        guard let known, known.place.isHead == place.isHead || place.isHead else { return }
        if let tag = known.tag { outgoing.headers.add("If-None-Match", tag.text) }
        if let modified = known.modified { outgoing.headers.add("If-Modified-Since", modified) }
        isValidating = known.tag != nil || known.modified != nil
    }

    /// However it went: nobody waits any longer for what will not come.
    func end() {
        if let fetch { lane.end(fetch) }
    }

    // MARK: The upstream's answer

    func take(_ response: HTTPClientResponse) async throws -> Outcome {
        let code = response.status.code
        if let known, Self.errors.contains(code), known.standsInForErrors(now: .now) {
            await response.body.abandon()
            return .answer(known, standIn(known, code))
        }
        guard let fetch else { return .pass(passed(response, stored: false)) }
        if isValidating, code == 304, let known {
            return .answer(try await refresh(known, response, fetch), refreshed(code))
        }
        let headers = HopByHop.response(response.head.headers, isDiverted: false)
        guard let lifetime = lifetime(response, headers), response.body.length ?? 0 <= policy.largestAnswer.bytes else {
            // What it replaces is no longer true.
            if let known, code < 500 { lane.forget(known, under: key) }
            lane.end(fetch)
            return .pass(passed(response, stored: false))
        }
        return try await store(response, headers, lifetime, fetch)
    }

    private func lifetime(_ response: HTTPClientResponse, _ headers: HTTPHeaders) -> CachedLifetime? {
        let facts = CacheAnswer(
            response.status, headers, hasKnownEnd: response.head.framing != .untilClose || place.isHead)
        return lifetime(facts)
    }

    private func lifetime(_ facts: CacheAnswer) -> CachedLifetime? {
        CachedLifetime(
            storing: facts, to: asked, policy, received: Timestamp.now.seconds,
            delay: Int(clamping: (Deadline.now - began).components.seconds))
    }

    /// Read whole before its client gets the first byte: how fast one client reads is no matter of those who wait.
    private func store(
        _ response: HTTPClientResponse, _ headers: HTTPHeaders, _ lifetime: CachedLifetime, _ fetch: CacheFetch
    ) async throws -> Outcome {
        var body: [UInt8] = []
        if let length = response.body.length { body.reserveCapacity(length) }
        while let piece = try await response.body.nextOfUpstream() {
            let isRoom = body.count + piece.count <= policy.largestAnswer.bytes && lane.hold(piece.count, for: fetch)
            body += piece
            guard isRoom else {
                lane.end(fetch)
                let whole = HTTPBody(body, then: response.body)
                return .pass(passed(response, body: whole, stored: false))
            }
        }
        let answer = StoredAnswer(
            place, selection(headers), response.status, headers, body: body.exact, lifetime, received: .now)
        let isStored = lane.put(answer, by: fetch, replacing: known)
        if isStored { lane.metrics.stored.increment() }
        return .answer(answer, status(response.status.code, isStored: isStored))
    }

    private func selection(_ headers: HTTPHeaders) -> VarySelection {
        let vary = CacheAnswer(.ok, headers, hasKnownEnd: true).vary
        return VarySelection(VarySelection.names(vary: vary, isEncoded: headers.isEncoded, policy), of: field)
    }

    /// RFC 9111 §4.3.4. A 304 about something else (another tag) freshens nothing, and what is stored is not believed again.
    private func refresh(
        _ known: StoredAnswer, _ response: HTTPClientResponse, _ fetch: CacheFetch
    ) async throws -> StoredAnswer {
        while try await response.body.nextOfUpstream() != nil {}
        let news = HopByHop.response(response.head.headers, isDiverted: false)
        let headers = known.headers(updatedBy: news)
        var facts = CacheAnswer(known.status, headers, hasKnownEnd: true)
        facts.age = CacheDirectives.seconds(news["age"])
        let isAboutThis = news["etag"].map { tag in known.tag?.isWeaklyEqual(to: EntityTag(tag)) ?? false } ?? true
        guard isAboutThis, !news.contains("set-cookie"), let lifetime = lifetime(facts) else {
            lane.forget(known, under: key)
            lane.end(fetch)
            return known
        }
        let answer = StoredAnswer(
            known.place, selection(headers), known.status, headers, body: known.body, lifetime, received: .now)
        _ = lane.put(answer, by: fetch, replacing: known)
        lane.metrics.validated.increment()
        return answer
    }

    // MARK: When the upstream failed

    /// What is served instead of a failure; nil when there is nothing, or its upstream forbids it.
    func standIn() -> Outcome? {
        guard let known, known.standsInForErrors(now: .now) else { return nil }
        return .answer(known, standIn(known, nil))
    }

    private func standIn(_ known: StoredAnswer, _ code: Int?) -> CacheStatus {
        lane.metrics.count(.staleOnError)
        var status = CacheStatus(forward, freshness: known.freshness(now: .now), detail: "stale-if-error")
        status.forwardStatus = code
        return status
    }

    // MARK: What is said about it

    private func status(_ code: Int, isStored: Bool) -> CacheStatus {
        var status = CacheStatus(forward)
        status.forwardStatus = forward == .uriMiss || forward == .varyMiss ? nil : code
        (status.isStored, status.isCollapsed) = (isStored, isCollapsed)
        return status
    }

    private func refreshed(_ code: Int) -> CacheStatus { status(code, isStored: true) }

    private func passed(_ response: HTTPClientResponse, body: HTTPBody? = nil, stored: Bool) -> UpstreamAnswer {
        var answer = UpstreamAnswer(response)
        if let body { answer.body = body }
        answer.headers.add(CacheStatus.field, status(response.status.code, isStored: stored).text)
        return answer
    }

    /// As this request gets it: whole, or that it has it already.
    func answer(_ stored: StoredAnswer, _ status: CacheStatus) -> UpstreamAnswer {
        let age = stored.age(now: .now)
        let hasIt =
            stored.status == .ok
            && asked.holds(tag: stored.tag, modified: stored.modified) { HTTPDate.secondsSince1970($0) }
        var answer = UpstreamAnswer(
            status: hasIt ? .notModified : stored.status,
            headers: hasIt ? stored.headers.without(StoredFields.ofContent) : stored.headers,
            body: hasIt || place.isHead ? .empty : .whole(stored.body))
        answer.headers.add(CacheStatus.age, decimal: age)
        answer.headers.add(CacheStatus.field, status.text)
        return answer
    }
}

extension CacheStatus {
    static let field = HTTPFieldName("Cache-Status")
    fileprivate static let age = HTTPFieldName("Age")
}

extension [UInt8] {
    /// The same bytes with no room beside them, which what is kept for long should not have.
    fileprivate var exact: [UInt8] {
        guard capacity > count + count / 8 else { return self }
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        copy.append(contentsOf: self)
        return copy
    }
}
