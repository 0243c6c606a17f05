import HTTP

/// A route's redirect or fixed answer.
enum OwnAnswer {
    static func respond(
        _ answer: RouteAnswer, _ request: HTTPServerRequest, _ response: HTTPResponseWriter, _ exchange: Exchange,
        _ active: ActiveRoute, _ path: RequestPath
    ) async throws {
        var headers: HTTPHeaders = ["X-Request-Id": exchange.idText]
        if let rate = exchange.rate { headers.add(rate) }
        switch answer {
        case .redirect(let status, let template):
            let source = PathTemplate.Source(
                path: path, query: query(request.head), host: request.head.host ?? exchange.host,
                isSecure: request.isSecure)
            headers.add("Location", String(decoding: template.fillTarget(source, of: active.route.path), as: UTF8.self))
            headers.apply(active.route, isSecure: request.isSecure)
            try await response.respond(HTTPStatus(status), headers: headers)
        case .fixed(let status, let contentType, let body):
            if !body.isEmpty { headers.add("Content-Type", contentType) }
            headers.apply(active.route, isSecure: request.isSecure)
            try await response.respond(HTTPStatus(status), headers: headers, body: body)
        }
    }

    /// With its question mark; empty without one.
    static func query(_ head: HTTPRequestHead) -> ArraySlice<UInt8> {
        head.targetBytes.drop { $0 != UInt8(ascii: "?") }
    }
}
