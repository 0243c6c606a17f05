internal import Testing

@testable import Database

@Suite struct StatementCacheTests {
    private func key(_ text: String, _ parameters: [SQLValue] = []) -> StatementCache.Key {
        StatementCache.Key(Statement(SQL(trusted: text), parameters))
    }

    @Test("the least recently used statement makes room, and is named for closing until the server closed it")
    func eviction() {
        var cache = StatementCache(capacity: 2)
        cache.prepared(key("a"), as: "s1")
        cache.prepared(key("b"), as: "s2")
        #expect(cache.name(for: key("a")) == "s1")
        cache.prepared(key("c"), as: "s3")
        #expect(cache.name(for: key("b")) == nil)
        #expect(cache.namesToClose == ["s2"])
        cache.closed("s2")
        #expect(cache.namesToClose.isEmpty)
        #expect(cache.count == 2)
    }

    @Test("the same text with other types is another statement")
    func types() {
        var cache = StatementCache(capacity: 8)
        cache.prepared(key("a", [1]), as: "s1")
        #expect(cache.name(for: key("a", [2])) == "s1")
        #expect(cache.name(for: key("a", ["x"])) == nil)
    }
}

@Suite struct ServerMessageTests {
    @Test(
        "the reason of a failed connection is taken out of libpq's text",
        arguments: [
            (
                "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01: password authentication failed for user \"x\"\nLOCATION:  auth_failed\n",
                "28P01", "password authentication failed for user \"x\""
            ),
            ("FATAL:  57P03: the database system is starting up\n", "57P03", "the database system is starting up"),
            (
                "connection to server at \"::1\", port 1 failed: Connection refused\n\tIs the server running?\n", nil,
                "connection to server at \"::1\", port 1 failed: Connection refused"
            ),
            ("", nil, "no reason given"),
        ] as [(String, String?, String)])
    func parsing(message: String, sqlState: String?, text: String) {
        let parsed = ServerMessage(message)
        #expect(parsed.sqlState == sqlState)
        #expect(parsed.text == text)
    }
}
