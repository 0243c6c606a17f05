import Core
import HTTP

/// Who a request comes from: a bearer token, or the live page's cookie.
enum CallerCredential {
    static let cookie = "infinite_session"

    enum Source: Sendable { case header, cookie }

    static func token(of head: HTTPRequestHead) -> (text: String, source: Source)? {
        if let value = head.headers["authorization"], value.utf8.count > 7, value.prefix(7).lowercased() == "bearer " {
            return (String(value.dropFirst(7)), .header)
        }
        for field in head.headers.values(of: "cookie") {
            for pair in field.split(separator: ";") {
                let trimmed = pair.drop { $0 == " " }
                if trimmed.hasPrefix("\(cookie)=") { return (String(trimmed.dropFirst(cookie.count + 1)), .cookie) }
            }
        }
        return nil
    }

    /// A cookie is sent by the browser whoever asked for it: what changes something must come from our own page.
    static func isForged(_ head: HTTPRequestHead) -> Bool {
        guard !head.method.isSafe else { return false }
        if let site = head.headers["sec-fetch-site"] { return site != "same-origin" }
        guard let origin = head.headers["origin"] else { return true }
        return !["http://", "https://"].contains { origin == $0 + (head.host ?? "") }
    }
}

extension RequestLane {
    /// The verified caller, noted in the exchange; throws what to tell whoever has no valid token.
    func caller(of request: HTTPServerRequest, _ exchange: Exchange) throws -> AccessToken {
        guard let (text, source) = CallerCredential.token(of: request.head) else {
            throw Failure(
                .unauthenticated, "This needs a token; get one at /v1/auth/token and send it as a bearer token.")
        }
        if source == .cookie && CallerCredential.isForged(request.head) {
            throw Failure(
                .forbidden, "A request that changes something with the page's cookie has to come from the page.")
        }
        let token = try verify(text, now: .now)
        exchange.caller = token
        return token
    }
}
