import Core
import HTTP

/// A decision that asks for a stronger sign-in: met by whoever signed in after it was made, and by nothing else.
///
/// A token says when its session began (a session's identifier holds its time), so a refreshed token of an older session
/// does not meet it. A browser, whose session cookie upstreams never see, gets a pass for the decision when it signs in.
struct StepUpGate: Sendable {
    let challenges: ChallengeGate
    /// Where browsers sign in: a path of this site, or a whole address.
    let signInPage: String

    static func scope(of decision: Enforcement) -> String { "sign-in:\(decision.decision)" }

    func isMet(_ decision: Enforcement, _ request: HTTPServerRequest, _ exchange: Exchange, _ lane: RequestLane)
        -> Bool
    {
        if challenges.hasPassed(request, exchange, scope: Self.scope(of: decision), purpose: .signIn) { return true }
        guard let caller = exchange.caller ?? (try? lane.caller(of: request, exchange)),
            let session = caller.session, session.timestamp > decision.decision.timestamp
        else { return false }
        if case .account(let name) = decision.subject { return name == caller.user.description }
        return true
    }

    func ask(
        _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange
    ) async throws {
        var headers: HTTPHeaders = ["X-Request-Id": exchange.idText, "Cache-Control": "no-store"]
        if request.head.headers["accept"]?.contains("text/html") == true {
            headers.add("Location", signInPage + "?return=" + Self.back(request))
            return try await response.respond(.seeOther, headers: headers)
        }
        // RFC 9470 §3.
        headers.add(
            "WWW-Authenticate",
            #"Bearer error="insufficient_user_authentication", error_description="Sign in again", max_age="0""#)
        let detail =
            "Something unusual was seen, so this needs a new sign-in: get a token by signing in again (a refreshed one does "
            + "not count) and repeat the request with it."
        try await response.respond(Problem(.unauthorized, detail: detail, requestID: exchange.idText), headers: headers)
    }

    /// What the sign-in page leads back to, as a value of a query.
    private static func back(_ request: HTTPServerRequest) -> String {
        guard request.head.method.isSafe else { return "%2F" }
        return PercentEncoding.encode(request.head.targetBytes.prefix(2_048))
    }
}
