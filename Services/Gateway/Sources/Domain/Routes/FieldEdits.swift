/// What a route does to header fields, in this order: remove, set, add.
package struct FieldEdits: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    package var removed: [String] = []
    package var set: [Field] = []
    package var added: [Field] = []

    package init() {}

    package var isEmpty: Bool { removed.isEmpty && set.isEmpty && added.isEmpty }
}

/// Fields that no route may touch: they frame the message, belong to one connection, or are the gateway's own word.
package enum ReservedFields {
    private static let framing: Set<String> = [
        "connection", "content-length", "host", "http2-settings", "keep-alive", "proxy-authenticate",
        "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "content-encoding", "date",
    ]
    private static let ours: Set<String> = [
        "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip",
        "x-request-id", "traceparent", "tracestate", "x-client-certificate-subject", "x-client-certificate-sha256",
    ]

    package static func contains(_ name: String) -> Bool {
        let name = name.lowercased()
        return framing.contains(name) || ours.contains(name) || name.hasPrefix("infinite-") || name.hasPrefix(":")
    }
}
