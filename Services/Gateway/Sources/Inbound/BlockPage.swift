import HTTP

/// What a stopped client sees: a page for people, a problem document for programs, both with the request's identifier.
enum BlockPage {
    /// Nothing is loaded from anywhere, so nothing may be.
    private static let policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

    static func respond(
        _ status: HTTPStatus, _ detail: String, to request: HTTPServerRequest, _ response: HTTPResponseWriter,
        requestID: String
    ) async throws {
        var headers: HTTPHeaders = [
            "X-Request-Id": requestID, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
        ]
        guard wantsPage(request.head.headers) else {
            return try await response.respond(Problem(status, detail: detail, requestID: requestID), headers: headers)
        }
        headers.add("Content-Type", "text/html; charset=utf-8")
        headers.add("Content-Security-Policy", policy)
        try await response.respond(status, headers: headers, body: Array(page(status, detail, requestID).utf8))
    }

    private static func wantsPage(_ headers: HTTPHeaders) -> Bool {
        headers["accept"]?.contains("text/html") ?? false
    }

    /// All three texts are the gateway's own; nothing of the request stands in the page.
    private static func page(_ status: HTTPStatus, _ detail: String, _ requestID: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>\(status.code) \(status.reason)</title></head>
        <body>
        <h1>This request was stopped</h1>
        <p>\(detail)</p>
        <p>If you think this is a mistake, tell the site's operator this number: <code>\(requestID)</code></p>
        </body></html>

        """
    }
}
