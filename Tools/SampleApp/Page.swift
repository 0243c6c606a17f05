internal import Core

/// The shop's pages. Every text from outside is escaped.
enum Page {
    static func front() -> [UInt8] { page("The corner shop", list(Catalogue.items) + searchForm) }

    static func item(_ item: Item) -> [UInt8] {
        page(
            item.name,
            """
            <p>\(HTMLText.escaped(item.about))</p><p><strong>\(item.price)</strong></p>
            <form method="post" action="/cart"><input type="hidden" name="item" value="\(item.number)">
            <button>Put into the cart</button></form>
            """)
    }

    static func search(_ words: String, _ found: [Item]) -> [UInt8] {
        let result = found.isEmpty ? "<p>Nothing fits.</p>" : list(found)
        return page("Results for “\(words)”", result + searchForm)
    }

    static func login(message: String) -> [UInt8] {
        page(
            "Sign in",
            """
            <p>\(HTMLText.escaped(message))</p><form method="post" action="/login">
            <input name="user" placeholder="Name"> <input name="password" type="password" placeholder="Password">
            <button>Sign in</button></form>
            """)
    }

    static func notice(_ title: String, _ text: String) -> [UInt8] { page(title, "<p>\(HTMLText.escaped(text))</p>") }

    private static let searchForm = """
        <form action="/search"><input name="q" placeholder="What are you looking for?"> <button>Search</button></form>
        """

    private static func list(_ items: [Item]) -> String {
        "<ul>"
            + items.map { item in
                "<li><a href=\"/items/\(item.number)\">\(HTMLText.escaped(item.name))</a> \(item.price)</li>"
            }.joined()
            + "</ul>"
    }

    private static func page(_ title: String, _ content: String) -> [UInt8] {
        Array(
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(HTMLText.escaped(title))</title></head>
            <body><h1>\(HTMLText.escaped(title))</h1>
            \(content)
            <p><a href="/">Shop</a> · <a href="/login">Sign in</a></p></body></html>

            """.utf8)
    }
}
