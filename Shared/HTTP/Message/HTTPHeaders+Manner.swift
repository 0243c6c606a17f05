internal import Core

extension HTTPHeaders {
    /// What comes and goes from one request of a program to its next, or is added on the way.
    private static let passing: HTTPFieldNames = [
        "authorization", "cache-control", "content-encoding", "content-length", "content-type", "cookie", "expect",
        "forwarded", "if-modified-since", "if-none-match", "origin", "pragma", "range", "referer", "te", "traceparent",
        "tracestate", "trailer", "transfer-encoding", "upgrade", "x-forwarded-for", "x-forwarded-host",
        "x-forwarded-port", "x-forwarded-proto", "x-real-ip", "x-request-id",
    ]

    /// Which fields a program sends, in which order and spelling, whatever they say: of the names that it sends with
    /// every request. A few steps for each field; nothing is allocated.
    package var namesFingerprint: UInt64 {
        var hash = KeyHash()
        let all = bytes.span
        for field in fields where !Self.passing.contains(field, in: all) {
            hash.add(word: UInt64(field.nameLength))
            hash.add(all.extracting(field.name))
        }
        // Zero is for who has none.
        return hash.mixed | 1
    }
}

extension KeyHash {
    fileprivate mutating func add(_ bytes: Span<UInt8>) {
        var index = 0
        var word: UInt64 = 0
        while index < bytes.count {
            word = word << 8 | UInt64(bytes[index])
            index &+= 1
            guard index & 7 == 0 else { continue }
            add(word: word)
            word = 0
        }
        add(word: word)
    }
}
