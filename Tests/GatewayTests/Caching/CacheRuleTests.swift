import Core
import Testing

@testable import gateway

/// The rules of RFC 9111, one test for each section that a shared cache has to keep.
@Suite struct CacheRuleTests {
    private static let now: Int64 = 784_111_777

    private func answer(
        _ control: String? = nil, status: Int = 200, _ change: (inout CacheAnswer) -> Void = { _ in }
    ) -> CacheAnswer {
        var answer = CacheAnswer()
        answer.status = status
        answer.directives = CacheDirectives(control.map { [$0] } ?? [])
        answer.date = Self.now
        change(&answer)
        return answer
    }

    private func request(_ control: String = "", authorized: Bool = false) -> CacheRequest {
        var request = CacheRequest()
        request.directives = CacheDirectives(control.isEmpty ? [] : [control])
        request.hasAuthorization = authorized
        return request
    }

    private func lifetime(
        _ answer: CacheAnswer, to request: CacheRequest = CacheRequest(), _ policy: CachePolicy = CachePolicy(),
        delay: Int = 0
    ) -> CachedLifetime? {
        CachedLifetime(storing: answer, to: request, policy, received: Self.now, delay: delay)
    }

    // MARK: §3 Storing

    @Test(arguments: [
        ("max-age=60", true), ("s-maxage=60", true), ("public, max-age=60", true), ("MAX-AGE = 60", true),
        ("no-store", false), ("no-store, max-age=60", false), ("private, max-age=60", false),
        ("private=\"set-cookie\", max-age=60", false), ("max-age=60, No-Store", false), ("max-age=0", false),
        ("no-cache", false), ("public", false), ("", false), ("max-age", false), ("max-age=x", false),
        ("max-age=-1", false), ("max-age=60, max-age=0", false), ("x=\"no-store\", max-age=60", true),
        ("x=\"a, no-store\", max-age=60", true), ("max-age=\"60\"", true), ("must-revalidate, max-age=1", true),
    ]) func `RFC 9111 §3: what the answer's Cache-Control lets be stored`(control: String, isStored: Bool) {
        #expect((lifetime(answer(control)) != nil) == isStored)
    }

    @Test(arguments: [
        (200, true), (203, true), (204, true), (206, false), (301, true), (302, true), (304, false), (307, true),
        (308, true), (400, false), (401, false), (403, false), (404, true), (405, false), (410, true), (414, false),
        (429, false), (500, false), (501, false), (502, false), (503, false),
    ]) func `RFC 9111 §3: errors that one client can provoke are not every client's`(status: Int, isStored: Bool) {
        #expect((lifetime(answer("max-age=60", status: status)) != nil) == isStored)
    }

    @Test func `RFC 9111 §3, §3.3, §7.3: what is never stored`() {
        #expect(lifetime(answer("public, max-age=60") { $0.setsCookies = true }) == nil)
        #expect(lifetime(answer("max-age=60") { $0.vary = ["accept", "*"] }) == nil)
        #expect(lifetime(answer("max-age=60") { $0.hasRange = true }) == nil)
        #expect(lifetime(answer("max-age=60") { $0.hasKnownEnd = false }) == nil)
        #expect(lifetime(answer("max-age=60") { $0.isEventStream = true }) == nil)
        #expect(lifetime(answer("max-age=60"), to: request("no-store")) == nil)
    }

    @Test(arguments: [
        ("max-age=60", false), ("max-age=60, public", true), ("s-maxage=60", true),
        ("max-age=60, must-revalidate", true),
        ("max-age=60, proxy-revalidate", true),
    ]) func `RFC 9111 §3.5: an answer to a request with Authorization is stored only when it says it may`(
        control: String, isStored: Bool
    ) {
        #expect((lifetime(answer(control), to: request(authorized: true)) != nil) == isStored)
        #expect(lifetime(answer(control))?.isForAuthorized == isStored)
    }

    // MARK: §4.2 Freshness

