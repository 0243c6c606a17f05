import Core
import HTTP
import Inspection
import Reactor

/// How a request goes that has to do with the cache, or might change what others find there.
enum CacheCourse {
    /// Looked up, and perhaps stored.
    case visit(CacheVisit)
    /// Past it, and why; nil where the route has no cache. With the resource that an unsafe method changes, if it succeeds.
    case past(CacheBypass?, changing: CacheKey?)
}

extension UpstreamProxy {
    /// `forward`, on a route with a cache, or of what may change what another route has stored.
    @inline(never)
    func forwardBesideCache(
        _ request: HTTPServerRequest, _ body: OutgoingBody, _ active: ActiveRoute, _ path: RequestPath,
        _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        let reactor = reactor
        let side = side(active, exchange, on: reactor)
        if let side { exchange.upstream = side.upstream }
        let call = try call(exchange.upstream, request, exchange, timeout: active.route.timeout, on: reactor)
        var outgoing = outgoing(active, path, request, exchange)
        let course = course(request, body, active, exchange, &outgoing, on: reactor)
        if case .visit(let visit) = course {
            if try await serve(visit, &outgoing, call, active, request, response, exchange) { return }
        }
        defer { if case .visit(let visit) = course { visit.end() } }
        mirror(active, outgoing, body, request, exchange, on: reactor)
        do {
            try await relay(outgoing, body, call, request, response, exchange, course)
        } catch {
            side?.note(error)
            guard case .visit(let visit) = course, error is UpstreamFailure, !Task.isCancelled, !response.hasStarted,
                let outcome = visit.standIn()
            else { throw error }
            return try await relay(outcome, of: visit, request, response, exchange)
        }
        side?.note(exchange.upstreamTook, isError: response.status?.isServerError ?? true)
    }

    private func course(
        _ request: HTTPServerRequest, _ body: OutgoingBody, _ active: ActiveRoute, _ exchange: Exchange,
        _ outgoing: inout HTTPClientRequest, on reactor: Reactor
    ) -> CacheCourse {
        let key = CacheKey(
            isSecure: request.isSecure, authority: request.head.hostBytes ?? [], target: request.head.targetBytes)
        let changed = request.head.method.isSafe ? nil : key
        guard let policy = active.route.cache else { return .past(nil, changing: changed) }
        guard exchange.verdict.action == .allow else { return .past(.suspicious, changing: changed) }
        var isBodyless = false
        if case .none = body { isBodyless = true }
        let read = CacheRequest.read(request, outgoing.headers, isBodyless: isBodyless, active.route, policy)
        switch read {
        case .failure(let reason): return .past(reason, changing: changed)
        case .success(let asked):
            for name in CacheFields.cookies { outgoing.headers.remove(name) }
            let place = CachePlace(route: active.identity, upstream: exchange.upstream, isHead: asked.isHead)
            return .visit(CacheVisit(caches.lane(reactor), key, place, policy, asked, outgoing))
        }
    }

    // MARK: From the store

    /// Whether the request is answered without the upstream.
    private func serve(
        _ visit: CacheVisit, _ outgoing: inout HTTPClientRequest, _ call: UpstreamCall, _ active: ActiveRoute,
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws -> Bool {
        // Who waits in vain still has half of the time.
        let patience = Deadline.now + active.route.timeout / 2
        switch await visit.begin(until: min(patience, call.deadline)) {
        case .forward:
            visit.ask(&outgoing)
            return false
        case .serve(let stored, let status):
            try await relay(.answer(stored, status), of: visit, request, response, exchange)
        case .serveAndRefresh(let stored, let status):
            visit.ask(&outgoing)
            refresh(visit, outgoing, call, within: active.route.timeout)
            try await relay(.answer(stored, status), of: visit, request, response, exchange)
        case .unavailable:
            let problem = Problem(
                .gatewayTimeout, detail: "Only a stored answer was asked for, and there is none.",
                requestID: exchange.idText)
            let status = CacheStatus(detail: "only-if-cached")
            try await response.respond(
                problem, headers: ["X-Request-Id": exchange.idText, "Cache-Status": status.text])
        }
        return true
    }

    private func relay(
        _ outcome: CacheVisit.Outcome, of visit: CacheVisit, _ request: HTTPServerRequest,
        _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        switch outcome {
        case .answer(let stored, let status):
            try await answers.relay(visit.answer(stored, status), request, response, exchange)
        case .pass(let answer): try await answers.relay(answer, request, response, exchange)
        }
    }

    /// Nobody waits for it. As many are under way as the lane has fetches, and each ends with its deadline.
    private func refresh(
        _ visit: CacheVisit, _ outgoing: HTTPClientRequest, _ call: UpstreamCall, within timeout: Duration
    ) {
        let call = UpstreamCall(
            upstream: call.upstream, lane: call.lane, key: call.key, deadline: .after(timeout), log: call.log)
        reactor.run {
            defer { visit.end() }
            guard let answer = try? await call.send(outgoing, .none) else { return }
            defer { call.finish(answer) }
            do {
                if case .answer = try await visit.take(answer.response) { return }
            } catch {
                if case UpstreamFailure.brokeOff(let failure) = error { call.brokeOff(answer, failure) }
            }
            await answer.response.body.abandon()
        }
    }

    // MARK: From the upstream

    @inline(never)
    func relay(
        _ received: HTTPClientResponse, _ course: CacheCourse, _ request: HTTPServerRequest,
        _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        switch course {
        case .visit(let visit):
            try await relay(try await visit.take(received), of: visit, request, response, exchange)
        case .past(let reason, let changed):
            if let changed, (200..<400).contains(received.status.code) {
                await caches.invalidate([changed] + others(received, request), from: caches.lane(reactor))
            }
            var answer = UpstreamAnswer(received)
            if let reason { answer.headers.add(CacheStatus.field, status(reason).text) }
            try await answers.relay(answer, request, response, exchange)
        }
    }

    private func status(_ reason: CacheBypass) -> CacheStatus {
        metrics.cache.count(.bypass)
        return reason == .method ? CacheStatus(.method) : CacheStatus(.bypass, detail: reason.rawValue)
    }

    /// What the answer to an unsafe method names beside its target, of the same origin (RFC 9111 §4.4).
    private func others(_ answer: HTTPClientResponse, _ request: HTTPServerRequest) -> [CacheKey] {
        let authority = request.head.hostBytes ?? []
        let origin = Array("\(request.isSecure ? "https" : "http")://".utf8) + authority
        return ["location", "content-location"].compactMap { name in
            guard var target = answer.head.headers.valueBytes(of: name) else { return nil }
            if target.starts(with: origin) { target = target.dropFirst(origin.count) }
            guard target.first == UInt8(ascii: "/"), !target.starts(with: "//".utf8) else { return nil }
            return CacheKey(
                isSecure: request.isSecure, authority: authority, target: target.prefix { $0 != UInt8(ascii: "#") })
        }
    }
}
