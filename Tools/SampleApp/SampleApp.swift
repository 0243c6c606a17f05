/// A small shop to protect: pages, a search that shows what was searched, a sign-in that always fails, a form to post to
/// and an API. It is an upstream to try the gateway with, not part of the product, and keeps nothing.
internal import HTTP

enum SampleApp {
    private static let formLimitBytes = 64 << 10
    private static let html: HTTPHeaders = ["Content-Type": "text/html; charset=utf-8"]
    private static let json: HTTPHeaders = ["Content-Type": "application/json"]

    static func routes() -> HTTPRouter {
        let router = HTTPRouter()
        router.add(.get, "/") { _, response in
            try await response.respond(.ok, headers: html, body: Page.front())
        }
        router.add(.get, "/items/{number}") { routed, response in
            guard let item = Catalogue.item(routed.parameters["number"] ?? "") else {
                return try await respondNotFound(response)
            }
            try await response.respond(.ok, headers: html, body: Page.item(item))
        }
        router.add(.get, "/search") { routed, response in
            let words = value("q", of: routed.request.head.query ?? "") ?? ""
            try await response.respond(.ok, headers: html, body: Page.search(words, Catalogue.search(words)))
        }
        router.add(.get, "/healthz") { _, response in try await response.respond(.ok, text: "ok\n") }
        addForms(to: router)
        addAPI(to: router)
        return router
    }

    private static func addForms(to router: HTTPRouter) {
        router.add(.get, "/login") { _, response in
            try await response.respond(.ok, headers: html, body: Page.login(message: ""))
        }
        router.add(.post, "/login") { routed, response in
            _ = try await routed.request.body.collect(upTo: formLimitBytes)
            let page = Page.login(message: "This name and password do not fit together.")
            try await response.respond(.unauthorized, headers: html, body: page)
        }
        router.add(.post, "/cart") { routed, response in
            let form = try await routed.request.body.collect(upTo: formLimitBytes)
            guard let item = Catalogue.item(value("item", of: String(decoding: form, as: UTF8.self)) ?? "") else {
                return try await respondNotFound(response)
            }
            try await response.respond(.ok, headers: html, body: Page.notice("Your cart", "\(item.name) is in it."))
        }
    }

    private static func addAPI(to router: HTTPRouter) {
        router.add(.get, "/api/items") { _, response in
            let items = Catalogue.items.map { #"{"number":\#($0.number),"name":"\#($0.name)","price":"\#($0.price)"}"# }
            try await response.respond(.ok, headers: json, body: Array("[\(items.joined(separator: ","))]\n".utf8))
        }
        // What arrived, as the upstream saw it: for looking at what the gateway forwards.
        router.add(.get, "/api/echo") { routed, response in
            let head = routed.request.head
            var text = "\(head.method) \(head.target)\n"
            for index in 0..<head.headers.count {
                text += "\(head.headers.name(at: index)): \(head.headers.value(at: index))\n"
            }
            try await response.respond(.ok, text: text)
        }
        router.add(.post, "/api/echo") { routed, response in
            let body = try await routed.request.body.collect(upTo: 1 << 20)
            try await response.respond(.ok, headers: ["Content-Type": "application/octet-stream"], body: body)
        }
    }

    private static func value(_ name: String, of pairs: String) -> String? {
        PercentEncoding.query(pairs)?.first { $0.name == name }?.value
    }

    private static func respondNotFound(_ response: HTTPResponseWriter) async throws {
        let page = Page.notice("Not here", "The shop has no such page.")
        try await response.respond(.notFound, headers: html, body: page)
    }
}