    /// Cache-Control, Expires after Date, the lifetime
    @Test(
        arguments: [
            ("max-age=60", nil, 60), ("s-maxage=5, max-age=60", nil, 5), ("max-age=60", 600, 60), (nil, 600, 600),
            (nil, -5, nil), ("max-age=60, max-age=30", nil, 30), ("max-age=99999999999999999999", nil, 1 << 31),
            ("s-maxage=0, max-age=60", nil, nil),
        ] as [(String?, Int64?, Int?)])
    func `RFC 9111 §4.2.1: s-maxage before max-age before Expires`(control: String?, expires: Int64?, expected: Int?) {
        let found = lifetime(answer(control) { $0.expires = expires.map { .at(Self.now + $0) } })
        #expect(found?.freshFor == expected)
    }

    @Test func `RFC 9111 §4.2.2: nothing is guessed unless the route says how long`() {
        #expect(lifetime(answer { $0.hasValidator = true }) == nil)
        var policy = CachePolicy()
        policy.freshFor = .seconds(30)
        #expect(lifetime(answer(), to: request(), policy)?.freshFor == 30)
        #expect(lifetime(answer(status: 302), to: request(), policy) == nil)
        #expect(lifetime(answer(status: 404), to: request(), policy) == nil)
        #expect(lifetime(answer("private"), to: request(), policy) == nil)
        #expect(lifetime(answer { $0.expires = .unreadable }, to: request(), policy) == nil)
    }

    /// Date before now, Age, delay, the age it has when it comes
    @Test(
        arguments: [(0, nil, 0, 0), (10, nil, 0, 10), (10, 5, 0, 10), (10, 20, 3, 23), (-50, nil, 2, 2), (0, 7, 1, 8)]
            as [(Int64, Int?, Int, Int)])
    func `RFC 9111 §4.2.3: an answer is as old as the older of what Date and Age say`(
        before: Int64, age: Int?, delay: Int, expected: Int
    ) {
        let answer = answer("max-age=1000") { ($0.date, $0.age) = (Self.now - before, age) }
        #expect(lifetime(answer, delay: delay)?.initialAge == expected)
    }

    @Test func `RFC 9111 §4.2: what is too old when it comes is stored only to be asked about`() {
        let old = answer("max-age=60") { $0.age = 100 }
        #expect(lifetime(old) == nil)
        var tagged = old
        tagged.hasValidator = true
        #expect(lifetime(tagged)?.reuse(for: request(), resident: 0) == .validate)
    }

    // MARK: §4, §5.2.1 Reuse

    /// The answer's Cache-Control (its age is 100 when it comes), seconds in store, the request's, what becomes of it
    @Test(
        arguments: [
            ("max-age=200", 0, "", .fresh), ("max-age=200", 99, "", .fresh), ("max-age=200", 100, "", .validate),
            ("max-age=200", 0, "no-cache", .validate), ("max-age=200", 0, "max-age=99", .validate),
            ("max-age=200", 0, "max-age=100", .fresh), ("max-age=200", 0, "min-fresh=101", .validate),
            ("max-age=200", 0, "min-fresh=100", .fresh), ("max-age=200", 110, "max-stale", .stale),
            ("max-age=200", 110, "max-stale=9", .validate), ("max-age=200", 110, "max-stale=10", .stale),
            ("max-age=200, must-revalidate", 110, "max-stale", .validate),
            ("s-maxage=200", 110, "max-stale", .validate), ("no-cache, max-age=200", 0, "", .validate),
            ("no-cache, max-age=200", 0, "max-stale", .validate),
            ("max-age=200, stale-while-revalidate=10", 110, "", .staleWhileRevalidating),
            ("max-age=200, stale-while-revalidate=10", 111, "", .validate),
            ("max-age=200, stale-while-revalidate=10, must-revalidate", 105, "", .validate),
            ("max-age=200, stale-while-revalidate=10", 105, "no-cache", .validate),
            ("max-age=200, stale-while-revalidate=10", 105, "max-age=50", .validate),
            ("max-age=200, stale-while-revalidate=10", 105, "min-fresh=1", .validate),
        ] as [(String, Int, String, CacheReuse)])
    func `RFC 9111 §4.2.4, §5.2.1, RFC 5861 §3: fresh, stale or to be asked about`(
        control: String, resident: Int, asked: String, expected: CacheReuse
    ) {
        let found = lifetime(
            answer(control) {
                $0.age = 100
                $0.hasValidator = true
            })
        #expect(found?.reuse(for: request(asked), resident: resident) == expected)
    }

