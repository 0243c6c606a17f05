/// Which requests a stored answer is for: those whose named fields say the same (RFC 9111 §4.1).
package struct VarySelection: Sendable, Equatable {
    /// Lower case, in order, each once.
    package let names: [String]
    private let values: [String?]

    /// - Parameter value: all values of a field of the request, joined by commas; nil where it has none.
    package init(_ names: [String], of value: (String) -> String?) {
        self.names = Set(names).sorted()
        values = self.names.map(value)
    }

    package func takes(_ value: (String) -> String?) -> Bool {
        for (name, stored) in zip(names, values) where value(name) != stored { return false }
        return true
    }

    /// What selects an answer: what it names, what the route and the cache itself key on, and for compressed content what
    /// the client accepts, because servers forget to say so.
    package static func names(vary: [String], isEncoded: Bool, _ policy: CachePolicy) -> [String] {
        vary + policy.keyFields + CacheFields.alwaysKeyed + (isEncoded ? ["accept-encoding"] : [])
    }
}