    @Test(arguments: [
        ("max-age=10, stale-if-error=5", 15, true), ("max-age=10, stale-if-error=5", 16, false),
        ("max-age=10, stale-if-error=5, must-revalidate", 11, false), ("s-maxage=10, stale-if-error=5", 11, false),
        ("max-age=10", 11, true), ("max-age=10", 41, false), ("max-age=10, stale-if-error=0", 11, false),
    ]) func `RFC 5861 §4: what stands in for an error, the answer's word before the route's`(
        control: String, resident: Int, expected: Bool
    ) {
        var policy = CachePolicy()
        policy.staleIfError = .seconds(30)
        let found = lifetime(answer(control), to: request(), policy)
        #expect(found?.standsInForErrors(resident: resident) == expected)
    }

    @Test func `RFC 9111 §5.4: Pragma counts where there is no Cache-Control`() {
        #expect(CacheDirectives([], pragma: ["no-cache"]).noCache)
        #expect(!CacheDirectives(["max-age=0"], pragma: ["no-cache"]).noCache)
    }

    // MARK: §4.1, §4.3.2

    @Test func `RFC 9111 §4.1: an answer is for requests whose named fields say the same`() {
        let fields = ["accept-language": "de", "x-tenant": "a"]
        var policy = CachePolicy()
        policy.keyFields = ["x-tenant"]
        let names = VarySelection.names(vary: ["accept-language"], isEncoded: false, policy)
        let selection = VarySelection(names) { fields[$0] }
        #expect(selection.takes { fields[$0] })
        #expect(!selection.takes { $0 == "x-tenant" ? "a" : nil })
        #expect(!selection.takes { ["accept-language": "de", "x-tenant": "b"][$0] })
        #expect(!selection.takes { $0 == "origin" ? "https://other.example" : fields[$0] }, "whatever Vary says")
        #expect(VarySelection.names(vary: [], isEncoded: true, CachePolicy()).contains("accept-encoding"))
    }

    /// If-None-Match, If-Modified-Since, ETag, Last-Modified; the dates are numbers here
    @Test(
        arguments: [
            ("\"a\"", nil, "\"a\"", nil, true), ("\"b\", W/\"a\"", nil, "\"a\"", nil, true),
            ("\"a\"", nil, "W/\"a\"", nil, true), ("*", nil, "\"a\"", nil, true), ("\"b\"", nil, "\"a\"", nil, false),
            ("\"b\"", "9", "\"a\"", "5", false), (nil, "5", nil, "5", true), (nil, "4", nil, "5", false),
            (nil, "x", nil, "5", false), (nil, "5", "\"a\"", nil, false), (nil, nil, "\"a\"", "5", false),
        ] as [(String?, String?, String?, String?, Bool)])
    func `RFC 9111 §4.3.2: whether the client has it already`(
        noneMatch: String?, since: String?, tag: String?, modified: String?, expected: Bool
    ) {
        var asked = CacheRequest()
        (asked.noneMatch, asked.modifiedSince) = (noneMatch, since)
        #expect(asked.holds(tag: tag.map { EntityTag($0) }, modified: modified) { Int64($0) } == expected)
    }

    @Test func `RFC 9211 §2: the status says what the cache did`() {
        #expect(CacheStatus(freshness: 30).text == "infinite; hit; ttl=30")
        var status = CacheStatus(.stale)
        (status.forwardStatus, status.isStored, status.isCollapsed) = (304, true, true)
        #expect(status.text == "infinite; fwd=stale; fwd-status=304; stored; collapsed")
        #expect(CacheStatus(.bypass, detail: "cookie").text == "infinite; fwd=bypass; detail=cookie")
    }
}
